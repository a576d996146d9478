import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { listAudit } from '../../src/ledger/audit.ts';
import { correctBlame, recordControlCheck } from '../../src/sla/blame-table.ts';
import {
  addExclusion,
  listExclusions,
  syncConfigExclusions,
  withdrawExclusion,
} from '../../src/sla/exclusion-table.ts';
import { journalCalls } from '../../src/sla/journal.ts';
import { readMonth } from '../../src/sla/month-table.ts';
import { verifyWindows } from '../../src/sla/verify.ts';
import type { MemoryStore } from '../ledger/memory-store.ts';
import { ask, newCall, newUnreachable, journalled } from './making.ts';
import { createSlaStore } from './sla-store.ts';

const NOON = Date.UTC(2026, 9, 5, 12);
const MINUTE = 60_000;
const WHOLE_MONTH = { start: Date.UTC(2026, 8, 29), end: Date.UTC(2026, 10, 3) };

let store: MemoryStore;

beforeEach(() => {
  store = createSlaStore();
});
afterEach(async () => {
  const check = await store.run(verifyWindows, WHOLE_MONTH);
  store.close();
  expect(check.differences).toEqual([]);
});

const exclude = (start: number, end: number) =>
  store.run(addExclusion, {
    start,
    end,
    clause: '2.2(i)',
    source: 'notice of 1 October',
    actor: 'ana',
    at: NOON,
  });

