/** What `status` says of the last hour, compared with the rows that it counts. */
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { listCalls } from '../../src/calls/call-list.ts';
import { recordRefusals } from '../../src/calls/call-table.ts';
import type { RefusalRecord } from '../../src/calls/call.ts';
import { listRefusals } from '../../src/calls/refusal-list.ts';
import { newId } from '../../src/ids.ts';
import { CREATES_MAX, lastHour } from '../../src/ledger/last-hour.ts';
import { journalCalls } from '../../src/sla/journal.ts';
import { CALL_OUTCOMES } from '../../src/words.ts';
import { admitHold, call, close, insertSettled, newHold, NOON, sighting } from './making.ts';
import { createMemoryStore, type MemoryStore } from './memory-store.ts';

const MINUTE = 60_000;

let store: MemoryStore;
beforeEach(() => void (store = createMemoryStore()));
afterEach(() => store.close());

const journal = (calls: Parameters<typeof call>[1][]) =>
  store.run(journalCalls, { calls: calls.map((over, at) => call(`call_${at}`, over)), instance: 'test' });

const refusal = (at: number, wouldOnly = false): RefusalRecord => ({
  id: newId('refusal', at),
  requestId: `req_${at}`,
  at,
  app: 'default',
  tag: null,
  method: 'POST',
  route: '/v1/videos/text2video',
  status: 403,
  word: 'budget_exceeded',
  message: 'no',
  credits: 10_000,
  budget: 'daily',
  wouldOnly,
});

describe('the last hour', () => {
  it('is empty in a new store', async () => {
    expect(await store.run(lastHour, { at: NOON })).toEqual({
      from: NOON - 55 * MINUTE,
      calls: [],
      failedTasks: { tasks: 0, from: NOON - 55 * MINUTE },
      refused: 0,
    });
  });

  it('counts the calls that a list from its start shows, by outcome', async () => {
    const anyCall = fc.record({
      at: fc.integer({ min: NOON - 80 * MINUTE, max: NOON }),
      outcome: fc.constantFrom(...CALL_OUTCOMES),
      code: fc.constantFrom(0, 5001),
      host: fc.constantFrom('a.example', 'b.example'),
      attempt: fc.constantFrom(1, 2),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.array(anyCall, { maxLength: 40 }),
        fc.integer({ min: 0, max: 400_000 }),
        async (calls, later) => {
          store = createMemoryStore();
          await journal(calls);
          const { from, calls: counted } = await store.run(lastHour, { at: NOON + later });
          expect(NOON + later - from).toBeGreaterThanOrEqual(55 * MINUTE);
          expect(NOON + later - from).toBeLessThan(60 * MINUTE);
          for (const outcome of CALL_OUTCOMES) {
            const { calls: listed } = await store.run(listCalls, { from, outcome, limit: 100, cursor: null });
            const number = counted.find((row) => row.outcome === outcome)?.calls ?? 0;
            expect([outcome, number]).toEqual([outcome, listed.length]);
          }
          store.close();
        },
      ),
      { numRuns: 60 },
    );
    store = createMemoryStore();
  });

  it('counts what was refused, and not what observe mode only noted', async () => {
    const times = [NOON - 70 * MINUTE, NOON - 54 * MINUTE, NOON];
    await store.run(recordRefusals, [...times.map((at) => refusal(at)), refusal(NOON, true)]);
    const { from, refused } = await store.run(lastHour, { at: NOON });
    const { refusals } = await store.run(listRefusals, { from, wouldOnly: false, limit: 10, cursor: null });
    expect([refused, refusals.length]).toEqual([2, 2]);
  });

  it('counts the failed tasks of the hour’s creates, of the newest thousand at most', async () => {
    const states = ['failed', 'succeeded', 'failed', 'submitted'] as const;
    for (const [place, state] of states.entries()) {
      const at = NOON - (place === 0 ? 70 : 1) * MINUTE;
      await admitHold(store, newHold(`h${place}`, { at }));
      await close(store, `h${place}`, { kind: 'task', sighting: sighting(`t${place}`, { state }) }, { at });
    }
    const failedTasks = async () => (await store.run(lastHour, { at: NOON })).failedTasks;
    expect(await failedTasks()).toEqual({ tasks: 1, from: NOON - 55 * MINUTE });
    for (let place = 0; place < CREATES_MAX; place += 1)
      insertSettled(store, { id: `n${place}`, at: NOON - 1000 + place, credits: 1, basis: 'reported' });
    // There may be more of the oldest instant than were counted.
    expect(await failedTasks()).toEqual({ tasks: 0, from: NOON - 999 });
  });
});
