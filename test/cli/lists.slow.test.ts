import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import Database from 'better-sqlite3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { textWidth } from '../../src/cli/text-width.ts';
import { startApp } from '../app/start-app.ts';
import { cli, type CliRun } from './run-cli.ts';

const ROWS = 1_234;
const START = Date.UTC(2026, 9, 20);

/** Rows of every list, a minute apart, with names and prompts as wide as they come. */
const FILL = `
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${ROWS})
INSERT INTO creates (id, request_id, at, app, tag, path, route, operation, model, mode, product, duration_seconds,
  credits, basis, weight, external_task_id, prompt_hash, prompt_preview, counters, state, settled_credits,
  end_credits, end_basis, ended_at, task_id, task_state, task_source, task_created_at, task_seen_at, task_updated_at)
SELECT printf('hold_%026d', i), printf('req_%026d', i), ${START} + i * 60000, 'studio-' || (i % 7), 'spring', '/v1/videos/x',
  '/v1/videos/multi-image2video', 'multi-image-to-video', 'kling-v2-5-turbo', 'std', 'video', '10', 35000, 'exact', 1,
  printf('ks_%026d', i), 'h', '一只戴着帽子的猫在红色屋顶上奔跑 🐈 and then it jumps over the river', '', 'settled', 35000,
  35000, 'estimate', ${START} + i * 60000 + 1, printf('8%018d', i), 'succeeded', 'create', ${START} + i * 60000,
  ${START} + i * 60000, ${START} + i * 60000
FROM n;
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${ROWS})
INSERT INTO journal (at, id, request_id, app, method, route, host, status, attempt, outcome, duration_ms, overhead_ms,
  bytes_sent, bytes_received, origin, task_id)
SELECT ${START} + i * 60000, printf('call_%026d', i), 'r', 'studio', 'POST', '/v1/general/advanced-presets-elements',
  'api', 200, 1, 'server_error', 1234.5, 1.25, 10, 10, 'app', printf('8%018d', i)
FROM n;
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${ROWS})
INSERT INTO refusals (id, request_id, at, app, method, route, status, word, message, credits, would_only)
SELECT printf('refusal_%026d', i), 'r', ${START} + i * 60000, 'studio', 'POST', '/v1/videos/multi-image2video', 403,
  'budget_exceeded', 'The budget 每日预算 has 10 of 1000 credits left and this create needs 35; it resets at midnight.',
  35000, 0
FROM n;
DELETE FROM audit;
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${ROWS})
INSERT INTO audit (id, at, actor, action, subject, reason)
SELECT printf('audit_%026d', i), ${START} + i * 60000, 'cli', 'budget.raise', 'daily', 'launch day' FROM n;
`;

let cwd = '';
beforeAll(async () => {
  cwd = await mkdtemp(path.join(tmpdir(), 'kling-lists-'));
  const app = await startApp({
    folder: cwd,
    config: {
      budgets: [
        { name: 'daily', credits: 3000, timeZone: 'Asia/Shanghai' },
        { name: 'a-budget-with-a-long-name', usd: 800, window: 'month', timeZone: 'Asia/Shanghai' },
      ],
    },
  });
  await app.stop({ keep: true });
  const db = new Database(path.join(cwd, 'data/sidecar.db'));
  db.exec(FILL);
  db.close();
});
afterAll(() => rm(cwd, { recursive: true, force: true }));

const LISTS: readonly (readonly [args: string[], field: string])[] = [
  [['usage'], 'rows'],
  [['tasks'], 'tasks'],
  [['holds', 'list'], 'holds'],
  [['calls', 'list'], 'calls'],
  [['calls', 'list', '--kind', 'refused'], 'calls'],
  [['audit'], 'audit'],
];
interface Page {
  rows: object[];
  nextCursor: string | null;
}

const linesOf = ({ out }: CliRun): string[] => out.trimEnd().split('\n');
const run = (args: readonly string[], more = {}): Promise<CliRun> => cli(args, { cwd, ...more });

