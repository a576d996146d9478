import { appendFile, readFile } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { createManualClock, type ManualClock } from '../../src/clock.ts';
import { get, post, textToVideo, until } from '../app/calls.ts';
import { startApp, type StartedApp } from '../app/start-app.ts';
import { whileMoving } from '../money/hand-clock.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
/** 20 October 2025, 08:00 in Shanghai. */
const START = Date.UTC(2025, 9, 20);
/** The first instants of 17 October and of 17 January there. */
const BOUGHT = Date.UTC(2025, 9, 16, 16);
const ENDS = Date.UTC(2026, 0, 16, 16);
const NEXT_MONTH = Date.UTC(2025, 10, 3);
const PACK = 'Video-1000Units-5Con-3Months';
const VIDEO = '/v1/videos/text2video';

const CONFIG = {
  account: { poll: true },
  // The ledgers are read at once, and again some hours after October was closed.
  jobs: { ledgers: '0 6 3 11 *', reconcile: null },
  claims: { hosts: ['127.0.0.1'], packs: [{ pack: PACK, amount: 200, paidByVoucher: 100 }] },
};

type Json = Record<string, unknown>;
let app: StartedApp;
let clock: ManualClock;
afterEach(() => app.stop());

async function start(config: Parameters<typeof startApp>[0] = {}): Promise<void> {
  clock = createManualClock(START);
  app = await startApp({
    clock,
    config: CONFIG,
    emulator: {
      speed: 1,
      packs: [{ name: PACK, product: 'video', units: 1000, effectiveAt: BOUGHT, invalidAt: ENDS }],
    },
    ...config,
  });
}

async function read<T = Json>(target: string): Promise<T> {
  return (await get(`${app.controlUrl}${target}`)).json as unknown as T;
}

async function order<T = Json>(target: string, body: Json): Promise<T> {
  const headers = { authorization: `Bearer ${app.token}`, 'content-type': 'application/json' };
  const answer = await fetch(`${app.controlUrl}${target}`, {
    method: 'POST',
    headers,
    body: JSON.stringify(body),
  });
  expect([answer.status, target]).toEqual([200, target]);
  return (await answer.json()) as T;
}

const accountReads = () =>
  app.emulator.requests().filter(({ path: target }) => target.startsWith('/account/'));

/** Moves the clock on in seconds, with a look at what is due at each, until something holds. */
function whenMoved<T>(what: string, check: () => Promise<T | false> | T | false): Promise<T> {
  return until(what, async () => {
    void app.app.runDue();
    await clock.advance(1000);
    return check();
  });
}

/** A hundred days in steps of five weeks, money after units. */
async function whenAllIsRead(): Promise<void> {
  const asked = () => accountReads().filter(({ path: target }) => target === '/account/billing/balance');
  await whenMoved('the ledgers are read', () => asked().length === 3);
}

/** Five windows of which each request failed: more than the 4.32 that 15 days allow. */
function anOutage(): string[] {
  return Array.from({ length: 5 }, (_, window) =>
    JSON.stringify({
      time: START - HOUR + window * 5 * MINUTE,
      method: 'GET',
      path: `${VIDEO}/1`,
      status: 503,
    }),
  );
}

async function importOutage(): Promise<void> {
  const lines = anOutage().map((text) => ({ text, repeat: 0 }));
  const run = { run: 'one', source: 'log', actor: 'cli', file: 'a.jsonl' };
  await order('/v1/import', { ...run, lines, isLast: true });
}

/** Steps the clock, and reads so that it is compared with Kling's: until then jobs go on by the time before. */
async function stepTo(at: number): Promise<void> {
  clock.step(at);
  for (let looks = 0; looks < 3; looks += 1) {
    expect((await get(`${app.dataUrl}${VIDEO}`)).status).toBe(200);
  }
}

