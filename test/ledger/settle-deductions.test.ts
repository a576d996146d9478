import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { BillingRow } from '../../src/account/account.ts';
import { recordDeductions, recordRead } from '../../src/account/account-table.ts';
import { applyBudgets } from '../../src/budget/budget-table.ts';
import type { Fact } from '../../src/facts.ts';
import { noteLedgersAreRead } from '../../src/ledger/deduction-wait.ts';
import { observeTasks } from '../../src/ledger/observe.ts';
import { openSlots } from '../../src/ledger/open-slots.ts';
import {
  heldTasksBefore,
  settleEstimated,
  settleNewDeductions,
  settleWaiting,
} from '../../src/ledger/settle-deductions.ts';
import { verifyLedger } from '../../src/ledger/verify.ts';
import type { TaskSighting } from '../../src/tasks/task.ts';
import { admitHold, close, counters, guard, newHold, NOON, row, rule, sighting } from './making.ts';
import { createMemoryStore, type MemoryStore } from './memory-store.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const UPSTREAM = { host: 'api.example', account: 'key-0', fingerprint: 'key-0' };
const NAME = 'api.example key-0';

let store: MemoryStore;
beforeEach(async () => {
  store = createMemoryStore();
  await store.run(applyBudgets, { rules: [rule()], at: NOON });
});
afterEach(() => store.close());

/** A row of the ledger of units. */
const units = (taskId: string, amount: number, over: Partial<BillingRow> = {}): BillingRow => ({
  wallet: 'package',
  taskId,
  at: NOON,
  before: 90_000_000,
  amount: amount * 1_000_000,
  packId: 'p-1',
  product: 'video',
  cashType: null,
  currency: null,
  apiKeyName: 'default',
  ...over,
});
/** A row of the ledger of money. */
const cash = (taskId: string, amount: number, currency: string | null = 'USD'): BillingRow => ({
  ...units(taskId, amount),
  wallet: 'balance',
  packId: null,
  product: null,
  cashType: 'balance',
  currency,
});

/** Reads both ledgers at an instant, as the account's reader does, and settles. */
async function read(at: number, ...rows: BillingRow[]): Promise<Fact[]> {
  await store.run(recordDeductions, { deductions: rows });
  for (const what of ['package', 'balance'] as const) {
    const known = { fromAt: NOON - 30 * DAY, throughAt: at - DAY, upstream: NAME };
    await store.run(recordRead, { what, readAt: at, problem: null, ...known });
  }
  return settle(at);
}

async function settle(at: number, upstream = UPSTREAM): Promise<Fact[]> {
  const facts: Fact[] = [];
  for (const operation of [settleNewDeductions, settleWaiting, settleEstimated]) {
    for (let after: string | null = ''; after !== null;) {
      const price = { perCredit: 0.014, currency: 'USD' };
      const page: { next: string | null; facts: Fact[] } = await store.run(operation, {
        at,
        price,
        upstream,
        after,
        limit: 2,
      });
      facts.push(...page.facts);
      after = page.next;
    }
  }
  return facts;
}

/** A create with its task, in a state, at noon. */
async function task(id: string, over: Partial<TaskSighting> = {}, credits = 10_000): Promise<void> {
  await admitHold(store, newHold(id, { credits }));
  await close(store, id, { kind: 'task', sighting: sighting(`t-${id}`) });
  if (over.state) await see(id, over);
}

function see(id: string, over: Partial<TaskSighting>, at = NOON): Promise<{ facts: Fact[] }> {
  return store.run(observeTasks, { sightings: [sighting(`t-${id}`, over)], source: 'poll', at });
}

const hold = (id: string): Record<string, unknown> =>
  row(
    store,
    'SELECT state, settled_credits AS credits, end_basis AS basis, end_note AS note FROM creates WHERE id = ?',
    id,
  );
const waits = () => store.run(noteLedgersAreRead, { areRead: true });