describe('exclusions', () => {
  it('take errors out of the numerator and leave answers valid, to the millisecond', async () => {
    await store.run(
      journalCalls,
      journalled([
        newCall({ at: NOON + 100, status: 500 }),
        newCall({ at: NOON + 200, status: 500 }),
        newCall({ at: NOON + 300, status: 500 }),
      ]),
    );
    await exclude(NOON + 200, NOON + 300);
    await store.run(journalCalls, journalled([newCall({ at: NOON + 250, status: 502 })]));
    const { requests } = await store.run(readMonth, ask());
    expect(requests).toMatchObject({ valid: 4, errors: 2, excluded: 2 });
  });

  it('hold their first millisecond and not their last, for calls of before and of after', async () => {
    const [start, end] = [NOON, NOON + 10 * MINUTE];
    const edges = (name: string) =>
      [start - 1, start, end - 1, end].map((at) => newCall({ id: `call_${name}_${at}`, at, status: 500 }));
    await store.run(journalCalls, journalled(edges('before')));
    await exclude(start, end);
    await store.run(journalCalls, journalled(edges('after')));
    const { requests } = await store.run(readMonth, ask());
    expect(requests).toMatchObject({ valid: 8, errors: 4, excluded: 4 });
  });

  it('that overlap count once, and give everything back when withdrawn', async () => {
    await store.run(
      journalCalls,
      journalled(
        Array.from({ length: 30 }, (_, index) => newCall({ at: NOON + index * MINUTE, status: 500 })),
      ),
    );
    const errors = async () => (await store.run(readMonth, ask())).requests.errors;
    const first = await exclude(NOON, NOON + 12 * MINUTE + 1);
    const second = await exclude(NOON + 11 * MINUTE, NOON + 20 * MINUTE);
    expect(await errors()).toBe(10);
    await store.run(withdrawExclusion, { id: first.id, actor: 'ben', reason: 'a mistake', at: NOON });
    expect(await errors()).toBe(21);
    await store.run(withdrawExclusion, { id: second.id, actor: 'ben', reason: 'a mistake', at: NOON });
    expect(await errors()).toBe(30);
    await expect(
      store.run(withdrawExclusion, { id: second.id, actor: 'ben', reason: 'again', at: NOON }),
    ).rejects.toMatchObject({ code: 'not_found' });
    const { audit } = await store.run(listAudit, { limit: 10, cursor: null });
    expect(audit.map((row) => `${row.action} ${row.actor}`).sort()).toEqual([
      'sla.exclude ana',
      'sla.exclude ana',
      'sla.withdraw ben',
      'sla.withdraw ben',
    ]);
  });

  it('refuse to cut a window whose calls the journal has dropped, but take whole ones', async () => {
    await store.run(
      journalCalls,
      journalled([newCall({ at: NOON, status: 500 }), newCall({ at: NOON + 1, status: 500 })]),
    );
    store.db.exec('DELETE FROM journal');
    await expect(exclude(NOON + 1, NOON + 2)).rejects.toMatchObject({ code: 'bad_usage' });
    await exclude(NOON, NOON + 300_000);
    expect((await store.run(readMonth, ask())).requests).toMatchObject({ errors: 0, excluded: 2, valid: 2 });
    store.db.exec('DELETE FROM sla_windows');
  });

  it('of the config follow the config', async () => {
    const one = { start: NOON, end: NOON + 1000, clause: '1.2(i)', source: 'mail' };
    const two = { start: NOON, end: NOON + 2000, clause: '1.2(i)', source: 'mail' };
    await store.run(journalCalls, journalled([newCall({ at: NOON + 1500, status: 500 })]));
    expect(await store.run(syncConfigExclusions, { exclusions: [one], at: NOON })).toEqual({
      added: 1,
      withdrawn: 0,
    });
    expect(await store.run(syncConfigExclusions, { exclusions: [one], at: NOON })).toEqual({
      added: 0,
      withdrawn: 0,
    });
    expect(await store.run(syncConfigExclusions, { exclusions: [two], at: NOON })).toEqual({
      added: 1,
      withdrawn: 1,
    });
    expect((await store.run(listExclusions, {})).map((row) => [row.end, row.actor])).toEqual([
      [NOON + 2000, 'config'],
    ]);
    expect((await store.run(readMonth, ask())).requests.excluded).toBe(1);
  });

  it('leave the counts equal to the journal under any mixture of calls, exclusions and corrections', async () => {
    const span = fc
      .tuple(fc.nat(1800_000), fc.integer({ min: 1, max: 900_000 }))
      .map(([from, length]) => ({ start: NOON + from, end: NOON + from + length }));
    const step = fc.oneof(
      fc.record({
        do: fc.constant('call' as const),
        at: fc.nat(1800_000),
        status: fc.constantFrom(200, 500, 503, null),
        lost: fc.boolean(),
      }),
      fc.record({ do: fc.constant('exclude' as const), span }),
      fc.record({ do: fc.constant('withdraw' as const), which: fc.nat(5) }),
      fc.record({
        do: fc.constant('correct' as const),
        span,
        blame: fc.constantFrom('upstream' as const, 'local' as const),
      }),
      fc.record({ do: fc.constant('check' as const), at: fc.nat(1800_000), reached: fc.boolean() }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
        const own = createSlaStore();
        const ids: string[] = [];
        for (const one of steps) {
          if (one.do === 'call') {
            const at = NOON + one.at;
            const call =
              one.status === null && one.lost ? newUnreachable({ at }) : newCall({ at, status: one.status });
            await own.run(journalCalls, journalled([call]));
          } else if (one.do === 'exclude') {
            const { id } = await own.run(addExclusion, {
              ...one.span,
              clause: '2.2(x)',
              source: 'y',
              actor: 'z',
              at: NOON,
            });
            ids.push(id);
          } else if (one.do === 'withdraw') {
            const [id] = ids.splice(one.which, 1);
            if (id) await own.run(withdrawExclusion, { id, actor: 'z', reason: 'r', at: NOON });
          } else if (one.do === 'correct') {
            await own.run(correctBlame, { ...one.span, blame: one.blame, source: 's', actor: 'z', at: NOON });
          } else {
            const { reached } = one;
            const check = { at: NOON + one.at, reached, resolved: reached, detail: [] };
            await own.run(recordControlCheck, check);
          }
          const { differences } = await own.run(verifyWindows, WHOLE_MONTH);
          expect(differences).toEqual([]);
        }
        own.close();
      }),
      { numRuns: 60 },
    );
  });
});
