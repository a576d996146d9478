import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { creditsRefused } from '../../../src/alerts/rules/credits-refused.ts';
import { queueFull } from '../../../src/alerts/rules/queue-full.ts';
import { klingRefuses } from '../../../src/alerts/rules/kling-refuses.ts';
import { WORDED_CODES } from '../../../src/alerts/rules/kling-refuses-words.ts';
import type { RefusalRecord } from '../../../src/calls/call.ts';
import { recordRefusals } from '../../../src/calls/call-table.ts';
import { CODES } from '../../../src/kling/codes.ts';
import { ACCOUNT_CODES } from '../../../src/ledger/account-refusals.ts';
import { freeze, unfreeze } from '../../../src/ledger/freeze.ts';
import { storeModules } from '../../../src/app/store-operations.ts';
import { admitHold, call, close, newHold, NOON, sighting } from '../../ledger/making.ts';
import { createMemoryStore, type MemoryStore } from '../../ledger/memory-store.ts';
import { settingsOf } from '../making.ts';
import { takeHeard } from './heard.ts';
import { findAt } from './look-at.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

let store: MemoryStore;
let made = 0;
beforeEach(() => {
  store = createMemoryStore(storeModules);
  made = 0;
});
afterEach(() => store.close());

function refusal(over: Partial<RefusalRecord>): RefusalRecord {
  return {
    id: `r${(made += 1)}`,
    requestId: `req${made}`,
    at: NOON,
    app: 'web',
    tag: null,
    method: 'POST',
    route: '/v1/videos/text2video',
    status: 403,
    word: 'budget_exceeded',
    message: '',
    credits: 35_000,
    budget: 'daily',
    wouldOnly: false,
    ...over,
  };
}

describe('credits_refused', () => {
  const refuse = (over: Partial<RefusalRecord>): Promise<void> => store.run(recordRefusals, [refusal(over)]);
  const find = (at: number, threshold = 1) =>
    findAt(store, creditsRefused, at, { rules: { credits_refused: { threshold } } });

  it('fires for each app with what was refused in ten minutes, and is over when that is long ago', async () => {
    await refuse({ at: NOON - 1 });
    await refuse({});
    await refuse({ at: NOON + MINUTE, word: 'task_too_expensive', budget: null, credits: 100_000 });
    await refuse({ at: NOON + MINUTE, app: 'batch', word: 'route_not_priced', budget: null });
    expect(await find(NOON + 10 * MINUTE - 1)).toEqual([
      {
        rule: 'credits_refused',
        labels: { app: 'web' },
        period: null,
        values: { word: 'task_too_expensive', budget: null, creates: 2, credits: 135_000 },
        since: NOON,
      },
      {
        rule: 'credits_refused',
        labels: { app: 'batch' },
        period: null,
        values: { word: 'route_not_priced', budget: null, creates: 1, credits: 35_000 },
        since: NOON + MINUTE,
      },
    ]);
    expect(await find(NOON + 11 * MINUTE)).toEqual([]);
  });

  it('fires at the threshold of credits, and not below', async () => {
    await refuse({ credits: 49_999 });
    expect(await find(NOON, 50)).toEqual([]);
    await refuse({ credits: 1 });
    expect(await find(NOON, 50)).toMatchObject([{ values: { credits: 50_000, budget: 'daily' } }]);
  });

  it('leaves out what observe let through, a freeze, and refusals that are not about money', async () => {
    await refuse({ wouldOnly: true });
    await refuse({ word: 'spending_frozen' });
    await refuse({ word: 'account_refused' });
    await refuse({ word: 'rate_limited' });
    expect(await find(NOON)).toEqual([]);
  });

  it('reports the 20 apps that lost most, since callers may invent names', async () => {
    for (let app = 0; app < 30; app += 1) await refuse({ app: `app-${app}`, credits: 1_000 * (app + 1) });
    const found = (await find(NOON)) ?? [];
    expect(found.map(({ labels }) => labels['app'])).toEqual(
      Array.from({ length: 20 }, (_, index) => `app-${29 - index}`),
    );
  });
});