/** The summary of the last draft, with its place. */
async function lastDraft(): Promise<{ revision: number; folder: string; fee: Json }> {
  const { claims } = await read<{ claims: { revision: number; folder: string }[] }>('/v1/claims');
  const { revision = 0, folder = '' } = claims[0] ?? {};
  const summary = JSON.parse(await readFile(path.join(folder, 'summary.json'), 'utf8')) as { fee: Json };
  return { ...summary, revision, folder };
}

describe('the account as Kling keeps it', () => {
  it('clips the month to the pack’s dates and prices the claim by Kling’s own rows', async () => {
    await start();
    await importOutage();
    for (const duration of ['5', '10']) {
      expect((await post(app.dataUrl + VIDEO, textToVideo({ duration }))).status).toBe(200);
    }
    expect(await read('/v1/sla/2025-10')).toMatchObject({ termSource: 'none', days: 31 });
    await whenMoved(
      'the packs are read',
      async () => (await read('/v1/sla/2025-10'))['termSource'] === 'packs',
    );
    // The example of article 1.1 with other dates: 17 to 31 October, 15 days.
    const month = await read<{ windows: Json }>('/v1/sla/2025-10');
    expect(month).toMatchObject({
      days: 15,
      start: new Date(BOUGHT).toISOString(),
      terms: [{ from: '2025-10-17', to: '2026-01-16', name: PACK }],
      breached: true,
    });
    expect(month.windows['total']).toBe(4320);

    await whenAllIsRead();
    // The last of October’s own reads are journalled within a second.
    await clock.advance(1000);
    await stepTo(NEXT_MONTH);
    await whileMoving(clock, app.app.runDue());
    const first = await lastDraft();
    expect(first).toMatchObject({ revision: 1, fee: { source: 'settled', amount: 0.42 } });
    // Somebody writes in the letter; the hourly job leaves it alone as long as nothing changes.
    await appendFile(path.join(first.folder, 'claim.en.md'), 'Dear Kling team');
    await stepTo(NEXT_MONTH + HOUR);
    await whileMoving(clock, app.app.runDue());
    expect(await lastDraft()).toEqual(first);

    const summary = await whenMoved('a draft by Kling’s own rows', async () => {
      await stepTo(clock.now() + HOUR);
      const last = await lastDraft();
      return last.fee['source'] === 'billing' && last;
    });
    expect(await readFile(path.join(first.folder, 'claim.en.md'), 'utf8')).toContain('Dear Kling team');
    expect(summary.revision).toBeGreaterThan(first.revision);
    // 1 + 2 units of 1000 for 200 USD are 0.60, half of it paid by vouchers; a tenth of it is 0.06.
    expect(summary).toMatchObject({
      fee: { amount: 0.6, paidByVoucher: 0.3, currency: 'USD', source: 'billing' },
      principal: { compensationPercent: 10, asked: 0.06, narrower: 0.03 },
    });
    const method = await readFile(path.join(summary.folder, 'method.md'), 'utf8');
    expect(method).toContain(`by the dates of the packs bought: 2025-10-17 to 2026-01-16 (${PACK})`);
    expect(method).toContain(
      `| ${PACK} | 3 video units | 2 | 0.60 USD | 200.00 USD for the pack's 1000 units |`,
    );
  });

  it('is read slowly, journalled as our own, and not at all where the config says so', async () => {
    await start({ config: { ...CONFIG, account: { poll: false } } });
    await clock.advance(10 * MINUTE);
    expect(accountReads()).toEqual([]);
    await app.reload({ ...CONFIG, account: { poll: true } });
    await whenAllIsRead();
    const times = accountReads().map(({ at }) => at);
    for (const [index, at] of times.entries()) {
      if (index > 0) expect(at - (times[index - 1] ?? 0)).toBeGreaterThanOrEqual(1000);
    }
    const { calls } = await read<{ calls: Json[] }>('/v1/calls?limit=5');
    expect(
      calls.some(({ app: by, route }) => by === 'sidecar' && String(route).startsWith('/account/')),
    ).toBe(true);
  });
});