describe('a list', () => {
  it.each(LISTS)(
    '%j holds every row for programs, page by page; a table says what it leaves out',
    async (args, field) => {
      let largest = 0;
      const onOut = (text: string): void => void (largest = Math.max(largest, text.length));
      const json = await run([...args, '--json'], { onOut });
      const parsed = JSON.parse(json.out) as Record<string, unknown[]>;
      expect(parsed[field]).toHaveLength(ROWS);
      expect(parsed['nextCursor']).toBeNull();
      expect(largest).toBeLessThan(json.out.length / 100);
      expect(json.out).toBe(`${JSON.stringify(parsed, null, 2)}\n`);
      expect(json.err).toBe('');
      const table = await run(args);
      expect(linesOf(table)).toHaveLength(101);
      expect(table.err).toMatch(/^100 of 1,234\. More with --limit N, --all, or --cursor \S+\n$/);
    },
  );

  it('comes as JSON lines, as CSV, whole as a table, and in parts that are asked for', async () => {
    const { rows } = JSON.parse((await run(['usage', '--json'])).out) as { rows: object[] };
    const lines = await run(['usage', '--format', 'jsonl']);
    expect(linesOf(lines).map((line) => JSON.parse(line) as unknown)).toEqual(rows);
    const csv = await run(['usage', '--format', 'csv']);
    expect(csv.out.match(/\r\n/g)).toHaveLength(ROWS + 1);
    expect(csv.out.startsWith(`${Object.keys(rows[0] ?? {}).join()}\r\n`)).toBe(true);
    expect(lines.err + csv.err).toBe('');
    const all = await run(['usage', '--all']);
    expect(linesOf(all)).toHaveLength(ROWS + 1);
    expect(all.err).toBe('');
    expect(linesOf(await run(['usage', '--limit', '1100']))).toHaveLength(1101);
    const some = JSON.parse((await run(['usage', '--json', '--limit', '1100'])).out) as Page;
    expect(some.rows).toEqual(rows.slice(0, 1100));
    const rest = await run(['usage', '--json', '--cursor', String(some.nextCursor)]);
    expect((JSON.parse(rest.out) as Page).rows).toEqual(rows.slice(1100));
  });

  it('counts what its filters leave', async () => {
    const { err } = await run([
      'usage',
      '--limit',
      '5',
      '--from',
      new Date(START + 60_000 * 1_000).toISOString(),
    ]);
    expect(err).toMatch(/^5 of 235\. /);
    expect((await run(['holds', 'list', '--app', 'studio-1', '--limit', '5'])).err).toMatch(/^5 of 177\. /);
  });

  it('of tasks can be narrowed to a time', async () => {
    const from = new Date(START + 60_000 * 100).toISOString();
    const to = new Date(START + 60_000 * 110).toISOString();
    const { out } = await run(['tasks', '--from', from, '--to', to, '--format', 'jsonl']);
    const created = out
      .trimEnd()
      .split('\n')
      .map((line) => (JSON.parse(line) as { createdAt: string }).createdAt);
    expect(created).toHaveLength(10);
    expect(created.at(-1)).toBe(from);
    expect((await run(['tasks', '--from', to, '--to', from])).out).toBe('No tasks.\n');
    expect((await run(['tasks', '--from', 'yesterday'])).code).toBe(2);
  });
});

describe('a table on a terminal', () => {
  const COMMANDS = [
    ...LISTS.map(([args]) => args),
    ['budget', 'list'],
    ['status'],
    ['config', 'print'],
    ['doctor'],
  ];

  it.each(COMMANDS)('%s %s keeps to its width, and breaks no word', async (...args) => {
    const columns = 80;
    const { out, err } = await run(
      args.filter((arg) => arg !== undefined),
      { isTerminal: true, columns },
    );
    const wide = `${out}${err}`
      .split('\n')
      .filter((line) => textWidth(line) > columns && line.trim().includes(' ') && !isOneWord(line));
    expect(wide, args.join(' ')).toEqual([]);
  });

  it('shows times to the minute in the budgets’ zone, and says which that is', async () => {
    const { out, err } = await run(['holds', 'list', '--limit', '1'], { isTerminal: true, columns: 200 });
    expect(out).toMatch(/2026-10-21 04:34\n$/);
    expect(err).toMatch(/Times are in Asia\/Shanghai\./);
    const piped = await run(['holds', 'list', '--limit', '1']);
    expect(piped.out).toMatch(/2026-10-20T20:34:00\.000Z\n$/);
  });

  it('leaves out the columns that matter least, and says which', async () => {
    const { out, err } = await run(['tasks', '--limit', '3'], { isTerminal: true, columns: 80 });
    const [heading, ...rows] = out.trimEnd().split('\n');
    expect(heading).toMatch(/^task +state +.*settled +created$/);
    expect(rows).toHaveLength(3);
    expect(plain(err)).toMatch(/\nNo room for: updated, mode, stuck, app, held, model \(a wider/);
  });

  it('becomes a list of fields where even the rest has no room', async () => {
    const { out } = await run(['holds', 'list', '--limit', '1'], { isTerminal: true, columns: 40 });
    expect(out).toMatch(/^hold +hold_\d+\nstate +settled\n/);
  });
});

/** A line that holds one word which no break could shorten: a path or an id behind its name. */
function isOneWord(line: string): boolean {
  const words = line.trim().split(/ {2,}/);
  return words.length <= 4 && !(words.at(-1) ?? '').includes(' ');
}

function plain(text: string): string {
  // oxlint-disable-next-line no-control-regex -- colours begin with the escape character
  return text.replaceAll(/\u001b\[\d+m/g, '');
}
