import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Pack } from '../../src/account/account.ts';
import { createManualClock, type ManualClock } from '../../src/clock.ts';
import { AccountLimits, type LimitSettings } from '../../src/pacing/account-limits.ts';
import { QUIET_MS_MIN } from '../../src/pacing/learned-limits.ts';
import { Slots } from '../../src/pacing/slots.ts';
import { storeModules } from '../../src/app/store-operations.ts';
import { createMemoryStore, type MemoryStore } from '../ledger/memory-store.ts';
import { create, packOf } from './asked.ts';

const START = Date.UTC(2026, 9, 20);
const DAY = 86_400_000;
const OPEN: LimitSettings = { concurrency: {}, tier: null, usesPacks: true };

let clock: ManualClock;
let store: MemoryStore;
let settings: LimitSettings;
let upstream: string;
let slots: Slots;
let limits: AccountLimits;
let running: AccountLimits[];

beforeEach(async () => {
  clock = createManualClock(START);
  store = createMemoryStore(storeModules);
  settings = OPEN;
  upstream = 'kling.example main';
  running = [];
  await open();
});
afterEach(async () => {
  for (const one of running) await one.stop();
  store.close();
});

/** Begins anew, as after a restart. */
async function open(packs: readonly Pack[] = []): Promise<void> {
  limits = new AccountLimits({
    store: { read: store.run, write: store.run },
    clock,
    settings: () => settings,
    upstream: () => upstream,
    pools: () => slots.pools(),
    onChange: () => slots.limitsChanged(),
    onError: (message, error) => {
      throw new Error(message, { cause: error });
    },
  });
  running.push(limits);
  slots = new Slots(
    { isPaced: true, limits, requestsPerMinute: null, queueWaitMsMax: 25_000, queueLengthMax: 100 },
    clock,
  );
  await limits.begin(packs);
}

let holds = 0;
/** Enters as many creates as get a slot at once, at most `max`. */
function fill(max: number): number {
  for (let i = 0; i < max; i += 1) {
    const ticket = slots.enterNow(create({ model: 'kling-v3' }));
    if (ticket === null) return i;
    ticket.keepFor(`hold_${(holds += 1)}`);
  }
  return max;
}

const refuse = (): void =>
  slots.throttled({ code: 1303, pools: ['video', 'kling-v3'], weight: 1, retryAfterMs: null });

const pack = (over: Partial<Pack> = {}): Pack =>
  packOf({ effectiveAt: START, invalidAt: START + DAY, ...over });

describe('limits of the account', () => {
  it('are none at first, and learned from a refusal with its slots in use', () => {
    expect(limits.of('video')).toBeNull();
    expect(fill(6)).toBe(6);
    refuse();
    expect(limits.of('video')).toEqual({ limit: 5, source: 'learned' });
    expect(limits.of('kling-v3')).toBeNull();
    expect(fill(1)).toBe(0);
    expect([...limits.names()]).toEqual(['video']);
  });

  it('learn nothing where the config, a pack or a tier names the limit', async () => {
    await open([pack()]);
    expect(fill(9)).toBe(5);
    refuse();
    expect(limits.of('video')).toEqual({ limit: 5, source: 'pack' });
    settings = { ...OPEN, usesPacks: false, tier: { concurrency: 3 } };
    limits.applyConfig();
    refuse();
    expect(limits.of('video')).toEqual({ limit: 3, source: 'tier' });
    settings = OPEN;
    limits.notePacks([], 'kling.example other');
    limits.notePacks([], upstream);
    expect(limits.of('video')).toBeNull();
  });

  it('let waiting creates go when a pack with more slots begins, and follow its end', async () => {
    const larger = pack({
      id: 'q',
      name: 'Video-500Units-7Con-1Months',
      effectiveAt: START + 10_000,
      invalidAt: START + 30_000,
    });
    await open([pack(), larger]);
    expect(fill(9)).toBe(5);
    const waiting = slots.enter(create());
    await clock.advance(10_000);
    (await waiting).keepFor('late');
    expect(limits.of('video')).toEqual({ limit: 7, source: 'pack' });
    await clock.advance(20_000);
    expect(limits.of('video')).toEqual({ limit: 5, source: 'pack' });
    await clock.advance(DAY);
    expect(limits.of('video')).toBeNull();
  });

  it('are known after a restart, for the upstream that taught them', async () => {
    fill(4);
    refuse();
    await clock.advance(0);
    await open();
    expect(limits.of('video')).toEqual({ limit: 3, source: 'learned' });
    upstream = 'kling.example other';
    await open();
    expect(limits.of('video')).toBeNull();
    upstream = 'kling.example main';
    await limits.begin([]);
    expect(limits.of('video')).toEqual({ limit: 3, source: 'learned' });
  });

  it('take tasks that are not ours into account, whether they are counted before a refusal or after it', async () => {
    fill(4);
    refuse();
    expect(limits.of('video')?.limit).toBe(3);
    slots.setElsewhere('video', 2);
    limits.noteForeign('video', 2);
    expect(limits.of('video')).toEqual({ limit: 5, source: 'learned' });
    expect(fill(1)).toBe(0);
    // Now 4 and 2 are in use, with the refused create.
    refuse();
    expect(limits.of('video')?.limit).toBe(5);
    limits.noteForeign('video', null);
    await open();
    expect(limits.of('video')?.limit).toBe(5);
  });

  it('are raised by one after a quiet time at the limit, which lets a waiting create go', async () => {
    fill(4);
    refuse();
    slots.free(`hold_${holds}`);
    await clock.advance(QUIET_MS_MIN - 10_000);
    expect(limits.of('video')?.limit).toBe(3);
    const waiting = slots.enter(create());
    await clock.advance(20_000);
    expect((await waiting).waitedMs).toBeLessThan(20_000);
    expect(limits.of('video')).toEqual({ limit: 4, source: 'learned' });
    refuse();
    expect(limits.of('video')).toEqual({ limit: 3, source: 'learned' });
  });

  it('are not raised while the pool is below its limit', async () => {
    fill(4);
    refuse();
    for (let i = 0; i < 2; i += 1) slots.free(`hold_${holds - i}`);
    for (let i = 0; i < 100; i += 1) await clock.advance(10_000);
    expect(limits.of('video')?.limit).toBe(3);
  });
});