describe('a task that succeeded without a deduction', () => {
  it('is settled with our price where the ledgers are not read', async () => {
    await task('a', { state: 'succeeded' });
    expect(hold('a')).toEqual({ state: 'settled', credits: 10_000, basis: 'estimate', note: null });
  });

  it('stays held until the ledger has its row, and takes no slot meanwhile', async () => {
    await waits();
    await task('a', { state: 'succeeded' });
    expect(hold('a')).toMatchObject({ state: 'held' });
    expect(counters(store)).toEqual({ 'daily 2026-11-18': [0, 10_000] });
    expect(await store.run(openSlots, {})).toEqual([]);
    expect((await store.run(verifyLedger, {})).problems).toEqual([]);
    expect(await read(NOON + MINUTE)).toEqual([]);
    const facts = await read(NOON + HOUR, units('t-a', 0.95));
    expect(facts).toMatchObject([{ kind: 'hold_resolved', state: 'settled', credits: 9_500 }]);
    expect(hold('a')).toEqual({ state: 'settled', credits: 9_500, basis: 'reported', note: '0.95 video' });
    expect(counters(store)).toEqual({ 'daily 2026-11-18': [9_500, 0] });
    expect(await read(NOON + 2 * HOUR)).toEqual([]);
  });

  it.each([['failed'], ['succeeded']] as const)(
    'keeps the ledger’s amount if it %s later and the answer has none',
    async (state) => {
      await waits();
      await task('a');
      await read(NOON + 2 * HOUR, units('t-a', 0.95));
      expect(hold('a')).toMatchObject({ state: 'settled', credits: 9_500 });
      await see('a', { state }, NOON + 3 * HOUR);
      expect(hold('a')).toMatchObject({ state: 'settled', credits: 9_500 });
      expect(counters(store)).toEqual({ 'daily 2026-11-18': [9_500, 0] });
    },
  );

  it('is settled by an answer with the deduction, if one comes first', async () => {
    await waits();
    await task('a', { state: 'succeeded' });
    await see('a', { state: 'succeeded' });
    expect(hold('a')).toMatchObject({ state: 'held' });
    await see('a', { state: 'succeeded', deduction: { credits: 8_000, raw: '0.8 video' } });
    expect(hold('a')).toMatchObject({ state: 'settled', credits: 8_000, basis: 'reported' });
  });

  it('sums the rows of several packs and of money, each at its price', async () => {
    await waits();
    await task('a', { state: 'succeeded' });
    await read(
      NOON + HOUR,
      units('t-a', 0.4),
      units('t-a', 0.1, { packId: 'p-2', before: 5 }),
      cash('t-a', 0.07),
    );
    expect(hold('a')).toMatchObject({
      credits: 10_000,
      note: '0.07 USD balance + 0.1 video + 0.4 video',
    });
  });

  it('waits for the second ledger, which may have a row of the same task', async () => {
    await waits();
    await task('a', { state: 'succeeded' });
    await read(NOON - MINUTE);
    await store.run(recordDeductions, { deductions: [units('t-a', 0.4)] });
    await store.run(recordRead, { what: 'package', readAt: NOON + HOUR });
    await settle(NOON + HOUR);
    expect(hold('a')).toMatchObject({ state: 'held' });
    await read(NOON + 2 * HOUR, cash('t-a', 0.07));
    expect(hold('a')).toMatchObject({ state: 'settled', credits: 9_000 });
  });

  it('cost nothing if both ledgers are complete a day after its end, and have later deductions', async () => {
    await waits();
    await task('a', { state: 'succeeded' });
    await task('b', { state: 'succeeded' });
    await read(NOON + DAY, units('t-other', 1, { at: NOON + HOUR }), units('t-b', 1));
    expect(hold('a')).toMatchObject({ state: 'held' });
    expect(hold('b')).toMatchObject({ state: 'settled', credits: 10_000 });
    await read(NOON + DAY + HOUR);
    expect(hold('a')).toMatchObject({ state: 'settled', credits: 0, basis: 'none' });
    await read(NOON + 2 * DAY, units('t-a', 0.5));
    expect(hold('a')).toMatchObject({ state: 'settled', credits: 5_000 });
  });

  it('is never free because a ledger is silent, has failed, or is of another account', async () => {
    await waits();
    await task('a', { state: 'succeeded' });
    await read(NOON + 3 * DAY);
    expect(hold('a')).toMatchObject({ state: 'held' });
    await store.run(recordDeductions, { deductions: [units('t-other', 1, { at: NOON + DAY })] });
    await settle(NOON + 3 * DAY, { ...UPSTREAM, account: 'key-1', fingerprint: 'key-1' });
    await store.run(recordRead, { what: 'balance', problem: 'no answer' });
    await settle(NOON + 3 * DAY);
    expect(hold('a')).toMatchObject({ state: 'held' });
    await store.run(recordRead, { what: 'balance', problem: null });
    await settle(NOON + 3 * DAY);
    expect(hold('a')).toMatchObject({ state: 'settled', credits: 0 });
  });

  it('has our price once the ledgers are not read any more, or Kling never gave one of them', async () => {
    await waits();
    await task('a', { state: 'succeeded' });
    await store.run(recordRead, { what: 'package', readAt: NOON, problem: 'no answer' });
    await settle(NOON + HOUR);
    expect(hold('a')).toMatchObject({ state: 'held' });
    await store.run(recordRead, { what: 'balance', problem: 'code 1103: no' });
    await settle(NOON + HOUR);
    expect(hold('a')).toMatchObject({ state: 'settled', credits: 10_000, basis: 'estimate' });
    await task('b', { state: 'succeeded' });
    expect(hold('b')).toMatchObject({ state: 'settled', basis: 'estimate' });
  });

  it('is corrected later where it has our price: by its row, or because complete ledgers have none', async () => {
    const left = () => row(store, 'SELECT COUNT(*) AS holds FROM estimated_ends');
    await task('free', { state: 'succeeded' });
    await task('paid', { state: 'succeeded' });
    await settle(NOON + HOUR);
    expect(left()).toEqual({ holds: 2 });
    await read(NOON + DAY, units('t-paid', 1), units('t-other', 1, { at: NOON + HOUR }));
    expect([hold('free'), left()]).toMatchObject([{ credits: 10_000 }, { holds: 1 }]);
    await read(NOON + DAY + HOUR);
    expect([hold('free'), left()]).toMatchObject([{ state: 'settled', credits: 0 }, { holds: 0 }]);
    expect(hold('paid')).toMatchObject({ credits: 10_000 });
    expect(counters(store)).toEqual({ 'daily 2026-11-18': [10_000, 0] });
    expect((await store.run(verifyLedger, {})).problems).toEqual([]);
  });

  it('frees the wait of its idempotency key', async () => {
    await waits();
    await admitHold(store, newHold('a'), { guard: guard() });
    await close(store, 'a', { kind: 'unknown', evidence: 'reset' });
    await close(store, 'a', { kind: 'task', sighting: sighting('t-a') });
    await see('a', { state: 'succeeded' });
    expect(row(store, 'SELECT COUNT(*) AS answers FROM answers')).toEqual({ answers: 1 });
  });
});

