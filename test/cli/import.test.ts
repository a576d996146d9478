import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startApp, type StartedApp } from '../app/start-app.ts';
import { cli, type CliRun } from './run-cli.ts';

let folder: string;
let app: StartedApp | null = null;

const run = (args: string[], stdin = ''): Promise<CliRun> =>
  cli(['import', ...args], {
    cwd: folder,
    stdin,
    env: app ? { KLING_SIDECAR__CONTROL__PORT: new URL(app.controlUrl).port } : {},
  });
const json = async (...args: string[]): Promise<Record<string, unknown>> => {
  const { code, out, err } = await run([...args, '--json']);
  expect([code, err]).toEqual([0, '']);
  return JSON.parse(out) as Record<string, unknown>;
};

/** Nothing is asked of the upstream. */
const SETTINGS = {
  upstream: { baseUrl: 'https://localhost:1' },
  claims: { hosts: ['Relay.internal', 'localhost'] },
};
const CALL = { time: '2026-10-05T12:00:00Z', method: 'GET', path: '/v1/videos/text2video/7', status: 200 };
const log = (calls: number, fields: object = {}): string =>
  `${JSON.stringify({ ...CALL, ...fields })}\n`.repeat(calls);

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'kling-import-cli-'));
  await mkdir(path.join(folder, 'b'));
  const config = { control: { port: 1 }, ...SETTINGS };
  const files: Record<string, string | Buffer> = {
    'sidecar.config.json': JSON.stringify(config),
    'a.jsonl': log(3),
    'b/b.jsonl': log(2),
    'c.jsonl.gz': gzipSync(log(4)),
    'ids.jsonl': log(1, { requestId: 'r1' }) + log(1, { requestId: 'r2' }),
    'relay.jsonl': log(2, { host: 'RELAY.internal.:8443' }) + log(1, { host: '127.0.0.1:5566' }),
    'x.csv': 'when,where,status\n2026-10-06T12:00:00Z,/v1/videos/text2video/7,503\n',
  };
  for (const [name, text] of Object.entries(files)) await writeFile(path.join(folder, name), text);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const lost = (file: string, earlier: string, how: string): RegExp =>
  new RegExp(
    `^${how} calls were known already, and the source "import" was imported from .*${earlier} before\\. If another ` +
      `program or machine recorded .*${file}, its calls were lost: import it again with a --source of its own\\.$`,
    'm',
  );

function stories(): void {
  it('says when calls of a file of another name were known, and takes them under a source of their own', async () => {
    expect(await json('a.jsonl')).toMatchObject({ imported: 3, warnings: [] });
    const again = await run(['a.jsonl']);
    expect(again.out).toMatch(/^3 lines: 0 calls imported, 3 known already/);
    expect(again.out).not.toContain('lost');
    expect((await run(['b/b.jsonl'])).out).toMatch(lost('b/b.jsonl', 'a.jsonl', 'All 2'));
    expect(await json('b/b.jsonl', '--source', 'server-b')).toMatchObject({ imported: 2, warnings: [] });
    const larger = await run(['c.jsonl.gz']);
    expect(larger.out).toMatch(/^4 lines: 1 calls imported, 3 known already/);
    expect(larger.out).toMatch(lost('c.jsonl.gz', 'b.jsonl', '3 of 4'));
    expect(await json('ids.jsonl')).toMatchObject({ imported: 2, warnings: [] });
  });

  it('reads standard input, keeping nothing of it', async () => {
    const line = log(1, { time: '2026-10-07T12:00:00Z' });
    const before = await readdir(tmpdir());
    const piped = await run(['-'], line);
    expect(piped).toMatchObject({ code: 0, err: '' });
    expect(piped.out).toMatch(/^1 lines: 1 calls imported, 0 known already/);
    expect((await run(['-'], line)).out).toMatch(lost('standard input', 'standard input', 'All 1'));
    expect((await run(['-'], '{"time":')).err).toMatch(/line 1 cannot be imported: no JSON/);
    const kept = (await readdir(tmpdir())).filter((name) => name.startsWith('kling-sidecar-import-'));
    expect(kept.filter((name) => !before.includes(name))).toEqual([]);
  });

  it('shows the hosts at once, and those that a claim counts', async () => {
    const { out, err } = await run(['relay.jsonl']);
    expect(out).toContain('Host relay.internal:8443: 2 calls; a claim counts them.\n');
    expect(out).toContain('Host 127.0.0.1:5566: 1 calls; no claim counts them.\n');
    expect(err).toMatch(
      /^Warning: no claim will count the 1 calls to 127\.0\.0\.1:5566, .* add "127\.0\.0\.1" to claims\.hosts/,
    );
    const named = await run(['ids.jsonl', '--check', '--host', 'https://API-Singapore.KLINGAI.com./']);
    expect(named.out).toContain('Host api-singapore.klingai.com: 2 calls; a claim counts them.\n');
    const wrong = await run(['ids.jsonl', '--host', 'api-singapore.klingai.com/v1']);
    expect(wrong).toMatchObject({ code: 2, out: '' });
    expect(wrong.err).toMatch(/'api-singapore\.klingai\.com\/v1' is no host; write a name such as/);
  });

  it('takes columns by the names that a mapping gives them', async () => {
    expect((await run(['x.csv', '--format', 'csv'])).err).toMatch(/name it with --columns time=COLUMN/);
    const columns = ['--columns', 'time=when,path=where'];
    expect(await json('x.csv', '--format', 'csv', ...columns)).toMatchObject({ lines: 2, imported: 1 });
    expect((await run(['x.csv', '--columns', 'times=when'])).err).toMatch(/KEY=COLUMN pairs are wanted/);
    expect((await run(['x.csv', '--format', 'xml'])).code).toBe(2);
    expect((await run(['b'])).err).toMatch(/is a folder; name a file, or -\./);
  });
}

describe('import into the store while no sidecar runs', stories);

describe('import beside a running sidecar', () => {
  beforeAll(async () => {
    await rm(path.join(folder, 'data'), { recursive: true });
    app = await startApp({
      folder,
      config: { tasks: { poll: false }, ...SETTINGS },
    });
  });
  afterAll(async () => {
    await app?.stop({ keep: true });
    app = null;
  });
  stories();
});
