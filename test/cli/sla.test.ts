import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startApp, type StartedApp } from '../app/start-app.ts';
import { cli, type CliRun } from './run-cli.ts';

/** October 2025, 11:00 in Shanghai. */
const MORNING = Date.UTC(2025, 9, 6, 3);
const WINDOW = 300_000;
const SPAN = ['--from', '2025-10-06T03:00:00Z', '--to', '2025-10-06T03:05:00Z'];
const WHY = ['--clause', '2.2(i)', '--source', 'a mail'];

const CLAIMS = { fees: { '2025-10': { amount: 1000, paidByVoucher: '900', currency: 'USD' } } };

let folder: string;
let app: StartedApp | null = null;
const run = (...args: string[]): Promise<CliRun> =>
  cli(args, {
    cwd: folder,
    env: app ? { KLING_SIDECAR__CONTROL__PORT: new URL(app.controlUrl).port } : {},
  });
const json = async (...args: string[]): Promise<unknown> => {
  const { code, out, err } = await run(...args, '--json');
  expect([args[0], code, err]).toEqual([args[0], 0, '']);
  return JSON.parse(out) as unknown;
};
const line = (window: number, fields: object): string =>
  JSON.stringify({
    time: new Date(MORNING + window * WINDOW).toISOString(),
    method: 'GET',
    path: '/v1/videos/text2video/7',
    ...fields,
  });

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'kling-sla-cli-'));
  const config = { control: { port: 1 }, claims: CLAIMS };
  await writeFile(path.join(folder, 'sidecar.config.json'), JSON.stringify(config));
  const failed = Array.from({ length: 9 }, (_, window) =>
    line(window, { status: 503, requestId: `r${window}` }),
  );
  const lost = [9, 10].map((window) => line(window, { error: 'connect ECONNREFUSED 10.0.0.1:443' }));
  const fine = Array.from({ length: 20 }, (_, window) => line(window + 20, { status: 200 }));
  await writeFile(path.join(folder, 'log.jsonl'), `${[...failed, ...lost, ...fine].join('\n')}\n`);
  await writeFile(path.join(folder, 'bad.jsonl'), `${fine[0]}\n{"time":\n${line(5, { status: 9 })}\n`);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('while no sidecar runs, and the commands open the store themselves', () => {
  it('import names the first bad line and writes nothing, or leaves bad ones out', async () => {
    const refused = await run('import', 'bad.jsonl');
    expect(refused).toMatchObject({ code: 2, out: '' });
    expect(refused.err).toMatch(/line 2 cannot be imported: no JSON\. Correct it, or pass --skip-bad/);
    expect(await readdir(folder)).not.toContain('data');
    const checked = await run('import', 'bad.jsonl', '--check', '--skip-bad');
    expect(checked.out).toContain(
      '3 lines: 1 calls can be imported, 0 known already, 2 bad lines left out.\n' +
        '  line 2: no JSON\n  line 3: status must be a number from 200 to 599\n',
    );
    expect(await readdir(folder)).not.toContain('data');
    expect(await run('import', 'gone.jsonl')).toMatchObject({ code: 2 });
  });

  it('import makes the store, and the month can be read', async () => {
    expect(await json('import', 'log.jsonl')).toEqual({
      lines: 31,
      imported: 31,
      known: 0,
      other: 0,
      otherFirst: null,
      bad: 0,
      badLines: [],
      hosts: [{ host: 'api-singapore.klingai.com', calls: 31, isClaimed: true }],
      withoutId: 22,
      doubtful: 0,
      olderThanRetention: 31,
      oldestAt: '2025-10-06T03:00:00.000Z',
      warnings: [expect.stringMatching(/^31 calls are older than store\.callRetentionDays/)],
    });
    expect(await json('import', 'log.jsonl')).toMatchObject({ imported: 0, known: 31 });
    const told = (await run('import', 'log.jsonl', '--check')).out.split('\n')[1];
    expect(told).toMatch(
      /^31 calls are older than store\.callRetentionDays \(120\): their counts stay .* drops their rows within a day, /,
    );
    expect(told).toMatch(
      /set store\.callRetentionDays to more than \d+ before that; .* cannot be imported again\.$/,
    );
    const month = (await json('sla', 'report', '2025-10')) as { requests: object };
    expect(month).toMatchObject({
      requests: { valid: 29, errors: 9, unreachable: 2, unreachableUnknown: 2 },
      sumErrorRates: '9.000000',
      availability: '99.899193',
      compensationPercent: 10,
    });
    expect((await run('sla', 'verify', '2025-10')).out).toMatch(/31 windows and 31 calls .* agree/);
  });

  it.each([
    ['sla', 'report', '9999-12'],
    ['sla', 'verify', '0000-01'],
    ['claim', 'show', '9999-12'],
    ['claim', 'draft', '2022-12'],
    ['claim', 'mark', '9999-12', 'expired'],
    ['calls', 'export', '--month', '2099-01'],
  ])('%s %s %s is refused: no such month can be asked for', async (...args) => {
    const refused = await run(...args);
    expect(refused).toMatchObject({ code: 2, out: '' });
    expect(refused.err).toMatch(/is outside the months that can be asked for: 2023-01 to \d{4}-12\./);
  });

  it('orders change it too, one owner at a time', async () => {
    const entered = await run('sla', 'exclude', ...SPAN, ...WHY);
    expect(entered.out).toMatch(/2\.2\(i\) +a mail +\S/);
    const { exclusions } = (await json('sla', 'exclude', '--list')) as { exclusions: { id: string }[] };
    const back = await run('sla', 'exclude', '--withdraw', exclusions[0]?.id ?? '', '--reason', 'wrong day');
    expect(back.out).toMatch(/was withdrawn\.\nNo exclusion is in force/);
  });
});

