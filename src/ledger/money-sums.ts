/**
 * The state of money as the running process knows it, so that `status` and a scrape cost the same at 10 and at 100,000 open
 * tasks: sums are read once at the start and follow every fact from then on.
 *
 * Kept one by one are only holds in doubt and holds of other upstreams, which are few, and the times of open tasks.
 *
 * **Invariant**: after the facts of a write the sums are what a scan after that write gives (`status.ts`). They decide nothing: a
 * create is admitted by the store's counters alone. `sums-check.ts` compares both now and then.
 */
import type { Fact } from '../facts.ts';
import type { Store } from '../store/store.ts';
import { isTerminal } from '../tasks/task-state.ts';
import { stuckAfterMs } from '../tasks/stuck-limits.ts';
import type { MilliCredits, Ms } from '../units.ts';
import type { OperationWord, TaskState } from '../words.ts';
import { freezeState } from './freeze.ts';
import { OpenTimes } from './open-times.ts';
import type { OpenWork } from './open-work.ts';
import type { MoneyStatus, OpenState, OpenTaskCount, StatusArgs } from './status.ts';
import { sumElsewhere, type HoldElsewhere, type HoldsElsewhere, type UsedUpstream } from './use-upstream.ts';

/** What is kept; the freeze is one row, and read. */
export type KeptStatus = Omit<MoneyStatus, 'frozen'>;

type TaskChanged = Extract<Fact, { kind: 'task_changed' }>;
type TaskLost = Extract<Fact, { kind: 'task_lost' }>;
type CreateHeld = Extract<Fact, { kind: 'create_held' }>;

interface Doubt {
  credits: MilliCredits;
  since: Ms | null;
}

interface KeptTasks extends Omit<OpenTaskCount, 'stuck' | 'madeBefore'> {
  /** By operation: each has its own age from which a task is stuck. */
  times: Map<OperationWord, OpenTimes>;
}

export class MoneySums {
  #openHolds = 0;
  #heldCredits: MilliCredits = 0;
  #inDoubtCredits: MilliCredits = 0;
  #inUse: UsedUpstream | null = null;
  readonly #doubts = new Map<string, Doubt>();
  readonly #tasks = new Map<string, KeptTasks>();
  /** The holds of lost tasks, which are in no group: Kling may end them yet. */
  readonly #lost = new Set<string>();
  #elsewhere = new Map<string, HoldElsewhere>();
  /** The sums of `#elsewhere`; null if they are to be made again. */
  #elsewhereSums: HoldsElsewhere[] | null = null;
  #onChange: () => void = () => undefined;

  /** Begins anew with what the store has. No fact of an earlier write may follow. */
  begin(open: OpenWork): void {
    this.#openHolds = open.openHolds;
    this.#heldCredits = open.heldCredits;
    this.#inDoubtCredits = 0;
    this.#doubts.clear();
    for (const { holdId, credits, since } of open.doubts) this.#beginDoubt(holdId, { credits, since });
    this.#tasks.clear();
    this.#lost.clear();
    for (const holdId of open.lost) this.#lost.add(holdId);
    for (const { createdAt, weight, operation, ...of } of open.tasks) {
      const group = this.#group(of);
      group.tasks += createdAt.length;
      group.weight += weight;
      for (const at of createdAt) timesOf(group, operation).add(at);
    }
    this.useUpstream(open);
  }

  /** Notes the upstream that was put in use, and the open holds of others. */
  useUpstream({ inUse, elsewhere }: Pick<OpenWork, 'inUse' | 'elsewhere'>): void {
    this.#inUse = inUse;
    this.#elsewhere = new Map(elsewhere.map((hold) => [hold.holdId, hold]));
    this.#elsewhereSums = null;
    this.#onChange();
  }

