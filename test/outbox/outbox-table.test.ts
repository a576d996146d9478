import { readdirSync, readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { applyBudgets } from '../../src/budget/budget-table.ts';
import { recordDraft } from '../../src/claims/claim-table.ts';
import { noteDeadlines } from '../../src/claims/notices.ts';
import type { Fact } from '../../src/facts.ts';
import { freeze } from '../../src/ledger/freeze.ts';
import { recordLookUps } from '../../src/ledger/look-up.ts';
import {
  defineFactWrite,
  dropDelivered,
  markDeliveries,
  waitingFacts,
} from '../../src/outbox/outbox-table.ts';
import { admitHold, close, newHold, NOON, row, rule, sighting } from '../ledger/making.ts';
import { createMemoryStore, type MemoryStore } from '../ledger/memory-store.ts';

const DAY_MS = 86_400_000;
const ORDER = { reason: 'runaway loop', actor: 'ann' };
const CLAIM = {
  month: '2026-10',
  revision: 1,
  folder: '/claims/2026-10/r1',
  manifest: 'm1',
  reading: 'received' as const,
  percent: 10,
  asked: 5_000_000,
  currency: 'USD',
  earliest: '2026-11-10',
  latest: '2026-12-31',
  draftedAt: 1,
};

let store: MemoryStore;
beforeEach(() => (store = createMemoryStore()));
afterEach(() => store.close());

const waiting = (of = store, at = NOON) => of.run(waitingFacts, { receiver: 'log', at, limit: 100 });
const waitingKinds = async (of = store) => (await waiting(of)).due.map(({ fact }) => fact.kind);

async function deliverAll(): Promise<void> {
  const delivered = (await waiting()).due.map(({ id }) => id);
  await store.run(markDeliveries, { receiver: 'log', at: NOON, delivered, failed: [] });
}

describe('the outbox', () => {
  it('keeps facts that somebody must hear, and not those that are only counted', async () => {
    await store.run(applyBudgets, { rules: [rule({ limit: 100_000, alertAt: [0.8] })], at: NOON });
    await admitHold(store, newHold('a', { credits: 90_000 }));
    await close(store, 'a', { kind: 'done', credits: 95_000, raw: null });
    await admitHold(store, newHold('b', { credits: 1 }));
    await close(store, 'b', { kind: 'unknown', evidence: 'reset' });
    await store.run(freeze, { ...ORDER, at: NOON });
    await store.run(recordDraft, { claim: CLAIM, order: ORDER });
    expect(await waitingKinds()).toEqual([
      'budget_threshold',
      'actual_above_estimate',
      'hold_in_doubt',
      'spending_frozen',
      'claim_drafted',
    ]);
    const [first] = (await waiting()).due;
    expect(first?.fact).toMatchObject({ budget: 'daily', share: 0.8, usedCredits: 90_000, at: NOON });
  });

  it('keeps a doubt that ended without a task, and not one whose task was found', async () => {
    for (const id of ['lost', 'found']) {
      await admitHold(store, newHold(id, { externalTaskId: `ks_${id}` }));
      await close(store, id, { kind: 'unknown', evidence: 'reset' });
    }
    await deliverAll();
    const at = NOON + DAY_MS;
    const found = { kind: 'found' as const, sighting: sighting('t'), answer: null };
    await store.run(recordLookUps, [
      { holdId: 'lost', at, outcome: { kind: 'absent', evidence: 'no such task' } },
      { holdId: 'found', at, outcome: found },
    ]);
    expect((await waiting()).due.map(({ fact }) => fact)).toMatchObject([
      { kind: 'doubt_ended', holdId: 'lost', found: false },
    ]);
  });

  it('keeps nothing of a transaction that was taken back', async () => {
    const fact: Fact = { kind: 'spending_frozen', ...ORDER, at: NOON };
    const doomed = defineFactWrite(
      'outbox.doomed',
      async (tx, _args: null) => {
        await tx.run("INSERT INTO outbox_keys (key, at) VALUES ('x', 1)");
        return { facts: [fact, null as unknown as Fact] };
      },
      { scope: 'own' },
    );
    await expect(store.run(doomed, null)).rejects.toThrow();
    expect(await waitingKinds()).toEqual([]);
    expect(row(store, 'SELECT COUNT(*) AS n FROM outbox_keys')).toEqual({ n: 0 });
  });

  it('costs nothing for a create that reaches no threshold', async () => {
    await store.run(applyBudgets, { rules: [rule({ limit: 100_000, alertAt: [0.5] })], at: NOON });
    const count = async (id: string, credits: number): Promise<number> => {
      const before = store.statements();
      await admitHold(store, newHold(id, { credits }));
      return store.statements() - before;
    };
    // The first create reads the rules.
    await count('first', 0);
    const below = await count('a', 10_000);
    expect(await count('b', 60_000)).toBeGreaterThan(below);
    expect(await count('c', 10_000)).toBe(below);
  });

  it('drops facts that every receiver took, after their time, and remembers their keys', async () => {
    await store.run(recordDraft, { claim: CLAIM, order: ORDER });
    await store.run(freeze, { ...ORDER, at: NOON });
    const drop = () => store.run(dropDelivered, { before: NOON + 1 });
    expect(await drop()).toEqual({ dropped: 0, more: false });
    await deliverAll();
    expect(await store.run(dropDelivered, { before: NOON })).toEqual({ dropped: 1, more: false });
    expect(await drop()).toEqual({ dropped: 1, more: false });
    expect(row(store, 'SELECT COUNT(*) AS n FROM outbox_deliveries')).toEqual({ n: 0 });
    expect(row(store, 'SELECT key FROM outbox_keys')).toEqual({ key: 'claim_drafted:2026-10:1' });
  });

  it('keeps each notice of a claim once, also after the fact was dropped', async () => {
    await store.run(recordDraft, { claim: CLAIM, order: ORDER });
    await deliverAll();
    const notices = async (today: string) => {
      await store.run(noteDeadlines, { today, at: NOON });
      return (await waiting()).due.map(({ fact }) => (fact.kind === 'claim_deadline' ? fact.notice : ''));
    };
    expect(await notices('2026-12-30')).toEqual(['due_1']);
    await deliverAll();
    await store.run(dropDelivered, { before: NOON + 1 });
    expect(await notices('2026-12-31')).toEqual([]);
  });
});

describe('a store of 0.1.0', () => {
  it('reports nothing a second time that 0.1.0 reported', async () => {
    const old = createMemoryStore(undefined, (db) => {
      db.exec("INSERT INTO claim_notices (month, notice, at) VALUES ('2026-10', 'open', 5)");
    });
    const budget = rule({ limit: 100_000, alertAt: [0.5, 0.8] });
    await old.run(applyBudgets, { rules: [budget], at: NOON });
    await old.run(recordDraft, { claim: CLAIM, order: ORDER });
    await old.run(noteDeadlines, { today: '2026-11-11', at: NOON });
    expect(await waitingKinds(old)).toEqual(['claim_drafted']);
    old.close();
  });

  it('keeps what was spent and the highest threshold that was reported', async () => {
    await store.run(applyBudgets, { rules: [rule({ limit: 100_000, alertAt: [0.5, 0.8] })], at: NOON });
    await admitHold(store, newHold('a', { credits: 60_000 }));
    const { id } = row(store, 'SELECT id FROM budget_counters');
    const old = createMemoryStore(undefined, (db) => {
      db.prepare(
        `INSERT INTO budget_counters (id, budget_id, window_key, per_value, settled, held, told_ppm)
         VALUES (?, ?, '2026-11-18', '', 60000, 0, 500000)`,
      ).run(id, String(id).replace(/\.[^.]*$/, ''));
    });
    await old.run(applyBudgets, { rules: [rule({ limit: 100_000, alertAt: [0.5, 0.8] })], at: NOON });
    await admitHold(old, newHold('b', { credits: 1 }));
    expect(await waitingKinds(old)).toEqual([]);
    await admitHold(old, newHold('c', { credits: 20_000 }));
    expect((await waiting(old)).due.map(({ fact }) => fact)).toMatchObject([
      { share: 0.8, usedCredits: 80_001 },
    ]);
    old.close();
  });
});

it('has no operation that gives facts and does not keep them', () => {
  const folder = new URL('../../src/', import.meta.url);
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.endsWith('.ts'),
  );
  const wrong = files.flatMap((name) => {
    const text = readFileSync(new URL(name, folder), 'utf8');
    return [...text.matchAll(/\bdefineWrite\(\s*'([\w.]+)',([^]*?)=>/g)]
      .filter(([, , signature = '']) => /\bFact\b|\bfacts\b|Resolved/.test(signature))
      .map(([, operation]) => `${name}: ${operation} gives facts, so define it with defineFactWrite`);
  });
  expect(wrong).toEqual([]);
});
