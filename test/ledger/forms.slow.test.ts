import fc from 'fast-check';
import { expect, it } from 'vitest';
import { applyBudgets } from '../../src/budget/budget-table.ts';
import type { RepeatGuard } from '../../src/idempotency/guard.ts';
import { admit } from '../../src/ledger/admit.ts';
import { closeCreate } from '../../src/ledger/close.ts';
import { freeze, unfreeze } from '../../src/ledger/freeze.ts';
import { startInstance } from '../../src/ledger/instance-table.ts';
import { joinEarlier, noteLostAnswer } from '../../src/ledger/join.ts';
import type { AdmitArgs, CloseArgs, CreateEnd } from '../../src/ledger/ledger.ts';
import { recordLookUps } from '../../src/ledger/look-up.ts';
import { observeTasks } from '../../src/ledger/observe.ts';
import { recoverHolds } from '../../src/ledger/recover.ts';
import { resolveHold } from '../../src/ledger/resolve.ts';
import type { StoreOperation } from '../../src/store/operation.ts';
import { answer, call, heldAs, newHold, NEXT_OWNER, NOON, OWNER, rule, sighting } from './making.ts';
import { createMemoryStore, type MemoryStore } from './memory-store.ts';

/** Random operations; `LEDGER_STEPS=100000` runs as many. */
const STEPS = Number(process.env['LEDGER_STEPS'] ?? 2_000);
const STEPS_A_RUN = 40;

const RULES = [
  rule({ name: 'daily', limit: 60_000, alertAt: [0.5, 0.9] }),
  rule({ name: 'per-app', limit: 25_000, per: 'app', alertAt: [0.8] }),
  rule({ name: 'shadow', limit: 10_000, window: 'hour', mode: 'shadow' }),
];

const anyCreate = fc.nat({ max: 30 });
const anyState = fc.constantFrom(
  'submitted' as const,
  'processing' as const,
  'succeeded' as const,
  'failed' as const,
);
const anyStep = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('admit' as const),
      app: fc.constantFrom('shop', 'blog'),
      credits: fc.constantFrom(0, 1, 700, 2500, 7000, 26_000),
      basis: fc.constantFrom('exact' as const, 'exact' as const, 'assumed' as const, 'unknown' as const),
      key: fc.constantFrom(null, null, null, 'k1', 'k2', 'k3'),
      callerTaskId: fc.constantFrom(null, null, null, null, 'c1', 'c2'),
      fingerprint: fc.constantFrom('f1', 'f1', 'f2'),
      joinHash: fc.constantFrom(null, 'j1', 'j1', 'j2'),
      /** How long ago the request came. */
      waitedMs: fc.constantFrom(0, 0, 5, 700_000),
      generation: fc.constantFrom(1, 1, 1, 7),
      enforce: fc.boolean(),
    }),
  },
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant('close' as const),
      create: anyCreate,
      task: fc.oneof({ weight: 5, arbitrary: fc.constant(null) }, { weight: 1, arbitrary: anyCreate }),
      end: fc.constantFrom(
        'task' as const,
        'task' as const,
        'done' as const,
        'refused' as const,
        'unknown' as const,
      ),
      state: fc.oneof(
        { weight: 4, arbitrary: fc.constant('submitted' as const) },
        { weight: 1, arbitrary: anyState },
      ),
      message: fc.constantFrom(null, null, null, null, 'queued'),
      attempts: fc.constantFrom(1, 1, 1, 0, 2),
      host: fc.constantFrom('api.example', 'api.example', 'api.example', 'other.example'),
      outcome: fc.constantFrom('ok' as const, 'ok' as const, 'server_error' as const, 'unreachable' as const),
      isAnswered: fc.boolean(),
    }),
  },
  /** As nearly all creates are closed: the newest one, by its only attempt, with a task of its own. */
  {
    weight: 5,
    arbitrary: fc.record({ kind: fc.constant('close-newest' as const), isAnswered: fc.boolean() }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant('observe' as const), create: anyCreate, state: anyState }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('look-up' as const), create: anyCreate, isFound: fc.boolean() }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('resolve' as const), create: anyCreate }) },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant('lose' as const), create: anyCreate, isAnswered: fc.boolean() }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('join' as const), joinHash: fc.constantFrom('j1', 'j2') }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('crash' as const) }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('freeze' as const), isOn: fc.constantFrom(true, false, false) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('wait' as const),
      byMs: fc.integer({ min: -4_000_000, max: 40_000_000 }),
    }),
  },
);
type Step = typeof anyStep extends fc.Arbitrary<infer S> ? S : never;