describe('rows of the ledgers', () => {
  it('settle an open task an hour after the deduction', async () => {
    await task('a', { state: 'processing' });
    await read(NOON + HOUR - 1, units('t-a', 1));
    expect(hold('a')).toMatchObject({ state: 'held' });
    await read(NOON + HOUR);
    expect(hold('a')).toMatchObject({ state: 'settled', credits: 10_000 });
    expect(counters(store)).toEqual({ 'daily 2026-11-18': [10_000, 0] });
  });

  it('raise an ended create at once, and lower it only when no row can be missing', async () => {
    await task('up', { state: 'succeeded', deduction: { credits: 5_000, raw: '0.5 video' } });
    await task('down', { state: 'succeeded' });
    await task('failed', { state: 'failed' });
    const facts = await read(NOON + HOUR, units('t-up', 0.6), units('t-down', 0.3), units('t-failed', 0.1));
    expect(facts.map((fact) => fact.kind)).toEqual(['hold_adjusted', 'hold_adjusted']);
    expect(hold('up')).toMatchObject({ credits: 6_000 });
    expect(hold('failed')).toMatchObject({ state: 'released', credits: 1_000 });
    expect(hold('down')).toMatchObject({ credits: 10_000 });
    await read(NOON + DAY + HOUR);
    expect(hold('down')).toMatchObject({ credits: 3_000 });
    expect(counters(store)).toEqual({ 'daily 2026-11-18': [10_000, 0] });
    expect((await store.run(verifyLedger, {})).problems).toEqual([]);
  });

  it('change nothing of other hosts, of foreign tasks, or in a currency without a price', async () => {
    await waits();
    await admitHold(store, newHold('other', { upstream: { host: 'api.other', account: 'key-0' } }));
    await close(store, 'other', { kind: 'task', sighting: sighting('t-other', { state: 'succeeded' }) });
    await task('yen', { state: 'succeeded' });
    await read(NOON + 2 * HOUR, units('t-other', 1), units('t-foreign', 2), cash('t-yen', 5, 'JPY'));
    expect([hold('other'), hold('yen')]).toMatchObject([{ state: 'held' }, { state: 'held' }]);
    expect(row(store, 'SELECT COUNT(*) AS open FROM account_deductions WHERE compared_at IS NULL')).toEqual({
      open: 0,
    });
    expect(row(store, "SELECT credits FROM account_deductions WHERE task_id = 't-foreign'")).toEqual({
      credits: 20_000,
    });
  });

  it('settle a create whose task became known after them', async () => {
    await waits();
    await admitHold(store, newHold('late'));
    await close(store, 'late', { kind: 'unknown', evidence: 'reset' });
    await read(NOON + HOUR, units('t-late', 1));
    await close(store, 'late', { kind: 'task', sighting: sighting('t-late') });
    await see('late', { state: 'succeeded' });
    await read(NOON + 2 * HOUR);
    expect(hold('late')).toMatchObject({ state: 'settled', credits: 10_000 });
  });

  it('are asked for by the times of held tasks', async () => {
    await waits();
    await task('held', { state: 'succeeded' });
    await task('done', { state: 'failed' });
    const ask = (before: number) => store.run(heldTasksBefore, { from: NOON - DAY, before, limit: 10 });
    expect(await ask(NOON + 1)).toEqual([NOON]);
    expect(await ask(NOON)).toEqual([]);
  });

  it('are found by an index, and so are the holds that wait', () => {
    const plan = (sql: string, ...values: (string | number)[]): string =>
      store.db
        .prepare<(string | number)[], { detail: string }>(`EXPLAIN QUERY PLAN ${sql}`)
        .all(...values)
        .map(({ detail }) => detail)
        .join('\n');
    expect(
      plan(
        `SELECT task_id AS id FROM account_deductions WHERE compared_at IS NULL AND task_id > ?
       GROUP BY task_id ORDER BY task_id LIMIT ?`,
        '',
        1,
      ),
    ).toMatch(/USING (COVERING )?INDEX account_deductions_new/);
    expect(
      plan(
        `SELECT id FROM creates WHERE (state = 'held' OR task_state IN ('submitted', 'processing')) AND state = 'held' AND id > ?
         AND task_id IS NOT NULL AND (task_state = 'succeeded' OR task_created_at <= ?) ORDER BY id LIMIT ?`,
        '',
        1,
        1,
      ),
    ).toMatch(/USING INDEX creates_open/);
    expect(
      plan(
        `SELECT amount FROM account_deductions WHERE (wallet = 'package' OR wallet = 'balance') AND task_id = ?
         ORDER BY wallet, at, before`,
        'a',
      ),
    ).toMatch(/USING PRIMARY KEY/);
  });
});
