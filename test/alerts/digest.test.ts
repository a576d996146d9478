import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { dailyDigest, digestValues, weeklyReport } from '../../src/alerts/digest-finding.ts';
import { digestOf, type Digest } from '../../src/alerts/digest.ts';
import { digestRules } from '../../src/alerts/rules/digests.ts';
import { recordDeductions, recordPacks, recordRead } from '../../src/account/account-table.ts';
import { applyBudgets, listBudgets } from '../../src/budget/budget-table.ts';
import { recordRefusals } from '../../src/calls/call-table.ts';
import { markClaim, recordDraft } from '../../src/claims/claim-table.ts';
import { observeTasks } from '../../src/ledger/observe.ts';
import { moneyStatus } from '../../src/ledger/status.ts';
import { listUsage } from '../../src/ledger/usage.ts';
import { sumUsage } from '../../src/ledger/usage-sums.ts';
import { journalCalls } from '../../src/sla/journal.ts';
import { journalled } from '../sla/making.ts';
import { readMonth } from '../../src/sla/month-table.ts';
import { FAILURE_REASONS } from '../../src/kling/task-failures.ts';
import { admitHold, call, close, newHold, rule, sighting } from '../ledger/making.ts';
import { createMemoryStore, type MemoryStore } from '../ledger/memory-store.ts';
import { LOOK_CONFIG, settingsOf } from './making.ts';
import { checkWords, count, credits } from './rules/said.ts';

const DAY = 86_400_000;
const HOUR = 3_600_000;
/** 2026-11-18, a Wednesday, in UTC. */
const MIDNIGHT = Date.UTC(2026, 10, 18);
const NEXT = MIDNIGHT + DAY;
const CONFIG = { ...LOOK_CONFIG, sla: { ...LOOK_CONFIG.sla, timeZone: 'UTC' } };
const UPSTREAM = { host: 'api.example', account: 'key-0', fingerprint: 'f' };

let store: MemoryStore;
beforeEach(() => (store = createMemoryStore()));
afterEach(() => store.close());

const digest = (from = MIDNIGHT, to = NEXT, at = to + 9 * HOUR, own = store): Promise<Digest> =>
  digestOf({ read: own.run }, { from, to, at }, CONFIG);

/** One create and what became of it. */
interface Made {
  at: number;
  app: string;
  model: string;
  credits: number;
  end: 'open' | 'doubt' | 'settled' | 'failed' | 'refused';
}

async function make(own: MemoryStore, id: string, made: Made): Promise<void> {
  const { at, app, model, credits: amount, end } = made;
  await admitHold(own, newHold(id, { at, app, model, credits: amount }));
  if (end === 'refused') return void (await close(own, id, { kind: 'refused', evidence: '1201' }, { at }));
  if (end === 'doubt') return void (await close(own, id, { kind: 'unknown', evidence: 'reset' }, { at }));
  await close(own, id, { kind: 'task', sighting: sighting(`t${id}`) }, { at });
  if (end === 'open') return;
  const state = end === 'settled' ? 'succeeded' : 'failed';
  const deduction = { credits: end === 'settled' ? amount : 0, raw: 'test' };
  const seen = sighting(`t${id}`, {
    state,
    deduction,
    statusMessage: end === 'failed' ? 'risk control' : null,
  });
  await own.run(observeTasks, { sightings: [seen], source: 'poll', at: at + 1, upstream: UPSTREAM });
}

