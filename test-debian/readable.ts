/** The looks in which a page is looked at, and what axe-core finds on it: whether everybody can read and use it. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { BrowserContextOptions, Page } from 'playwright-core';

const AXE = createRequire(import.meta.url).resolve('axe-core/axe.min.js');

type Look = readonly [name: string, options: BrowserContextOptions];
const size = (width: number, height: number): BrowserContextOptions => ({ viewport: { width, height } });
const english = { locale: 'en-GB' };
const chinese = { locale: 'zh-CN' };
const light = { colorScheme: 'light' } as const;
const dark = { colorScheme: 'dark' } as const;

/** Looks that every run sees: from 390 to 1920 px wide. */
const USUAL_LOOKS: readonly Look[] = [
  ['light-1440', { ...size(1440, 1000), ...light, ...english }],
  ['dark-390', { ...size(390, 844), ...dark, ...chinese }],
  ['dark-1920', { ...size(1920, 1080), ...dark, ...english }],
];
/** More of them, for pictures. */
const OTHER_LOOKS: readonly Look[] = [
  ['light-390', { ...size(390, 844), ...light, ...english }],
  ['dark-1440', { ...size(1440, 1000), ...dark, ...chinese }],
  ['light-1920', { ...size(1920, 1080), ...light, ...chinese }],
];

/** The folder for pictures, if they are kept. */
export const PICTURES = process.env['PAGE_PICTURES'];
export const LOOKS = PICTURES === undefined ? USUAL_LOOKS : [...USUAL_LOOKS, ...OTHER_LOOKS];

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