describe('queue_full', () => {
  const refuse = (at: number, over: Partial<RefusalRecord> = {}): Promise<void> =>
    store.run(recordRefusals, [refusal({ at, status: 429, word: 'queue_full', budget: null, ...over })]);
  const pool = { queued: 3, queueMax: 256 };
  const pools = [
    { name: 'video', inUse: 5, limit: 5, ...pool },
    { name: 'image', inUse: 2, limit: 9, ...pool },
  ];
  const find = (at: number, threshold?: number) =>
    findAt(store, queueFull, at, {
      signals: { pools },
      ...(threshold !== undefined && { rules: { queue_full: { threshold } } }),
    });

  it('fires at ten creates without a slot in ten minutes, names the full pools, and is over when that is long ago', async () => {
    for (let index = 0; index < 9; index += 1) await refuse(NOON + index * 1_000);
    await refuse(NOON, { word: 'budget_exceeded' });
    await refuse(NOON, { wouldOnly: true });
    expect(await find(NOON + MINUTE)).toEqual([]);
    await refuse(NOON + MINUTE);
    const values = { creates: 10, threshold: 10, pools: 'video 5/5' };
    expect(await find(NOON + MINUTE)).toEqual([
      { rule: 'queue_full', labels: {}, period: null, values, since: NOON + MINUTE },
    ]);
    expect(await find(NOON + 10 * MINUTE + 1)).toEqual([]);
    expect(await find(NOON + 10 * MINUTE + 1, 9)).toMatchObject([{ values: { creates: 9, threshold: 9 } }]);
  });
});

describe('kling_refuses', () => {
  interface Sent {
    at: number;
    /** Kling's code; 0 makes a task. */
    code: number;
    hold?: Parameters<typeof newHold>[1];
  }

  /** Sends a create that Kling answers with a code. */
  async function send({ at, code, hold }: Sent): Promise<void> {
    const id = `h${(made += 1)}`;
    await admitHold(store, newHold(id, { at, ...hold }));
    const status = code === 0 ? 200 : (CODES.find((known) => known.code === code)?.status ?? 500);
    const outcome = code === 0 ? 'ok' : status === 429 ? 'throttled' : 'client_error';
    const calls = [
      call(`c${made}`, {
        at,
        code,
        status,
        outcome,
        holdId: id,
        route: hold?.route ?? '/v1/videos/text2video',
      }),
    ];
    const end =
      code === 0
        ? ({ kind: 'task', sighting: sighting(`t${made}`) } as const)
        : ({ kind: 'refused', evidence: `${code}` } as const);
    await close(store, id, end, { at, calls });
  }
  const find = (at: number) => findAt(store, klingRefuses, at);
  const labels = async (at: number) => ((await find(at)) ?? []).map((found) => found.labels);
  const IMAGE = { product: 'image', operation: 'image', route: '/v1/images/generations' } as const;

  it.each(ACCOUNT_CODES)('fires for code %d until Kling takes such a create again', async (code) => {
    await send({ at: NOON, code: 0 });
    await send({ at: NOON + MINUTE, code });
    await send({ at: NOON + 2 * MINUTE, code });
    const [found] = (await find(NOON + 3 * MINUTE)) ?? [];
    expect(found).toMatchObject({
      labels: { code: String(code) },
      period: null,
      values: { calls: 2, lastAt: NOON + 2 * MINUTE },
      since: NOON + MINUTE,
    });
    expect(found?.severity).toBe(code === 1103 ? 'ticket' : undefined);
    await send({ at: NOON + 4 * MINUTE, code: 0 });
    expect(await find(NOON + 5 * MINUTE)).toEqual([]);
    await send({ at: NOON + 6 * MINUTE, code });
    expect(await find(NOON + 7 * MINUTE)).toMatchObject([{ since: NOON + 6 * MINUTE, values: { calls: 1 } }]);
  });

  it('knows every code that is the whole account’s, in words, and no other', async () => {
    const wide = CODES.filter(({ accountWide }) => accountWide).map(({ code }) => code);
    expect([...ACCOUNT_CODES].sort()).toEqual(wide.sort());
    expect([...WORDED_CODES].sort()).toEqual(wide.sort());
    await send({ at: NOON, code: 1302 });
    await send({ at: NOON, code: 1201 });
    expect(await find(NOON + MINUTE)).toEqual([]);
  });

  it('keeps a pack that is empty apart from the packs of the other product', async () => {
    await send({ at: NOON, code: 1102 });
    await send({ at: NOON + 1, code: 1102, hold: IMAGE });
    await send({ at: NOON + 2, code: 0, hold: IMAGE });
    expect(await labels(NOON + MINUTE)).toEqual([{ code: '1102', product: 'video' }]);
  });

  it('keeps a right that is missing to its route and model', async () => {
    await send({ at: NOON, code: 1103, hold: { model: 'kling-v3' } });
    await send({ at: NOON + 1, code: 0, hold: { model: 'kling-v1' } });
    await send({ at: NOON + 2, code: 0, hold: { ...IMAGE, model: 'kling-v3' } });
    expect(await labels(NOON + MINUTE)).toEqual([
      { code: '1103', route: '/v1/videos/text2video', model: 'kling-v3' },
    ]);
    await send({ at: NOON + 3, code: 0, hold: { model: 'kling-v3' } });
    expect(await labels(NOON + MINUTE)).toEqual([]);
  });

  it('forgets what was refused a day ago, and nothing by a restart', async () => {
    await send({ at: NOON, code: 1101 });
    expect(await labels(NOON + 24 * HOUR)).toEqual([{ code: '1101' }]);
    expect(await labels(NOON + 24 * HOUR + 1)).toEqual([]);
  });
});