describe('a digest', () => {
  it('has the numbers of usage and status, for any creates', async () => {
    const made = fc.record({
      at: fc.integer({ min: MIDNIGHT - DAY, max: NEXT + 2 * DAY }),
      app: fc.constantFrom('web', 'batch', 'lab', 'studio'),
      model: fc.constantFrom('kling-v1', 'kling-v3'),
      credits: fc.integer({ min: 1, max: 50_000 }),
      end: fc.constantFrom('open', 'doubt', 'settled', 'failed', 'refused'),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(made, { maxLength: 12 }), async (all) => {
        const own = createMemoryStore();
        await own.run(applyBudgets, { rules: [rule({ limit: 10_000_000 })], at: MIDNIGHT - 2 * DAY });
        // Holds are dated in their order.
        const ordered = all.toSorted((a, b) => a.at - b.at) as Made[];
        for (const [index, one] of ordered.entries()) await make(own, String(index), one);
        const at = NEXT + 2 * DAY;
        const span = { from: MIDNIGHT, to: NEXT };
        const found = await digest(span.from, span.to, at, own);
        const { rows } = await own.run(listUsage, { ...span, limit: 100, cursor: null });
        const sumOf = (isSettled: boolean): number =>
          rows.filter(({ settled }) => settled === isSettled).reduce((sum, row) => sum + row.credits, 0);
        const { budgets } = await own.run(listBudgets, { at: NEXT - 1, isPast: true });
        const status = await own.run(moneyStatus, { at, stuck: CONFIG.stuck });
        const apps = await own.run(sumUsage, { ...span, by: ['app'], timeZone: 'UTC' });
        own.close();
        expect(found).toMatchObject({
          creates: rows.length,
          settledCredits: sumOf(true),
          heldCredits: sumOf(false),
          stuck: { tasks: status.openTasks.reduce((sum, { stuck }) => sum + stuck, 0) },
          doubts: { holds: status.inDoubtHolds, credits: status.inDoubtCredits },
        });
        const failed = ordered.filter(
          (one) => one.end === 'failed' && one.at >= span.from && one.at < span.to,
        );
        expect(found.failed.tasks).toBe(failed.length);
        const inWindow = budgets.map((row) => row.settledCredits + row.heldCredits);
        expect(found.budgets.map(({ usedCredits }) => usedCredits)).toEqual(inWindow);
        const most = apps.rows.map((row) => row.credits + row.heldCredits).sort((a, b) => b - a);
        expect(found.apps.map((one) => one.credits)).toEqual(most.slice(0, 3));
      }),
      { numRuns: 25 },
    );
  });

  it('names failures by reason and refusals by word', async () => {
    await make(store, 'a', { at: MIDNIGHT, app: 'web', model: 'kling-v3', credits: 1000, end: 'failed' });
    const refused = {
      id: 'r',
      requestId: 'r',
      app: 'web',
      tag: null,
      method: 'POST',
      route: '/v1/x',
      status: 403,
    };
    await store.run(recordRefusals, [
      {
        ...refused,
        at: MIDNIGHT,
        word: 'budget_exceeded',
        message: 'm',
        credits: 7_000,
        budget: 'daily',
        wouldOnly: false,
      },
      {
        ...refused,
        at: NEXT,
        word: 'budget_exceeded',
        message: 'm',
        credits: 9_000,
        budget: 'daily',
        wouldOnly: false,
      },
    ]);
    const found = await digest();
    expect(found.failed).toEqual({ tasks: 1, byReason: [{ reason: 'content', tasks: 1 }] });
    const byWord = [{ word: 'budget_exceeded', refusals: 1, credits: 7_000 }];
    expect(found.refused).toEqual({ refusals: 1, credits: 7_000, byWord });
  });

  it('has the availability of its month as the report has it, and the requests of its span', async () => {
    expect((await digest()).month).toBeNull();
    const calls = [500, 200, 200, 200].map((status, index) =>
      call(`c${index}`, {
        at: MIDNIGHT + index,
        status,
        code: null,
        outcome: status === 500 ? 'server_error' : 'ok',
      }),
    );
    await store.run(journalCalls, journalled([...calls, call('later', { at: NEXT, status: 200 })]));
    const at = NEXT + HOUR;
    const month = await store.run(readMonth, { ...CONFIG.sla, month: '2026-11', now: at });
    const found = await digest(MIDNIGHT, NEXT, at);
    expect(found.requests).toEqual({ valid: 4, errors: 1 });
    expect(found.month).toMatchObject({
      month: '2026-11',
      availability: month.availability,
      commitment: '99.90',
    });
    expect(found.month?.budgetUsedShare).toBeCloseTo(0.25 / 8.64, 6);
  });

  it('says how long packs last, which claims are to be filed, and which vouchers to be used', async () => {
    const at = NEXT + 9 * HOUR;
    const pack = {
      id: 'p',
      name: 'Video-1000',
      kind: 'decreasing_total',
      total: 10 ** 9,
      purchasedAt: null,
      status: 'online',
    };
    const dates = { effectiveAt: MIDNIGHT - 20 * DAY, invalidAt: MIDNIGHT + 90 * DAY };
    await store.run(recordPacks, { packs: [{ ...pack, ...dates, remaining: 70_000_000 }], at });
    const taken = {
      wallet: 'package' as const,
      taskId: 't',
      before: 10 ** 9,
      amount: 35_000_000,
      packId: 'p',
    };
    const purse = { product: 'video', cashType: null, currency: null, apiKeyName: null };
    await store.run(recordDeductions, { deductions: [{ ...taken, ...purse, at: at - DAY }] });
    await store.run(recordRead, { what: 'package', readAt: at, fromAt: 0, throughAt: at, problem: null });
    const worth = { reading: 'received' as const, percent: 10, asked: null, currency: null, draftedAt: 1 };
    const order = { actor: 'ana', reason: 'r' };
    for (const month of ['2026-09', '2026-10', '2026-08'])
      await store.run(recordDraft, {
        claim: {
          month,
          revision: 1,
          folder: 'f',
          manifest: month,
          ...worth,
          earliest: '2026-11-01',
          latest: '2026-11-30',
        },
        order,
      });
    const details = { ticket: null, voucherCode: 'V', granted: null, voucherExpires: '2026-11-21' };
    for (const state of ['filed', 'granted'] as const)
      await store.run(markClaim, { month: '2026-09', revision: null, state, details, ...order, at: 2 });
    const nothing = { ...details, voucherCode: null, voucherExpires: null };
    await store.run(markClaim, {
      month: '2026-08',
      revision: null,
      state: 'filed',
      details: nothing,
      ...order,
      at: 2,
    });
    const found = await digest(MIDNIGHT, NEXT, at);
    expect(found.packs).toEqual([{ product: 'video', daysLeft: 14 }]);
    expect(found.claims).toEqual([
      { month: '2026-09', kind: 'voucher', daysLeft: 2 },
      { month: '2026-10', kind: 'claim', daysLeft: 11 },
    ]);
  });
});