describe('beside a running sidecar', () => {
  beforeAll(async () => {
    app = await startApp({
      folder,
      config: { tasks: { poll: false }, store: { callRetentionDays: 3650 }, claims: CLAIMS },
    });
  });
  afterAll(async () => {
    await app?.stop({ keep: true });
    app = null;
  });

  it('the month can be read in every format', async () => {
    const markdown = await run('sla', 'report', '2025-10');
    expect(markdown.out).toMatch(/Availability 99\.899193 %, below the committed 99\.90 %: 10 % of the fee/);
    expect(markdown.out).toMatch(/none known: the whole month/);
    expect(markdown.err).toMatch(/99\.7 % of the windows saw no request/);
    const csv = (await run('sla', 'report', '2025-10', '--format', 'csv')).out.trimEnd().split('\r\n');
    expect(csv).toHaveLength(32);
    expect(csv[1]).toMatch(/^2025-10-06T03:00:00\.000Z,1,1,/);
    expect((await run('sla', 'report', '2025-10', '--format', 'html')).out).toMatch(/^<!doctype html>/);
    expect((await run('sla', 'report', '--format', 'openslo')).out).toMatch(/target: 0\.9990/);
    expect((await run('sla', 'report', 'October')).code).toBe(2);
    expect((await run('sla', 'verify', '2024-10')).out).toMatch(/nothing to compare/);
    expect((await run('calls', 'list', '--limit', '1', '--json')).out).toMatch(/"status": 200/);
  });

  it('exclusions are entered, listed and withdrawn, and change what is due', async () => {
    const entered = (await json('sla', 'exclude', ...SPAN, ...WHY)) as { id: string };
    expect((await run('sla', 'exclude', '--list')).out).toMatch(/2\.2\(i\) +a mail +\S/);
    expect(await json('sla', 'report', '2025-10')).toMatchObject({ compensationPercent: 0 });
    const nothing = await run('claim', 'draft', '2025-10');
    expect(nothing).toMatchObject({ code: 0 });
    expect(nothing.out).toMatch(/Nothing is due for 2025-10: availability was 99\.910394 %/);
    const half = await run('sla', 'exclude', ...SPAN);
    expect(half).toMatchObject({ code: 2 });
    expect(half.err).toMatch(/--clause, --source is missing/);
    expect((await run('sla', 'exclude', '--withdraw', entered.id)).code).toBe(2);
    const back = await run('sla', 'exclude', '--withdraw', entered.id, '--reason', 'wrong day');
    expect(back.out).toMatch(/was withdrawn\.\nNo exclusion is in force/);
    const unknown = await run('sla', 'exclude', '--withdraw', entered.id, '--reason', 'again');
    expect(unknown).toMatchObject({ code: 1 });
  });

  it('blame says whose fault unreachable requests were, and a claim goes through its life', async () => {
    const span = ['--from', '2025-10-06T03:45:00Z', '--to', '2025-10-06T04:00:00Z'];
    const blamed = await run('sla', 'blame', 'upstream', ...span, '--source', 'their status page');
    expect(blamed.out).toBe('2 requests that never arrived are Kling’s fault now.\n');
    expect(await json('sla', 'report', '2025-10')).toMatchObject({ sumErrorRates: '11.000000' });

    const drafted = await run('claim', 'draft', '2025-10');
    expect(drafted.out).toMatch(
      /a voucher of 50\.00 USD, 10 % of the monthly service fee may be claimed from 2025-11-08 to 2025-12-31/,
    );
    expect(drafted.out).toMatch(/The letter has blanks; .*claims\.claimant\.accountId/);
    expect((await run('claim', 'draft', '2025-10')).out).toMatch(/existed already/);
    expect(await json('claim', 'list')).toMatchObject({
      claims: [{ month: '2025-10', revision: 1, state: 'draft', filing: 'late', asked: 50, percent: 10 }],
    });
    const letter = await run('claim', 'show', '2025-10', '--letter', 'zh');
    expect(letter.out).toMatch(/可灵 AI 服务等级协议/);
    const wrong = await run('claim', 'mark', '2025-10', 'granted', '--reason', 'x');
    expect(wrong).toMatchObject({ code: 2 });
    expect(wrong.err).toMatch(/a claim that is draft cannot become granted; it can become filed, expired/);
    const mark = ['claim', 'mark', '2025-10'];
    await json(...mark, 'filed', '--ticket', 'T-1');
    const granted = [
      '--reason',
      'their mail',
      '--voucher',
      'V1',
      '--amount',
      '49.99',
      '--expires',
      '2026-06-30',
    ];
    expect(await json(...mark, 'granted', ...granted)).toMatchObject({
      claims: [
        { state: 'granted', ticket: 'T-1', voucherCode: 'V1', granted: 49.99, voucherExpires: '2026-06-30' },
      ],
    });
    const shown = (await run('claim', 'show', '2025-10')).out;
    expect(shown).toMatch(/granted +49\.99 USD, code V1/);
    expect((await run('claim', 'show', '2025-09')).code).toBe(1);
  });
});
