import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import path from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { createManualClock, type ManualClock } from '../../src/clock.ts';
import { get, post, textToVideo, until } from '../app/calls.ts';
import { startApp, type StartedApp } from '../app/start-app.ts';
import { cli } from '../cli/run-cli.ts';
import { whileMoving } from '../money/hand-clock.ts';

const MINUTE = 60_000;
const WINDOW = 5 * MINUTE;
/** A Monday morning in October 2025, 11:00 in Shanghai, at the start of a window. */
const MORNING = Date.UTC(2025, 9, 6, 3);
/** 31 days of 288 windows. */
const WINDOWS = 8928n;

const CONFIG = {
  tasks: { poll: false },
  budgets: [{ name: 'daily', credits: 10, window: 'day' }],
  claims: {
    hosts: ['127.0.0.1'],
    claimant: { accountId: 'acct-42', company: 'Film GmbH', contact: 'ana@example.com' },
    fees: { '2025-10': { amount: '1000', currency: 'USD', source: 'INV-7' } },
  },
};

let app: StartedApp;
let clock: ManualClock;
afterEach(() => app.stop());

type Json = Record<string, unknown>;

async function read<T = Json>(target: string): Promise<T> {
  return (await get(`${app.controlUrl}${target}`)).json as unknown as T;
}

async function order<T = Json>(target: string, body: Json, method: 'POST' | 'DELETE' = 'POST'): Promise<T> {
  const headers = { authorization: `Bearer ${app.token}`, 'content-type': 'application/json' };
  const answer = await fetch(`${app.controlUrl}${target}`, { method, headers, body: JSON.stringify(body) });
  expect([answer.status, target]).toEqual([200, target]);
  return (await answer.json()) as T;
}

const LIST = '/v1/videos/text2video?pageNum=1&pageSize=1';
/** Sends so many reads through the data plane and gives their statuses. */
async function reads(count: number): Promise<number[]> {
  const statuses: number[] = [];
  for (let i = 0; i < count; i += 1) {
    const answer = await fetch(`${app.dataUrl}${LIST}`);
    statuses.push(answer.status);
    await answer.arrayBuffer();
  }
  return statuses;
}

/** Rows of a CSV whose cells need no quotes. */
function rowsOf(csv: string): Record<string, string>[] {
  const [head = '', ...lines] = csv.trimEnd().split('\r\n');
  const names = head.split(',');
  return lines.map((line) =>
    Object.fromEntries(line.split(',').map((cell, index) => [names[index] ?? '', cell])),
  );
}

/** Availability as the agreement's text says it, by hand: six places, rounded down. */
function availabilityOf(rates: readonly [errors: number, valid: number][]): string {
  const common = rates.reduce((product, [, valid]) => product * BigInt(valid), 1n);
  const sum = rates.reduce((total, [errors, valid]) => total + (BigInt(errors) * common) / BigInt(valid), 0n);
  const millionths = ((common * WINDOWS - sum) * 100_000_000n) / (common * WINDOWS);
  const digits = String(millionths);
  return `${digits.slice(0, -6)}.${digits.slice(-6)}`;
}

async function filesIn(folder: string): Promise<Record<string, string>> {
  const names = (await readdir(folder)).sort();
  const texts = await Promise.all(names.map((name) => readFile(path.join(folder, name), 'utf8')));
  return Object.fromEntries(names.map((name, index) => [name, texts[index] ?? '']));
}

/** What is no error: a task that fails, a list, a bad request, a throttle, our own refusal. */
async function aMorningWithoutErrors(): Promise<void> {
  const video = `${app.dataUrl}/v1/videos/text2video`;
  expect((await post(video, textToVideo({ prompt: 'fail-please' }))).status).toBe(200);
  expect((await post(video, textToVideo())).status).toBe(403);
  expect(await reads(1)).toEqual([200]);
  expect((await fetch(`${video}/no-such-task`)).status).toBe(400);
  app.emulator.addFault({ kind: 'code', code: 1302, match: { method: 'GET' } });
  expect(await whileMoving(clock, reads(1), 100)).toEqual([200]);
}

