import fc from 'fast-check';
import { expect, it } from 'vitest';
import { applyBudgets } from '../../src/budget/budget-table.ts';
import type { Fact } from '../../src/facts.ts';
import { closeCreate } from '../../src/ledger/close.ts';
import { recordLookUps } from '../../src/ledger/look-up.ts';
import type { CreateEnd, LookUpArgs } from '../../src/ledger/ledger.ts';
import { observeTasks } from '../../src/ledger/observe.ts';
import { recoverHolds } from '../../src/ledger/recover.ts';
import { resolveHold } from '../../src/ledger/resolve.ts';
import { verifyLedger } from '../../src/ledger/verify.ts';
import { admitHold, counters, newHold, NEXT_OWNER, NOON, sighting } from './making.ts';
import { createMemoryStore, type MemoryStore } from './memory-store.ts';
import { LedgerModel, RULES, type Seen } from './model.ts';

/** Random steps; `LEDGER_STEPS=100000` plays at least as many. */
const STEPS = Number(process.env['LEDGER_STEPS'] ?? 4_500);
/** A history has up to 60 steps, half as many in the mean. */
const STEPS_A_RUN = 30;

const anySeen = fc.record({
  state: fc.constantFrom(
    'submitted' as const,
    'processing' as const,
    'succeeded' as const,
    'failed' as const,
  ),
  deduction: fc.option(fc.integer({ min: 0, max: 20_000 })),
});
/** Which of the holds made so far; taken modulo their number. */
const anyHold = fc.nat({ max: 40 });
const anyStep = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('admit' as const),
      app: fc.constantFrom('shop', 'blog'),
      credits: fc.constantFrom(0, 1, 2500, 7000, 10_000, 26_000),
      enforce: fc.boolean(),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('task' as const),
      hold: anyHold,
      task: fc.option(anyHold),
      seen: anySeen,
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant('observe' as const), hold: anyHold, seen: anySeen }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('done' as const),
      hold: anyHold,
      credits: fc.option(fc.nat(20_000)),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('refused' as const), hold: anyHold }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('unknown' as const), hold: anyHold }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('look-up' as const),
      hold: anyHold,
      outcome: fc.constantFrom('found' as const, 'absent' as const, 'failed' as const),
      seen: anySeen,
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('resolve' as const),
      hold: anyHold,
      action: fc.constantFrom('release' as const, 'write-off' as const),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('crash' as const) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('wait' as const),
      byMs: fc.oneof(
        fc.constantFrom(2000, 599_999, 600_000),
        fc.integer({ min: 0, max: 900_000 }),
        fc.integer({ min: -90_000_000, max: 90_000_000 }),
      ),
    }),
  },
);
type Step = typeof anyStep extends fc.Arbitrary<infer S> ? S : never;

/** Plays steps on the real ledger and on the model side by side. */
class Play {
  readonly model = new LedgerModel();
  readonly facts: Fact[] = [];
  readonly #ids: string[] = [];
  readonly #store: MemoryStore;
  /** Whether every create is enforced and costs at most what was held. */
  readonly #isHonest: boolean;
  #at = NOON;

  constructor(store: MemoryStore, isHonest: boolean) {
    this.#store = store;
    this.#isHonest = isHonest;
  }