const USUAL_CLOSE = {
  kind: 'close',
  task: null,
  end: 'task',
  state: 'submitted',
  message: null,
  attempts: 1,
  host: 'api.example',
  outcome: 'ok',
} as const;

/** Two stores that get the same operations: one runs usual cases in their own form, the other never. */
class Pair {
  readonly usual = createMemoryStore();
  readonly general = createMemoryStore(undefined, undefined, { isUsual: false });
  readonly ids: string[] = [];
  at = NOON;
  readonly #apps = new Map<string, string>();

  close(): void {
    this.usual.close();
    this.general.close();
  }

  async run<A, R>(operation: StoreOperation<A, R>, args: A): Promise<R | Error> {
    const [one, other] = await Promise.all(
      [this.usual, this.general].map((store) => store.run(operation, args).catch((error: Error) => error)),
    );
    expect(withoutJoinId(one)).toEqual(withoutJoinId(other));
    return one as R | Error;
  }

  async step(step: Step): Promise<void> {
    const id = 'create' in step ? (this.ids[step.create % Math.max(1, this.ids.length)] ?? 'h-none') : '';
    switch (step.kind) {
      case 'admit':
        return this.#admit(step);
      case 'close':
        await this.run(closeCreate, this.#closeArgs(id, step));
        return;
      case 'close-newest': {
        const newest = { ...USUAL_CLOSE, create: this.ids.length - 1, isAnswered: step.isAnswered };
        if (this.ids.length > 0) await this.run(closeCreate, this.#closeArgs(this.ids.at(-1) ?? '', newest));
        return;
      }
      case 'observe': {
        const sightings = [
          sighting(`t-${id}`, { state: step.state, deduction: { credits: 500, raw: '0.5' } }),
        ];
        await this.run(observeTasks, { sightings, source: 'poll', at: this.at });
        return;
      }
      case 'look-up': {
        const found = { kind: 'found', sighting: sighting(`t-${id}`), answer: answer('found') } as const;
        const outcome = step.isFound ? found : ({ kind: 'absent', evidence: 'data: []' } as const);
        await this.run(recordLookUps, [{ holdId: id, at: this.at, outcome }]);
        return;
      }
      case 'resolve':
        await this.run(resolveHold, { holdId: id, action: 'release', reason: 'r', actor: 'a', at: this.at });
        return;
      case 'lose': {
        const kept = step.isAnswered ? answer(`lost answer of ${id}`) : null;
        await this.run(noteLostAnswer, { holdId: id, age: this.at, at: this.at, answer: kept });
        return;
      }
      case 'join':
        await this.run(joinEarlier, {
          app: 'shop',
          hash: step.joinHash,
          arrivedAge: this.at,
          requestId: 'r',
          tag: null,
          at: this.at,
        });
        return;
      case 'crash':
        await this.run(recoverHolds, { owner: NEXT_OWNER, at: this.at });
        return;
      case 'freeze':
        if (step.isOn) await this.run(freeze, { reason: 'r', actor: 'a', at: this.at });
        else await this.run(unfreeze, { reason: 'r', actor: 'a', at: this.at });
        return;
      case 'wait':
        this.at += step.byMs;
    }
  }

  async #admit(step: Extract<Step, { kind: 'admit' }>): Promise<void> {
    const { app, credits, basis, enforce, key, callerTaskId, fingerprint, generation } = step;
    const hash = key === null ? step.joinHash : null;
    const join = hash === null ? {} : { join: { hash, arrivedAge: this.at - step.waitedMs } };
    const id = `h${String(this.ids.length).padStart(3, '0')}`;
    const owner = { ...OWNER, generation };
    const hold = newHold(id, { app, credits, basis, at: this.at, owner, requestId: `req_${id}` });
    const guard: RepeatGuard | null =
      key === null && callerTaskId === null ? null : { idempotencyKey: key, callerTaskId, fingerprint };
    const args: AdmitArgs = { hold, guard, enforce, ...join };
    const result = await this.run(admit, args);
    if (!('kind' in result) || result.kind !== 'admitted') return;
    this.ids.push(id);
    this.#apps.set(id, app);
  }

  #closeArgs(holdId: string, step: Extract<Step, { kind: 'close' }>): CloseArgs {
    const taskId = `t-${this.ids[(step.task ?? step.create) % Math.max(1, this.ids.length)] ?? holdId}`;
    const seen = sighting(taskId, { state: step.state, statusMessage: step.message });
    const ends: Record<CreateEnd['kind'], CreateEnd> = {
      task: { kind: 'task', sighting: seen },
      done: { kind: 'done', credits: 300, raw: '0.3' },
      refused: { kind: 'refused', evidence: 'no' },
      unknown: { kind: 'unknown', evidence: 'reset' },
    };
    const calls = Array.from({ length: step.attempts }, (_, n) =>
      call(`call_${holdId}_${n}`, {
        requestId: `req_${holdId}`,
        holdId,
        host: step.host,
        outcome: step.outcome,
        attempt: n + 1,
        taskId: step.end === 'task' ? taskId : null,
        at: this.at,
        app: this.#apps.get(holdId) ?? 'shop',
      }),
    );
    const known = heldAs(this.general, holdId);
    return {
      holdId,
      ...(known && { heldAs: known }),
      at: this.at,
      end: ends[step.end],
      calls,
      answer: step.isAnswered ? answer(`answer of ${holdId}`) : null,
    };
  }
}

