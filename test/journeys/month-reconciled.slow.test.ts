/**
 * A month of creates, and of somebody else who spends on the same account, against ledgers that are hours behind: in the end
 * both ledgers agree to the thousandth, and every foreign charge is found.
 *
 * `RECONCILED_DAYS` is the length (30 for the full size), `SEED` repeats a history.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createManualClock, type ManualClock } from '../../src/clock.ts';
import type { JobsAnswer } from '../../src/control/job-schemas.ts';
import type { ReconciliationAnswer } from '../../src/control/reconcile-schemas.ts';
import { createEmulator, type Emulator } from '../../src/emulator/emulator.ts';
import type { ForeignSpend } from '../../src/emulator/foreign-spend.ts';
import { MILLI_CREDITS_PER_UNIT } from '../../src/units.ts';
import { get, post, textToVideo } from '../app/calls.ts';
import { startApp, type StartedApp } from '../app/start-app.ts';
import { advanceUntil, turns, whileMoving } from '../money/hand-clock.ts';
import { budgetOf } from '../money/books.ts';
import { randomOf } from '../random-numbers.ts';

const DAYS = Number(process.env['RECONCILED_DAYS'] ?? 3);
const SEED = Number(process.env['SEED'] ?? Math.floor(Math.random() * 1_000_000));
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const START = Date.parse('2026-10-01T00:00:00Z');
/** Turns in which a create that reaches Kling is answered. */
const TURNS_MAX = 150;
const VIDEO = '/v1/videos/text2video';

const CONFIG = {
  account: { poll: true },
  budgets: [{ name: 'all', credits: 1_000_000, window: 'total' }],
  limits: { concurrency: { video: 500, image: 500 } },
  tasks: { pollIntervalMs: 5_000 },
  // The journey orders the runs; a schedule far away says that the ledgers are read.
  jobs: { packs: '0 0 1 1 *', ledgers: '0 0 1 1 *', reconcile: '0 0 1 1 *', backup: null, retention: null },
};

let folder = '';
let clock: ManualClock;
let emulator: Emulator;
let baseUrl = '';
let app: StartedApp;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'kling-month-'));
  clock = createManualClock(START);
  emulator = createEmulator({
    clock,
    port: 0,
    speed: 1,
    recordRequests: false,
    concurrency: { video: 500, image: 500 },
    // The packs end in the middle of the history: then money pays.
    packs: [
      { name: `Video-${DAYS * 15}Units-5Con-6Months`, product: 'video', units: DAYS * 15 },
      { name: `Image-${DAYS * 40}Units-9Con-6Months`, product: 'image', units: DAYS * 40 },
    ],
    cash: { balance: 100_000, currency: 'USD' },
  });
  baseUrl = (await emulator.start()).url;
  await start();
});
afterAll(async () => {
  await app.stop({ keep: true });
  await emulator.stop();
  await rm(folder, { recursive: true, force: true });
});

async function start(): Promise<void> {
  app = await startApp({ clock, folder, config: CONFIG, baseUrl });
}

const random = randomOf(SEED);
const below = (max: number): number => Math.floor(random() * max);
const oneOf = <T>(list: readonly T[]): T => list[below(list.length)] as T;

