import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createManualClock } from '../../src/clock.ts';
import { admit } from '../../src/ledger/admit.ts';
import { MoneySums } from '../../src/ledger/money-sums.ts';
import { openWork } from '../../src/ledger/open-work.ts';
import { moneyStatus } from '../../src/ledger/status.ts';
import { SumsCheck } from '../../src/ledger/sums-check.ts';
import { Ledger } from '../../src/outbox/ledger.ts';
import type { Store } from '../../src/store/store.ts';
import { admitHold, newHold, NOON } from './making.ts';
import { createMemoryStore, type MemoryStore } from './memory-store.ts';

const HOUR = 3_600_000;

let memory: MemoryStore;
let sums: MoneySums;
let faults: string[];
/** Runs during the scan, after it has read and before its result arrives. */
let meanwhile: () => Promise<unknown>;
let scans: number;
const clock = createManualClock(NOON);

const store: Pick<Store, 'read' | 'write'> = {
  async read(operation, args) {
    const result = await memory.run(operation, args);
    scans += 1;
    await meanwhile();
    return result;
  },
  write: (operation, args) => memory.run(operation, args),
};
const ledger = new Ledger({ store, publish: (facts) => sums.follow(facts), onError: () => undefined });
const hold = (id: string) => ledger.run(admit, { hold: newHold(id), guard: null, enforce: true });
const openCheck = () =>
  new SumsCheck({
    store,
    sums,
    clock,
    stuck: () => ({ usualMs: 600_000, byOperation: {} }),
    onError: (message, error) => void faults.push(`${message}: ${String(error)}`),
  });

beforeEach(async () => {
  memory = createMemoryStore();
  sums = new MoneySums();
  sums.begin(await memory.run(openWork, {}));
  faults = [];
  scans = 0;
  meanwhile = () => Promise.resolve();
});
afterEach(() => memory.close());

describe('the check of the sums', () => {
  it('finds no fault while creates are held during the scan', async () => {
    await hold('h1');
    meanwhile = () => hold('h2');
    await openCheck().check();
    expect(faults).toEqual([]);
    expect(sums.status({ at: NOON }).openHolds).toBe(2);
  });

  it('corrects sums that differ, and reports the kept and the counted values', async () => {
    await hold('h1');
    // Past the door, as no code may write.
    await admitHold(memory, newHold('h2', { credits: 500 }));
    meanwhile = () => hold('h3');
    await openCheck().check();
    expect(faults).toHaveLength(1);
    expect(faults[0]).toContain('a fault of ours: Error: kept {"openHolds":2');
    expect(faults[0]).toContain('counted {"openHolds":3,"heldCredits":20500');
    const { frozen: _frozen, ...counted } = await memory.run(moneyStatus, { at: NOON });
    expect(sums.status({ at: NOON })).toEqual(counted);
    faults = [];
    meanwhile = () => Promise.resolve();
    await openCheck().check();
    expect(faults).toEqual([]);
  });

  it('compares once an hour', async () => {
    const check = openCheck();
    check.start();
    await clock.advance(HOUR - 1);
    expect(scans).toBe(0);
    for (let minute = 0; minute < 20; minute += 1) {
      await clock.advance(60_000);
      // The scan is made of promises alone.
      for (let turn = 0; turn < 50; turn += 1) await Promise.resolve();
    }
    expect(scans).toBe(1);
    await check.stop();
  });
});
