import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { CallRecord } from '../../src/calls/call.ts';
import { recordControlCheck } from '../../src/sla/blame-table.ts';
import { addExclusion } from '../../src/sla/exclusion-table.ts';
import { journalCalls } from '../../src/sla/journal.ts';
import { ledgerModules } from '../../src/ledger/ledger-modules.ts';
import { verifySla } from '../../src/sla/verify.ts';
import { selectSlices } from '../../src/sla/window-table.ts';
import { WINDOW_MS } from '../../src/sla/window.ts';
import { defineRead } from '../../src/store/operation.ts';
import { admitHold, call as createCall, close, newHold, sighting, NOON as DAY } from '../ledger/making.ts';
import { createMemoryStore, type MemoryStore } from '../ledger/memory-store.ts';
import { journalled, newCall, newUnreachable } from './making.ts';
import { createSlaStore } from './sla-store.ts';

const NOON = Date.UTC(2026, 9, 5, 12);
const HOUR = 12 * WINDOW_MS;
const slicesOf = defineRead('test.slices', (tx) => selectSlices(tx, { start: 0, end: NOON * 2 }));

let store: MemoryStore;
beforeEach(() => void (store = createSlaStore()));
afterEach(() => store.close());

const writers = (of: MemoryStore) =>
  of.db.prepare<[], string>('SELECT DISTINCT writer FROM sla_windows ORDER BY writer').pluck().all();

const calls = fc.array(
  fc.record({
    instance: fc.constantFrom(null, 'one', 'two'),
    at: fc.integer({ min: NOON, max: NOON + HOUR - 1 }),
    kind: fc.constantFrom(200, 429, 500, 'unreachable' as const),
  }),
  { minLength: 1, maxLength: 30 },
);

describe('windows that several instances count', () => {
  it('have the same sums as those that one counts, with checks and exclusions, for any calls', async () => {
    const spans = fc.record({ from: fc.nat(HOUR - 1), length: fc.integer({ min: 1, max: HOUR }) });
    const checks = fc.integer({ min: NOON, max: NOON + HOUR });
    await fc.assert(
      fc.asyncProperty(calls, checks, spans, async (made, checkedAt, span) => {
        const one = createSlaStore();
        const several = createSlaStore();
        const records = made.map(({ instance, at, kind }): [string | null, CallRecord] => [
          instance,
          kind === 'unreachable' ? newUnreachable({ at, durationMs: 1 }) : newCall({ at, status: kind }),
        ]);
        const start = NOON + span.from;
        const exclusion = {
          start,
          end: start + span.length,
          clause: '2.2(i)',
          source: 's',
          actor: 'me',
          at: NOON,
        };
        for (const [own, isOne] of [
          [one, true],
          [several, false],
        ] as const) {
          for (const [instance, record] of records) {
            await own.run(journalCalls, journalled([record], isOne ? null : instance));
          }
          await own.run(recordControlCheck, { at: checkedAt, reached: true, resolved: true, detail: [] });
          await own.run(addExclusion, exclusion);
        }
        expect(await several.run(slicesOf, undefined)).toEqual(await one.run(slicesOf, undefined));
        const read = { read: several.run } as const;
        const { differences, attempts } = await verifySla(read, { start: 0, end: Number.MAX_SAFE_INTEGER });
        expect([differences, attempts]).toEqual([[], made.length]);
        one.close();
        several.close();
      }),
      { numRuns: 60 },
    );
  });

  it('are rows of each instance, and of the store’s own name without one', async () => {
    const name = store.db.prepare<[], string>('SELECT source FROM sla_self').pluck().get() ?? '';
    for (const instance of ['one', 'two', null]) {
      await store.run(journalCalls, journalled([newCall({ at: NOON })], instance));
    }
    expect(writers(store)).toEqual(['one', name, 'two'].toSorted());
  });

  it('are counted by the owner of a create, in the usual case and in any other', async () => {
    for (const [i, end] of [
      { kind: 'task', sighting: sighting('task-0') } as const,
      { kind: 'refused', evidence: 'code 1201' } as const,
    ].entries()) {
      const holdId = `hold_${i}`;
      const upstream = { host: 'api.example:443', account: 'key-0' };
      await admitHold(
        store,
        newHold(holdId, { owner: { instance: `instance-${i}`, generation: 1 }, upstream }),
      );
      const made = createCall(`call_${i}`, {
        holdId,
        requestId: `req_${holdId}`,
        taskId: i === 0 ? 'task-0' : null,
      });
      await close(store, holdId, end, { at: DAY, calls: [made] });
    }
    expect(writers(store)).toEqual(['instance-0', 'instance-1']);
  });
});

it('keeps the counts of 0.1.0 as those of the store’s own name', () => {
  const old = createMemoryStore(
    ledgerModules,
    (db) =>
      void db.exec(
        `INSERT INTO sla_windows VALUES (${NOON}, 'h', 'app', 0, 1, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10)`,
      ),
  );
  const moved = old.db.prepare('SELECT w.*, s.source FROM sla_windows w CROSS JOIN sla_self s').get();
  expect(moved).toMatchObject({ window_start: NOON, excluded: 1, ok: 1, maintenance: 5, aborted: 10 });
  expect(moved).toHaveProperty('writer', (moved as { source: string }).source);
  old.close();
});