/** The creates of the history: each kind ends in its own way. */
const KINDS: Readonly<Record<string, (scene: string) => { path: string; body: Record<string, unknown> }>> = {
  usual: (prompt) => ({ path: VIDEO, body: textToVideo({ prompt }) }),
  dearer: (prompt) => ({ path: VIDEO, body: textToVideo({ prompt: `${prompt} odd-price` }) }),
  silent: (prompt) => ({ path: VIDEO, body: textToVideo({ prompt: `${prompt} no-deduction-please` }) }),
  silentAndDearer: (prompt) => ({
    path: VIDEO,
    body: textToVideo({ prompt: `${prompt} odd-price no-deduction-please` }),
  }),
  gift: (prompt) => ({
    path: VIDEO,
    body: textToVideo({ prompt: `${prompt} gift-price no-deduction-please` }),
  }),
  failed: (prompt) => ({ path: VIDEO, body: textToVideo({ prompt: `${prompt} fail-please` }) }),
  lost: (prompt) => ({ path: VIDEO, body: textToVideo({ prompt: `${prompt} lost-answer` }) }),
  lostAndSilent: (prompt) => ({
    path: VIDEO,
    body: textToVideo({ prompt: `${prompt} lost-answer no-deduction-please` }),
  }),
  image: (prompt) => ({ path: '/v1/images/generations', body: { model_name: 'kling-v2-1', prompt } }),
  silentImage: (prompt) => ({
    path: '/v1/images/generations',
    body: { model_name: 'kling-v2-1', prompt: `${prompt} no-deduction-please` },
  }),
  speech: (text) => ({ path: '/v1/audio/tts', body: { text, voice_id: 'a', voice_language: 'en' } }),
};

let scenes = 0;
const made: Record<string, number> = {};
const foreign: string[] = [];

async function create(kind: string): Promise<void> {
  scenes += 1;
  made[kind] = (made[kind] ?? 0) + 1;
  const { path: target, body } = (KINDS[kind] ?? KINDS['usual'])?.(`scene ${scenes}`) ?? {
    path: '',
    body: {},
  };
  const status = await send(target, body);
  // The caller of a lost answer hears of its task, or that nobody knows.
  expect([200, 424]).toContain(status);
}

/** Sends a create. Only one whose answer is lost needs the clock: on a busy machine the others would run out of time. */
async function send(target: string, body: unknown): Promise<number> {
  const answer = post(`${app.dataUrl}${target}`, body);
  await Promise.race([answer, manyTurns()]);
  return (await whileMoving(clock, answer, 250)).status;
}

async function manyTurns(): Promise<void> {
  for (let turn = 0; turn < TURNS_MAX; turn += 1) await turns();
}

/** Somebody else spends, now or a little earlier: units, or money where the packs have too few. */
function spendElsewhere(): void {
  const common = {
    at: clock.now() - below(20 * MINUTE),
    product: oneOf(['video', 'image'] as const),
    apiKeyName: 'staging',
    task: below(2) === 0,
  };
  const units = below(3) === 0 ? null : 0.5 + below(5);
  foreign.push(spendUnits(common, units) ?? emulator.spendForeign({ ...common, cash: 0.35 }));
}

function spendUnits(common: Omit<ForeignSpend, 'units' | 'cash'>, units: number | null): string | null {
  try {
    return units === null ? null : emulator.spendForeign({ ...common, units });
  } catch {
    return null;
  }
}

/** Gives the app, which asks for its tasks every few seconds, some time in short steps. */
async function live(forMs: number): Promise<void> {
  for (let passed = 0; passed < forMs; passed += 1_000) {
    await clock.advance(1_000);
    await turns();
  }
}

async function runJob(name: string): Promise<'ok' | 'failed' | null> {
  const headers = { authorization: `Bearer ${app.token}` };
  const order = `${app.controlUrl}/v1/jobs/${name}/run`;
  await whileMoving(clock, post(order, { reason: 'a test' }, headers), 500);
  const jobOf = async () => {
    const { json } = await get(`${app.controlUrl}/v1/jobs`);
    return (json as unknown as JobsAnswer).jobs.find((job) => job.name === name);
  };
  await advanceUntil(clock, async () => (await jobOf())?.runningSince === null, { stepsMax: 5_000 });
  return (await jobOf())?.lastResult ?? null;
}