  async step(step: Step): Promise<void> {
    if (step.kind === 'wait') this.#at += step.byMs;
    else if (step.kind === 'admit') await this.#admit(step);
    else if (step.kind === 'crash') {
      this.facts.push(...(await this.#store.run(recoverHolds, { owner: NEXT_OWNER, at: this.#at })).facts);
      this.model.restart(this.#at);
    } else {
      const id = this.#ids[step.hold % Math.max(1, this.#ids.length)];
      if (id !== undefined) await this.#onHold(id, step);
    }
  }

  async #admit(step: Extract<Step, { kind: 'admit' }>): Promise<void> {
    const id = `h${String(this.#ids.length).padStart(3, '0')}`;
    const { app, credits } = step;
    const enforce = step.enforce || this.#isHonest;
    const result = await admitHold(this.#store, newHold(id, { app, credits, at: this.#at }), { enforce });
    const isAdmitted = this.model.admit(id, { app, credits, at: this.#at, enforce });
    expect(result.kind).toBe(isAdmitted ? 'admitted' : 'refused');
    if (isAdmitted) this.#ids.push(id);
  }

  async #onHold(id: string, step: Exclude<Step, { kind: 'wait' | 'admit' | 'crash' }>): Promise<void> {
    const hold = this.model.holds.get(id);
    if (!hold) throw new Error(`no hold ${id}`);
    const limited = (amount: number | null): number | null =>
      amount !== null && this.#isHonest ? Math.min(amount, hold.credits) : amount;
    switch (step.kind) {
      case 'task': {
        const taskId = `t-${this.#ids[(step.task ?? step.hold) % this.#ids.length] ?? id}`;
        const isSecond = hold.task !== null && hold.task !== taskId && !this.model.tasks.has(taskId);
        if (isSecond) return;
        const seen = this.#seenOf(taskId, { ...step.seen, deduction: limited(step.seen.deduction) });
        await this.#close(id, { kind: 'task', sighting: toSighting(taskId, seen) });
        this.model.attach(id, taskId, seen, { at: this.#at, isLookUp: false });
        return;
      }
      case 'observe': {
        const taskId = hold.task ?? `t-${id}`;
        const seen = this.#seenOf(taskId, { ...step.seen, deduction: limited(step.seen.deduction) });
        const sightings = [toSighting(taskId, seen)];
        this.facts.push(
          ...(await this.#store.run(observeTasks, { sightings, source: 'poll', at: this.#at })).facts,
        );
        this.model.observe(taskId, seen);
        return;
      }
      case 'done':
        if (hold.task !== null) return;
        await this.#close(id, { kind: 'done', credits: limited(step.credits), raw: null });
        this.model.done(id, limited(step.credits));
        return;
      case 'refused':
        await this.#close(id, { kind: 'refused', evidence: 'no' });
        this.model.refused(id);
        return;
      case 'unknown':
        await this.#close(id, { kind: 'unknown', evidence: 'reset' });
        this.model.unknown(id, this.#at);
        return;
      case 'look-up':
        await this.#lookUp(id, step, { ...step.seen, deduction: limited(step.seen.deduction) });
        return;
      case 'resolve': {
        const args = { holdId: id, action: step.action, reason: 'r', actor: 'a', at: this.#at };
        const expected = this.model.resolve(id, step.action);
        const resolved = this.#store.run(resolveHold, args);
        if (expected) this.facts.push(...(await resolved).facts);
        else await expect(resolved).rejects.toMatchObject({ code: 'already_resolved' });
      }
    }
  }

  async #lookUp(id: string, step: Extract<Step, { kind: 'look-up' }>, shown: Seen): Promise<void> {
    const taskId = this.model.holds.get(id)?.task ?? `t-${id}`;
    const seen = this.#seenOf(taskId, shown);
    const outcomes: Record<typeof step.outcome, LookUpArgs['outcome']> = {
      found: { kind: 'found', sighting: toSighting(taskId, seen), answer: null },
      absent: { kind: 'absent', evidence: 'data: []' },
      failed: { kind: 'failed' },
    };
    const lookUp = { holdId: id, at: this.#at, outcome: outcomes[step.outcome] };
    this.facts.push(...(await this.#store.run(recordLookUps, [lookUp])).facts);
    if (step.outcome === 'found') this.model.attach(id, taskId, seen, { at: this.#at, isLookUp: true });
    if (step.outcome === 'absent') this.model.absent(id, this.#at);
  }

  async #close(holdId: string, end: CreateEnd): Promise<void> {
    const args = { holdId, at: this.#at, end, calls: [], answer: null };
    this.facts.push(...(await this.#store.run(closeCreate, args)).facts);
  }

  /** In honest play a task costs no more than its hold, from every source. */
  #seenOf(taskId: string, seen: Seen): Seen {
    const owner = this.model.holds.get(this.model.tasks.get(taskId)?.hold ?? '');
    if (!this.#isHonest || !owner || seen.deduction === null) return seen;
    return { ...seen, deduction: Math.min(seen.deduction, owner.credits) };
  }
}

function toSighting(taskId: string, seen: Seen) {
  const deduction = seen.deduction === null ? null : { credits: seen.deduction, raw: 'units' };
  return sighting(taskId, { state: seen.state, deduction });
}

/** An end of a hold by an operator or a first release may be overtaken by what a task cost after all. */
async function play(steps: Step[], isHonest: boolean): Promise<void> {
  const store = createMemoryStore();
  try {
    await store.run(applyBudgets, { rules: RULES, at: NOON });
    const game = new Play(store, isHonest);
    for (const step of steps) {
      await game.step(step);
      if (isHonest && !hasLateCost(game.facts)) expect(game.model.overfull()).toEqual([]);
    }
    const moved = Object.fromEntries(
      [...game.model.counters].filter(([, sums]) => sums.some((sum) => sum !== 0)),
    );
    expect(withoutZeros(counters(store))).toEqual(moved);
    for (const [id, hold] of game.model.holds) {
      const stored = store.db
        .prepare('SELECT state, settled_credits, in_doubt, task_id FROM creates WHERE id = ?')
        .get(id);
      const { state, settled, inDoubt, task } = hold;
      expect(stored).toEqual({ state, settled_credits: settled, in_doubt: Number(inDoubt), task_id: task });
    }
    const resolved = game.facts.flatMap((fact) => (fact.kind === 'hold_resolved' ? [fact.holdId] : []));
    expect(resolved.length).toBe(new Set(resolved).size);
    const ended = [...game.model.holds.values()].filter((hold) => hold.state !== 'held');
    expect(resolved.length).toBe(ended.length);
    const verified = await store.run(verifyLedger, {});
    expect(verified.problems).toEqual([]);
    expect(verified).toMatchObject({ ok: true, holds: game.model.holds.size });
  } finally {
    store.close();
  }
}

/** Money that came after an operator had given the hold back may pass a limit: it is recorded whole. */
function hasLateCost(facts: Fact[]): boolean {
  return facts.some((fact) => fact.kind === 'hold_adjusted' && fact.byCredits > 0);
}

function withoutZeros(sums: Record<string, [number, number]>): Record<string, [number, number]> {
  return Object.fromEntries(
    Object.entries(sums).filter(([, [settled, held]]) => settled !== 0 || held !== 0),
  );
}

it('does the same as the model, for all events in all orders', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(anyStep, { maxLength: 60, size: 'max' }), (steps) => play(steps, false)),
    { numRuns: Math.ceil(STEPS / STEPS_A_RUN) },
  );
});

it('never holds and settles more than a limit while creates cost no more than was held', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(anyStep, { maxLength: 60, size: 'max' }), (steps) => play(steps, true)),
    { numRuns: Math.ceil(STEPS / STEPS_A_RUN / 2) },
  );
});
