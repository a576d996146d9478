/** What axe-core finds on a page: whether everybody can read and use it. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Page } from 'playwright-core';

const AXE = createRequire(import.meta.url).resolve('axe-core/axe.min.js');

interface Violation {
  id: string;
  nodes: { html: string; failureSummary: string }[];
}

/** Gives the violations, each with its rule, its first place and what is wrong there; none is an empty list. */
export async function violationsOf(page: Page): Promise<unknown[]> {
  // As developer tools run it: the page's policy lets no script of another source run.
  const session = await page.context().newCDPSession(page);
  await session.send('Runtime.evaluate', { expression: readFileSync(AXE, 'utf8') });
  const { result } = await session.send('Runtime.evaluate', {
    expression: 'axe.run().then(({ violations }) => JSON.stringify(violations))',
    awaitPromise: true,
  });
  const violations = JSON.parse(String(result.value)) as Violation[];
  return violations.map(({ id, nodes }) => [id, nodes[0]?.html, nodes[0]?.failureSummary]);
}