function trouble(): void {
  emulator.clearFaults();
  const creates = { method: 'POST', path: '/v1/' } as const;
  emulator.addFault({
    kind: 'charge_units',
    units: 0.73,
    match: { ...creates, bodyIncludes: 'odd-price' },
    times: 'always',
  });
  emulator.addFault({
    kind: 'charge_units',
    units: 0,
    match: { ...creates, bodyIncludes: 'gift-price' },
    times: 'always',
  });
  emulator.addFault({
    kind: 'reset_after_charge',
    match: { ...creates, bodyIncludes: 'lost-answer' },
    times: 'always',
  });
  // Kling's own reads fail for some hours of each day.
  if (below(4) === 0) emulator.addFault({ kind: 'code', code: 5000, match: { method: 'GET' }, times: 20 });
  if (below(3) === 0)
    emulator.addFault({
      kind: 'http',
      match: { path: oneOf(['/account/billing/package', '/account/billing/balance']) },
    });
  emulator.setBilling({ delayMs: below(20) * HOUR });
}

async function day(): Promise<void> {
  for (let hour = 0; hour < 24; hour += 1) {
    const ends = clock.now() + HOUR;
    trouble();
    if (below(2) === 0) {
      await create(oneOf(Object.keys(KINDS)));
      if (below(4) === 0) await create('speech');
      await live(30_000);
    }
    if (below(8) === 0) spendElsewhere();
    if (hour % 6 === 5) await runJob('ledgers');
    if (below(24) === 0) {
      await app.stop({ keep: true });
      await start();
    }
    if (clock.now() < ends) await clock.advance(ends - clock.now());
    await turns();
  }
}

async function compared(from: number, to: number): Promise<ReconciliationAnswer> {
  const query = new URLSearchParams({ from: String(from), to: String(to), timeZone: 'Asia/Shanghai' });
  return (await get(`${app.controlUrl}/v1/reconciliation?${query}`)).json as unknown as ReconciliationAnswer;
}

/** What the emulator charged for our creates, in thousandths of a credit. */
function booked(): number {
  const charges = emulator.book().charges.filter((charge) => charge.foreign !== true);
  return charges.reduce(
    (sum, { units, product }) => sum + Math.round(units * MILLI_CREDITS_PER_UNIT[product]),
    0,
  );
}

it(`finds no difference in ${DAYS} days, and every foreign charge (seed ${SEED})`, async () => {
  trouble();
  for (const kind of Object.keys(KINDS)) await create(kind);
  await live(30_000);
  for (let number = 0; number < DAYS; number += 1) await day();
  // One that never ends: the ledger alone says what it cost.
  await create('usual');
  expect(await send(VIDEO, textToVideo({ prompt: 'stuck-please' }))).toBe(200);
  emulator.clearFaults();
  emulator.setBilling({ delayMs: 2 * HOUR });
  for (let number = 0; number < 10; number += 1) {
    await live(60_000);
    await clock.advance(6 * HOUR);
    await turns();
    expect(await runJob('ledgers')).toBe('ok');
  }
  expect(await runJob('packs')).toBe('ok');
  const { totals, packs } = await compared(START, clock.now());
  expect(totals).toMatchObject({
    oursOnly: { tasks: 0 },
    different: { tasks: 0 },
    pending: { tasks: 0 },
    theirsOnly: { tasks: foreign.length },
    driftCredits: 0,
  });
  const found: (string | null)[] = [];
  for (let at = START; at < clock.now(); at += DAY) {
    const { examples } = await compared(at, at + DAY);
    found.push(...examples.map(({ taskId }) => taskId));
  }
  expect(found.toSorted()).toEqual(foreign.toSorted());
  expect(Math.round(totals.matched.credits * 1000)).toBe(booked());
  expect(totals.matched.klingCredits).toBe(totals.matched.credits);
  const budget = await budgetOf(app.controlUrl);
  expect([Math.round(budget.settledCredits * 1000), budget.heldCredits]).toEqual([booked(), 0]);
  // Null is a pack that nobody has used.
  for (const { difference } of packs) expect([0, null]).toContain(difference);
}, 3_600_000);