describe('the findings of digests', () => {
  const deps = (at: number, timeZone: string) => ({
    store: { read: store.run },
    at,
    settings: settingsOf({ timeZone }),
    config: CONFIG,
  });

  it('are of the day and the week that ended last, in the alerts’ zone', async () => {
    await make(store, 'a', { at: MIDNIGHT - 1, app: 'web', model: 'kling-v3', credits: 1_000, end: 'open' });
    await make(store, 'b', { at: MIDNIGHT, app: 'web', model: 'kling-v3', credits: 2_000, end: 'open' });
    await make(store, 'c', { at: NEXT, app: 'web', model: 'kling-v3', credits: 4_000, end: 'open' });
    const daily = await dailyDigest(deps(NEXT + 9 * HOUR, 'UTC'));
    expect(daily).toMatchObject({
      rule: 'daily_digest',
      labels: {},
      period: '2026-11-18',
      since: NEXT,
      values: { creates: 1, heldCredits: 2_000, heldCost: 0.028, currency: 'USD' },
    });
    const shanghai = await dailyDigest(deps(NEXT + 9 * HOUR, 'Asia/Shanghai'));
    expect(shanghai).toMatchObject({ period: '2026-11-18', since: NEXT - 8 * HOUR });
    expect(shanghai.values['heldCredits']).toBe(3_000);
    const weekly = await weeklyReport(deps(Date.UTC(2026, 10, 23, 9), 'UTC'));
    expect(weekly).toMatchObject({ rule: 'weekly_report', period: '2026-W47', values: { creates: 3 } });
  });

  it.each(digestRules.map((one) => [one.word, one] as const))(
    '%s says whole sentences in both languages',
    (_, one) => {
      const name = fc.constantFrom('web', 'a'.repeat(64), 'kling-v3');
      const spender = fc.record({ name, creates: count, credits });
      const few = <T>(entry: fc.Arbitrary<T>): fc.Arbitrary<T[]> => fc.array(entry, { maxLength: 3 });
      const month = fc.record({
        month: fc.constant('2026-11'),
        availability: fc.constant('99.981234'),
        commitment: fc.constant('99.90'),
        budgetUsedShare: fc.double({ min: 0, max: 3, noNaN: true }),
      });
      const any: fc.Arbitrary<Digest> = fc.record({
        creates: fc.nat(10 ** 6),
        settledCredits: credits,
        heldCredits: credits,
        refused: fc.record({
          refusals: count,
          credits,
          byWord: few(
            fc.record({
              word: fc.constantFrom('budget_exceeded', 'account_refused'),
              refusals: count,
              credits,
            }),
          ),
        }),
        budgets: few(
          fc.record({
            name,
            windowKey: fc.constant('2026-11-18'),
            usedCredits: credits,
            limitCredits: credits,
          }),
        ),
        apps: few(spender),
        models: few(spender),
        failed: fc.record({
          tasks: count,
          byReason: few(fc.record({ reason: fc.constantFrom(...FAILURE_REASONS), tasks: count })),
        }),
        requests: fc.record({ valid: count, errors: count }),
        month: fc.option(month),
        stuck: fc.record({ tasks: fc.nat(), oldestAt: fc.constant(null) }),
        doubts: fc.record({ holds: fc.nat(), credits, oldestAt: fc.constant(null), forOperator: fc.nat() }),
        packs: few(
          fc.record({
            product: fc.constantFrom('video', 'image'),
            daysLeft: fc.option(fc.double({ min: 0, max: 500, noNaN: true })),
          }),
        ),
        claims: few(
          fc.record({
            month: fc.constant('2026-10'),
            kind: fc.constantFrom('claim', 'voucher'),
            daysLeft: fc.nat(60),
          }),
        ),
      });
      checkWords(one, {
        all: any.map((value) => digestValues(value, CONFIG)),
        period: '2026-11-18',
        isResolved: false,
      });
    },
  );
});