  /** Takes the facts of a write. */
  follow(facts: readonly Fact[]): void {
    let isChanged = false;
    for (const fact of facts) if (this.#take(fact)) isChanged = true;
    if (isChanged) this.#onChange();
  }

  /** Calls back after each change, once for all facts of a write, until the next call. */
  set onChange(onChange: (() => void) | null) {
    this.#onChange = onChange ?? (() => undefined);
  }

  /** Gives the state of money at an instant, with the freeze as the store has it. */
  async read(reader: Pick<Store, 'read'>, args: StatusArgs): Promise<MoneyStatus> {
    const frozen = await reader.read(freezeState, {});
    return { frozen, ...this.status(args) };
  }

  /** Gives what is kept, as a scan would give it. */
  status({ at, stuck: limits, madeBefore = [] }: StatusArgs): KeptStatus {
    this.#elsewhereSums ??= sumElsewhere(this.#elsewhere.values());
    return {
      openHolds: this.#openHolds,
      heldCredits: this.#heldCredits,
      inDoubtHolds: this.#doubts.size,
      inDoubtCredits: this.#inDoubtCredits,
      oldestDoubtSince: this.#oldestDoubtSince(),
      openTasks: [...this.#tasks]
        .filter(([, { tasks }]) => tasks > 0)
        .toSorted(([one], [other]) => (one < other ? -1 : 1))
        .map(([, { times, ...group }]) => ({
          ...group,
          stuck: limits ? countUntil(times, (operation) => at - stuckAfterMs(limits, operation)) : 0,
          madeBefore: madeBefore.map((instant) => countUntil(times, () => instant - 1)),
        })),
      elsewhere: this.#elsewhereSums,
    };
  }

  #oldestDoubtSince(): Ms | null {
    let oldest: Ms | null = null;
    for (const { since } of this.#doubts.values())
      if (since !== null && (oldest === null || since < oldest)) oldest = since;
    return oldest;
  }

  /** Returns whether the fact changed a sum. */
  #take(fact: Fact): boolean {
    switch (fact.kind) {
      case 'create_held':
        this.#openHolds += 1;
        this.#heldCredits += fact.heldCredits;
        this.#noteElsewhere(fact);
        return true;
      case 'hold_resolved':
        this.#openHolds -= 1;
        this.#heldCredits -= fact.heldCredits;
        this.#endDoubt(fact.holdId);
        if (this.#elsewhere.delete(fact.holdId)) this.#elsewhereSums = null;
        return true;
      case 'hold_in_doubt':
        this.#beginDoubt(fact.holdId, { credits: fact.heldCredits, since: fact.at });
        return true;
      case 'task_changed':
        if (this.#lost.has(fact.holdId)) return this.#endLost(fact);
        // A create whose task is known is in doubt no more.
        if (fact.from === null) this.#endDoubt(fact.holdId);
        else this.#count(fact, fact.from, -1);
        this.#count(fact, fact.to, 1);
        return true;
      case 'task_lost':
        this.#count(fact, fact.state, -1);
        this.#lost.add(fact.holdId);
        return true;
      default:
        return false;
    }
  }

  /** A create that was prepared before a reload may be held for the upstream of before. */
  #noteElsewhere({ holdId, upstream: { host, account }, heldCredits: credits }: CreateHeld): void {
    if (this.#inUse === null || (this.#inUse.host === host && this.#inUse.account === account)) return;
    this.#elsewhere.set(holdId, { holdId, upstream_host: host, upstream_account: account, credits });
    this.#elsewhereSums = null;
  }

  /** A doubt may begin a second time, with another date. */
  #beginDoubt(holdId: string, doubt: Doubt): void {
    this.#endDoubt(holdId);
    this.#doubts.set(holdId, doubt);
    this.#inDoubtCredits += doubt.credits;
  }

  #endDoubt(holdId: string): void {
    const doubt = this.#doubts.get(holdId);
    if (!doubt) return;
    this.#doubts.delete(holdId);
    this.#inDoubtCredits -= doubt.credits;
  }

  /** Gives false: a lost task is in no sum of tasks. */
  #endLost({ holdId, to }: TaskChanged): false {
    if (isTerminal(to)) this.#lost.delete(holdId);
    return false;
  }

  #count(
    { product, operation, weight, createdAt }: TaskChanged | TaskLost,
    state: TaskState,
    sign: 1 | -1,
  ): void {
    if (isTerminal(state)) return;
    const group = this.#group({ product, state: state as OpenState });
    group.tasks += sign;
    group.weight += sign * weight;
    const times = timesOf(group, operation);
    if (sign === 1) times.add(createdAt);
    else times.remove(createdAt);
  }

  #group(of: Pick<OpenTaskCount, 'product' | 'state'>): KeptTasks {
    const known = this.#tasks.get(keyOf(of));
    if (known) return known;
    const group: KeptTasks = { ...of, tasks: 0, weight: 0, times: new Map() };
    this.#tasks.set(keyOf(of), group);
    return group;
  }
}

function timesOf({ times }: KeptTasks, operation: OperationWord): OpenTimes {
  const known = times.get(operation);
  if (known) return known;
  const made = new OpenTimes();
  times.set(operation, made);
  return made;
}

function countUntil(
  times: ReadonlyMap<OperationWord, OpenTimes>,
  untilOf: (operation: OperationWord) => Ms,
): number {
  let count = 0;
  for (const [operation, made] of times) count += made.countUntil(untilOf(operation));
  return count;
}

function keyOf({ product, state }: Pick<OpenTaskCount, 'product' | 'state'>): string {
  return `${product} ${state}`;
}