/** The id of a join's row is made where it is inserted. */
function withoutJoinId<R>(result: R): R {
  if (typeof result !== 'object' || result === null || !('joinId' in result)) return result;
  return { ...result, joinId: '' };
}

const TABLES = {
  creates: '*',
  joins: 'hold_id, at, request_id, tag',
  journal: '*',
  answers: '*',
  task_states: '*',
  task_results: '*',
  instances: '*',
  spending: 'frozen_since, dated_to',
  budget_counters: '*',
  sla_windows: '*',
  sla_unreachable: '*',
  outbox: 'dedupe_key, kind, fact',
  adjustments: 'hold_id, at, credits, basis, note',
};

function dump({ db }: MemoryStore): Record<string, unknown[]> {
  const rows = Object.entries(TABLES).map(([table, columns]) => {
    const texts = db
      .prepare(`SELECT ${columns} FROM ${table}`)
      .all()
      .map((row) => JSON.stringify(row));
    return [table, texts.toSorted()] as const;
  });
  return Object.fromEntries(rows);
}

it('admits and closes in both forms with the same results and rows', async () => {
  let usualCases = 0;
  const history = fc.array(anyStep, { minLength: STEPS_A_RUN, maxLength: STEPS_A_RUN });
  await fc.assert(
    fc.asyncProperty(history, async (steps) => {
      const pair = new Pair();
      try {
        await pair.run(startInstance, { instance: OWNER.instance, at: NOON });
        for (const store of [pair.usual, pair.general]) {
          await store.run(applyBudgets, { rules: RULES, at: NOON });
          store.db.exec("UPDATE spending SET rules_version = 'the same'");
        }
        for (const step of steps) await pair.step(step);
        expect(dump(pair.usual)).toEqual(dump(pair.general));
        usualCases += pair.usual.usualCases();
      } finally {
        pair.close();
      }
    }),
    { numRuns: Math.ceil(STEPS / STEPS_A_RUN) },
  );
  expect(usualCases).toBeGreaterThan(STEPS / 40);
});
