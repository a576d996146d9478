/** Lists of a sidecar whose pages end before they are full: each looked at as many rows as a page may. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { cli, type CliRun } from './run-cli.ts';

const HOLD = {
  id: 'hold_1',
  state: 'settled',
  inDoubt: false,
  waitsForOperator: false,
  credits: 10,
  settledCredits: 10,
  operation: 'text-to-video',
  app: 'web',
  taskId: '871',
  externalTaskId: null,
  createdAt: '2026-11-28T10:00:00.000Z',
  lookUps: 0,
};
/** By cursor: two pages without a match, one with the match, and one more without. */
const PAGES: Record<string, { holds: object[]; nextCursor: string | null }> = {
  '': { holds: [], nextCursor: 'hold_9' },
  hold_9: { holds: [], nextCursor: 'hold_8' },
  hold_8: { holds: [HOLD], nextCursor: 'hold_7' },
  hold_7: { holds: [], nextCursor: null },
};

let server: Server;
beforeEach(async () => {
  server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://localhost');
    const isHealth = url.pathname === '/livez';
    const body = isHealth ? { status: 'ok' } : PAGES[url.searchParams.get('cursor') ?? ''];
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify(body));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterEach(() => void server.close());

function list(...args: string[]): Promise<CliRun> {
  const { port } = server.address() as AddressInfo;
  const env = { KLING_SIDECAR__CONTROL__PORT: String(port) };
  return cli(['holds', 'list', '--tag', 'rare', ...args], { env, cwd: '/' });
}

it('goes on over pages without a match, in every format', async () => {
  const json = JSON.parse((await list('--json')).out) as { holds: { id: string }[] };
  expect(json.holds.map(({ id }) => id)).toEqual(['hold_1']);
  const csv = (await list('--format', 'csv')).out.trim().split('\r\n');
  expect(csv).toHaveLength(2);
  expect(csv[0]).toContain('lookUps');
  const table = (await list()).out;
  expect(table).toContain('hold_1');
  expect(table).not.toContain('No holds.');
});
