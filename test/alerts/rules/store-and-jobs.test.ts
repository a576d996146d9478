import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { diskLow, walLarge } from '../../../src/alerts/rules/disk-low.ts';
import { jobRules } from '../../../src/alerts/rules/job-rules.ts';
import { storeTrouble } from '../../../src/alerts/rules/store-trouble.ts';
import { applyBudgets } from '../../../src/budget/budget-table.ts';
import type { Fact } from '../../../src/facts.ts';
import { noteVerification } from '../../../src/ledger/verification-table.ts';
import { verifyLedger } from '../../../src/ledger/verify.ts';
import { defineFactWrite, waitingFacts } from '../../../src/outbox/outbox-table.ts';
import { admitHold, newHold, NOON, rule } from '../../ledger/making.ts';
import { createMemoryStore, type MemoryStore } from '../../ledger/memory-store.ts';
import { settingsOf } from '../making.ts';
import { findAt } from './look-at.ts';

const MIB = 1_048_576;

let store: MemoryStore;
beforeEach(() => (store = createMemoryStore()));
afterEach(() => store.close());

describe('store_trouble', () => {
  const find = (signals = {}) => findAt(store, storeTrouble, NOON, { signals });
  const found = (trouble: string, values = {}, since = NOON) => ({
    rule: 'store_trouble',
    labels: { trouble },
    period: null,
    values,
    since,
  });

  it('fires for writes that fail and for files that are gone, each apart', async () => {
    expect(await find()).toEqual([]);
    expect(await find({ isStoreWritable: false, storeLost: 'sidecar.db is gone' })).toEqual([
      found('writes'),
      found('lost', { why: 'sidecar.db is gone' }),
    ]);
  });

  it('fires from the verification on that finds the ledger wrong, until one finds it right', async () => {
    const verify = async (at: number) => {
      const { problems } = await store.run(verifyLedger, {});
      await store.run(noteVerification, { at, problems });
    };
    await store.run(applyBudgets, { rules: [rule()], at: NOON });
    await admitHold(store, newHold('a'));
    await verify(NOON);
    expect(await find()).toEqual([]);
    store.db.exec('UPDATE budget_counters SET held = held + 5');
    await verify(NOON + 1);
    const [trouble] = (await find()) ?? [];
    expect(trouble).toMatchObject(found('ledger', { problems: 1 }, NOON + 1));
    expect(trouble?.values['first']).toContain('daily');
    store.db.exec('UPDATE budget_counters SET held = held - 5');
    await verify(NOON + 2);
    expect(await find()).toEqual([]);
  });

  it('still fires if the store can no longer be read', async () => {
    store.close();
    expect(await find({ isStoreWritable: false })).toEqual([found('writes')]);
    await expect(find()).rejects.toThrow();
    store = createMemoryStore();
  });
});

describe('disk_low', () => {
  const find = (freeBytes: number) =>
    findAt(store, diskLow, NOON, { signals: { disk: { freeBytes, totalBytes: 1000 } } });

  it('fires below 5 % of free space, and not at it', async () => {
    expect(await find(50)).toEqual([]);
    const values = { freeBytes: 49, totalBytes: 1000, share: 0.049, threshold: 0.05 };
    expect(await find(49)).toEqual([{ rule: 'disk_low', labels: {}, period: null, values, since: NOON }]);
    expect(await findAt(store, diskLow, NOON, { signals: { disk: null } })).toBeNull();
  });
});

describe('wal_large', () => {
  const find = (walBytes: number | null) => findAt(store, walLarge, NOON, { signals: { walBytes } });

  it('fires above 256 MiB, and not at it', async () => {
    expect(await find(256 * MIB)).toEqual([]);
    const values = { walBytes: 256 * MIB + 1, thresholdMiB: 256 };
    expect(await find(256 * MIB + 1)).toEqual([
      { rule: 'wal_large', labels: {}, period: null, values, since: NOON },
    ]);
    expect(await find(null)).toBeNull();
  });
});

describe('jobs', () => {
  const note = defineFactWrite('test.noteFact', (_tx, fact: Fact) => Promise.resolve({ facts: [fact] }), {
    scope: 'own',
  });
  const ended = { kind: 'job_ended' as const, job: 'backup', result: 'ok' as const, error: null, missed: 0 };

  /** Keeps facts in the outbox and gives what the rules say to each. */
  const heard = async (...facts: Fact[]) => {
    for (const fact of facts) await store.run(note, fact);
    const settings = settingsOf();
    const { due } = await store.run(waitingFacts, { receiver: 'log', at: Infinity, limit: 10 });
    return due.map(({ fact }) =>
      jobRules.map(({ ofFact, word }) => ofFact?.(fact, settings.rules[word], settings)),
    );
  };
  const failed = { rule: 'job_failed', labels: { job: 'backup' }, period: null };

  it('that fail are reported until they run well', async () => {
    const error = 'the disk is full';
    expect(await heard({ ...ended, result: 'failed', error, at: NOON }, { ...ended, at: NOON + 1 })).toEqual([
      [{ found: [{ ...failed, values: { error }, since: NOON }] }, {}],
      [{ over: [failed] }, {}],
    ]);
  });

  it('whose runs were missed are reported once a day', async () => {
    const [[, missed] = []] = await heard({ ...ended, missed: 3, at: NOON });
    expect(missed).toEqual({
      found: [
        {
          rule: 'job_missed',
          labels: { job: 'backup' },
          period: '2026-11-18',
          values: { missed: 3 },
          since: NOON,
        },
      ],
    });
  });
});