/** Fifty minutes: ten windows of a read with three tries, all answered 5xx, but for the last try of the last window. */
async function anOutage(): Promise<void> {
  for (let window = 0; window < 10; window += 1) {
    const times = window === 9 ? 2 : 3;
    const kind =
      window % 2 === 0
        ? { kind: 'code' as const, code: 5000, status: 500 }
        : { kind: 'http' as const, status: 503 };
    app.emulator.addFault({ ...kind, match: { method: 'GET' }, times });
    const statuses = await whileMoving(clock, reads(1), 100);
    expect(statuses).toEqual([times === 2 ? 200 : kind.status]);
    await clock.advance(WINDOW);
  }
}

interface LiveMonth {
  requests: { valid: number };
  gaps: { end: string }[];
  live: { budget: Json };
}

/** Steps the clock, and reads so that it is compared with Kling's: until then jobs go on by the time before. */
async function stepTo(at: number): Promise<void> {
  clock.step(at);
  expect(await reads(3)).toEqual([200, 200, 200]);
}

describe('a month with an outage of fifty minutes', () => {
  it('ends in a claim whose numbers follow by hand from windows.csv', async () => {
    clock = createManualClock(MORNING);
    app = await startApp({ clock, config: CONFIG });
    await aMorningWithoutErrors();
    await clock.advance(WINDOW);
    await anOutage();
    expect(await reads(3)).toEqual([200, 200, 200]);
    await clock.advance(1000);

    const live = await until('all is counted', async () => {
      const month = await read<LiveMonth>('/v1/sla/2025-10');
      // Heartbeats are written by and by: without the last ones the outage would lie in a gap of the record.
      const isObserved = month.gaps.every(({ end }) => Date.parse(end) <= MORNING + WINDOW);
      return month.requests.valid === 38 && isObserved && month;
    });
    expect(live.live.budget).toMatchObject({ allowed: '8.928', used: '9.666666', left: '-0.738667' });

    // The month ends at midnight in Shanghai, and is closed a day later.
    await stepTo(Date.UTC(2025, 9, 31, 16));
    await app.app.runDue();
    expect(await read('/v1/claims')).toEqual({ claims: [] });
    await stepTo(Date.UTC(2025, 10, 1, 16));
    await app.app.runDue();
    const { claims } = await read<{ claims: { folder: string; revision: number }[] }>('/v1/claims/2025-10');
    expect(claims).toMatchObject([
      {
        revision: 1,
        state: 'draft',
        filing: 'early',
        earliest: '2025-11-08',
        latest: '2025-12-31',
        percent: 10,
        asked: 100,
      },
    ]);
    const folder = claims[0]?.folder ?? '';
    const files = await filesIn(folder);
    const rows = rowsOf(files['windows.csv'] ?? '');
    expect(rows).toHaveLength(12);
    const rates = rows.map((row): [number, number] => [
      Number(row['received_errors']),
      Number(row['received_requests']),
    ]);
    expect(rates.slice(1, 11)).toEqual([...Array.from({ length: 9 }, () => [3, 3]), [2, 3]]);
    expect(rates[0]?.[0]).toBe(0);
    const availability = availabilityOf(rates);
    expect(availability).toBe('99.891726');
    const month = await read<Json & { windows: Json; requests: Json }>('/v1/sla/2025-10');
    expect(month).toMatchObject({
      month: '2025-10',
      start: '2025-09-30T16:00:00.000Z',
      end: '2025-10-31T16:00:00.000Z',
      days: 31,
      windows: { total: 8928, withTraffic: 12, withErrors: 10 },
      requests: { valid: 38, errors: 29, unreachable: 0, excluded: 0 },
      sumErrorRates: '9.666666',
      availability,
      commitment: '99.90',
      breached: true,
      compensationPercent: 10,
      revision: 1,
      readings: { received: { availability }, withoutSidecar: { availability } },
    });
    // It ran from 03:00 for an hour and a little: 13 windows of the morning and the one it woke up in.
    expect(Number(month.windows['notObserved'])).toBeGreaterThan(8900);
    for (const name of ['claim.en.md', 'claim.zh.md', 'claim.html', 'summary.json']) {
      expect([name, files[name]?.includes(availability)]).toEqual([name, true]);
    }
    expect(files['claim.en.md']).toContain('100.00 USD');
    expect(rowsOf(files['requests.csv']?.replaceAll(/"[^"]*"/g, 'x') ?? '')).toHaveLength(29);
    for (const line of (files['manifest.sha256'] ?? '').trim().split('\n')) {
      const [digest, name = ''] = line.split('  ');
      expect([
        name,
        createHash('sha256')
          .update(files[name] ?? '')
          .digest('hex'),
      ]).toEqual([name, digest]);
    }
    const whole = Object.values(files).join('\n');
    expect(whole).not.toContain('paper boat');
    expect(whole).not.toContain(app.token);

    await sameAgain(folder, files);
    await excludedAndBack(folder, files);
    await metricsSay(availability);
  });

  async function sameAgain(folder: string, files: Record<string, string>): Promise<void> {
    const again = await order('/v1/claims/2025-10/draft', {});
    expect(again).toMatchObject({ due: true, isNew: false, claim: { revision: 1, folder } });
    await app.app.runDue();
    expect(await filesIn(folder)).toEqual(files);
    expect(await readdir(path.dirname(folder))).toEqual(['r1']);
  }

  /** Two windows of announced maintenance: eight failed windows are left, and nothing is due. */
  async function excludedAndBack(folder: string, files: Record<string, string>): Promise<void> {
    const body = { clause: '2.2(i)', source: 'mail of 1 October', actor: 'ana' };
    const span = {
      from: new Date(MORNING + WINDOW).toISOString(),
      to: new Date(MORNING + 2 * WINDOW).toISOString(),
    };
    const { id } = await order<{ id: string }>('/v1/exclusions', { ...body, ...span });
    expect(await read('/v1/sla/2025-10')).toMatchObject({
      requests: { valid: 38, errors: 26, excluded: 3 },
      sumErrorRates: '8.666666',
      breached: false,
      compensationPercent: 0,
    });
    expect(await order('/v1/claims/2025-10/draft', {})).toMatchObject({ due: false, claim: null });
    expect(await read('/v1/claims')).toMatchObject({ claims: [{ state: 'withdrawn', filing: 'closed' }] });
    const reason = { reason: 'was another region', actor: 'ana' };
    expect(await order(`/v1/exclusions/${id}`, reason, 'DELETE')).toMatchObject({ exclusions: [] });
    expect(await order('/v1/claims/2025-10/draft', {})).toMatchObject({ due: true, isNew: false });
    expect(await filesIn(folder)).toEqual(files);
    const { audit } = (await get(`${app.controlUrl}/v1/audit`, { authorization: `Bearer ${app.token}` }))
      .json as unknown as { audit: { action: string; actor: string }[] };
    expect(audit.map(({ action, actor }) => `${action} ${actor}`).slice(0, 5)).toEqual([
      // The draft follows each order at once.
      'claim.draft ana',
      'sla.withdraw ana',
      'claim.withdrawn ana',
      'sla.exclude ana',
      'claim.draft job',
    ]);
  }

  async function metricsSay(availability: string): Promise<void> {
    await clock.advance(MINUTE);
    const text = await (await fetch(`${app.controlUrl}/metrics`)).text();
    const ratio = Number(availability) / 100;
    expect(text).toContain(`kling_sla_availability_ratio{month="previous",reading="received"} ${ratio}`);
    expect(text).toContain(
      'kling_sla_error_budget_used_windows{month="previous",reading="contract"} 9.666666',
    );
    expect(text).toContain('kling_sla_window_requests 0');
  }
});

describe('what never reached Kling', () => {
  it('is the upstream’s fault if an independent address answers, and an operator’s correction overrides it', async () => {
    const independent = createServer((socket) => socket.destroy()).listen(0, '127.0.0.1');
    await once(independent, 'listening');
    const { port } = independent.address() as AddressInfo;
    clock = createManualClock(MORNING);
    app = await startApp({
      clock,
      baseUrl: await closedAddress(),
      config: { tasks: { poll: false }, sla: { controlChecks: [`127.0.0.1:${port}`] } },
    });
    expect(await reads(2)).toEqual([502, 502]);
    const blamed = await until('the check has answered', async () => {
      await clock.advance(200);
      const { requests } = await read<{ requests: Json }>('/v1/sla/2025-10');
      return requests['unreachableUpstream'] === 4 && requests;
    });
    independent.close();
    // A read that did not leave is tried once more, and every attempt counts.
    expect(blamed).toMatchObject({ valid: 4, errors: 4, unreachable: 4, answered: 0, retries: 2 });
    const span = { from: new Date(MORNING).toISOString(), to: new Date(MORNING + WINDOW).toISOString() };
    const said = { ...span, blame: 'local', source: 'our router', actor: 'ana' };
    expect(await order('/v1/blame', said)).toMatchObject({ attempts: 4 });
    const { requests } = await read<{ requests: Json }>('/v1/sla/2025-10');
    expect(requests).toMatchObject({ valid: 0, errors: 0, unreachable: 4, unreachableLocal: 4 });
  });
});

/** Gives an address of loopback on which nothing listens any more. */
async function closedAddress(): Promise<string> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return `http://127.0.0.1:${port}`;
}

describe('calls recorded elsewhere', () => {
  it('are imported beside a running sidecar, and twice changes nothing', async () => {
    clock = createManualClock(MORNING + 40 * 86_400_000);
    app = await startApp({ clock, config: { tasks: { poll: false } } });
    const line = (window: number, status: number): string =>
      JSON.stringify({
        time: MORNING + window * WINDOW,
        method: 'GET',
        path: '/v1/videos/text2video/7',
        status,
      });
    const lines = Array.from({ length: 600 }, (_, window) => line(window, window < 10 ? 503 : 200));
    await writeFile(path.join(app.folder, 'log.jsonl'), `${[...lines, lines[0]].join('\n')}\n`);
    const at = { cwd: app.folder, env: { KLING_SIDECAR__CONTROL__PORT: new URL(app.controlUrl).port } };
    const args = ['import', 'log.jsonl', '--host', 'api-singapore.klingai.com'];
    expect(await cli(args, at)).toMatchObject({
      code: 0,
      out: expect.stringContaining(
        '601 lines: 601 calls imported, 0 known already, 0 bad lines left out.\n',
      ) as string,
    });
    const before = await read<Json>('/v1/sla/2025-10');
    expect(before).toMatchObject({ requests: { valid: 601, errors: 11 }, compensationPercent: 10 });
    expect((await cli(args, at)).out).toMatch(/: 0 calls imported, 601 known already/);
    expect(await read('/v1/sla/2025-10')).toEqual(before);
    expect((await cli(['sla', 'verify'], at)).out).toMatch(/600 windows and 601 calls of the journal agree/);
    const drafted = await cli(['claim', 'draft', '2025-10'], at);
    expect(drafted).toMatchObject({ code: 0, err: '' });
    expect(drafted.out).toMatch(/a voucher of 10 % of the monthly service fee \(the fee is not known/);
    expect((await cli(['claim', 'show', '2025-10', '--letter', 'en'], at)).out).toMatch(/99\.887992 %/);
    const exported = await cli(['calls', 'export', '--month', '2025-10'], at);
    expect(exported.out.trim().split('\n')).toHaveLength(601);
    await writeFile(path.join(app.folder, 'own.jsonl'), exported.out);
    expect((await cli(['import', 'own.jsonl'], at)).out).toMatch(/: 0 calls imported, 601 known already/);
  });
});