describe('spending_frozen', () => {
  it('begins with the order, with its reason, and ends with the other one, which says by whom and why', async () => {
    const heard = () => takeHeard(store);
    await store.run(freeze, { reason: 'a loop', actor: 'ann', at: NOON });
    const key = { rule: 'spending_frozen', labels: {}, period: null };
    expect(await heard()).toEqual({
      found: [{ ...key, values: { reason: 'a loop', actor: 'ann' }, since: NOON }],
      over: [],
    });
    await store.run(freeze, { reason: 'still', actor: 'bob', at: NOON + 1 });
    expect(await heard()).toEqual({ found: [], over: [] });
    await store.run(unfreeze, { reason: 'mended', actor: 'bob', at: NOON + HOUR });
    expect(await heard()).toEqual({
      found: [],
      over: [{ ...key, values: { endReason: 'mended', endActor: 'bob' } }],
    });
  });
});

describe('route_unpriced', () => {
  it('begins with the first create of a route or model without a price, and is on by default', async () => {
    const unknown = { route: 'unknown', operation: 'unknown', model: null, basis: 'unknown' } as const;
    await admitHold(store, newHold('a', { ...unknown, path: '/v2/clips/12345678', credits: 450_000 }));
    await admitHold(store, newHold('b', { ...unknown, path: '/v2/clips/87654321' }));
    await admitHold(store, newHold('c', { basis: 'assumed', model: 'other', credits: 70_000 }));
    const { found } = await takeHeard(store, settingsOf());
    expect(found).toEqual([
      {
        rule: 'route_unpriced',
        labels: { route: '/v2/clips/*' },
        period: null,
        values: { app: 'default', heldCredits: 450_000, isUnknown: true },
        since: NOON,
      },
      {
        rule: 'route_unpriced',
        labels: { route: '/v1/videos/text2video', model: 'other' },
        period: null,
        values: { app: 'default', heldCredits: 70_000, isUnknown: false },
        since: NOON,
      },
    ]);
  });
});
