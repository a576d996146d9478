/**
 * The ledger in thirty plain rules over maps: what the real one is compared with.
 *
 * It knows three budgets: 60 credits a UTC day, 25 credits a UTC day for each app, and a shadow of 10 credits an hour.
 */
import { rule } from './making.ts';

export const RULES = [
  rule({ name: 'daily', limit: 60_000 }),
  rule({ name: 'per-app', limit: 25_000, per: 'app' }),
  rule({ name: 'shadow', limit: 10_000, window: 'hour', mode: 'shadow' }),
];
const LIMITS = new Map(RULES.map((one) => [one.name, one.mode === 'enforce' ? one.limit : Infinity]));
const DECISIVE_MS = 600_000;

interface ModelHold {
  credits: number;
  counters: string[];
  state: 'held' | 'settled' | 'released' | 'written_off';
  settled: number;
  inDoubt: boolean;
  doubtSince: number;
  task: string | null;
}

interface ModelTask {
  hold: string;
  /** 1 submitted, 2 processing, 3 ended. */
  rank: number;
  isFailed: boolean;
}

export interface Seen {
  state: 'submitted' | 'processing' | 'succeeded' | 'failed';
  deduction: number | null;
}

const RANKS = { submitted: 1, processing: 2, succeeded: 3, failed: 3 };

export class LedgerModel {
  readonly holds = new Map<string, ModelHold>();
  readonly tasks = new Map<string, ModelTask>();
  readonly counters = new Map<string, [settled: number, held: number]>();
  #lastAt = 0;

  admit(id: string, create: { app: string; credits: number; at: number; enforce: boolean }): boolean {
    const at = Math.max(create.at, this.#lastAt);
    const iso = new Date(at).toISOString();
    const counters = [
      `daily ${iso.slice(0, 10)}`,
      `per-app ${iso.slice(0, 10)} ${create.app}`,
      `shadow ${iso.slice(0, 13)}:00:00.000Z`,
    ];
    const fits = counters.every((key) => {
      const [settled, held] = this.counter(key);
      return settled + held + create.credits <= (LIMITS.get(key.split(' ')[0] ?? '') ?? 0);
    });
    if (create.enforce && create.credits > 0 && !fits) return false;
    this.#lastAt = at;
    const hold: ModelHold = {
      credits: create.credits,
      counters,
      state: 'held',
      settled: 0,
      inDoubt: false,
      doubtSince: 0,
      task: null,
    };
    this.holds.set(id, hold);
    this.#move(hold, 0, create.credits);
    return true;
  }

  attach(id: string, taskId: string, seen: Seen, by: { at: number; isLookUp: boolean }): void {
    const hold = this.#hold(id);
    const known = this.tasks.get(taskId);
    if (known?.hold === id) this.observe(taskId, seen);
    else if (known) {
      if (!by.isLookUp) this.unknown(id, by.at);
      else if (hold.state === 'held' && hold.task === null) this.#end(hold, 'released', 0);
    } else {
      this.tasks.set(taskId, { hold: id, rank: 0, isFailed: false });
      hold.task = taskId;
      hold.inDoubt = false;
      this.observe(taskId, seen);
    }
  }

  observe(taskId: string, seen: Seen): void {
    const task = this.tasks.get(taskId);
    if (!task) return;
    const hold = this.#hold(task.hold);
    const isNews = RANKS[seen.state] > task.rank;
    if (isNews) {
      task.rank = RANKS[seen.state];
      task.isFailed = seen.state === 'failed';
    }
    if (RANKS[seen.state] < 3) return;
    const cost = seen.deduction ?? (seen.state === 'failed' ? 0 : hold.credits);
    if (hold.state === 'held')
      this.#end(hold, seen.state === 'failed' && cost === 0 ? 'released' : 'settled', cost);
    else if (isNews || seen.deduction !== null) this.#adjust(hold, cost);
  }

  done(id: string, credits: number | null): void {
    const hold = this.#hold(id);
    const cost = credits ?? hold.credits;
    if (hold.state === 'held') this.#end(hold, 'settled', cost);
    else this.#adjust(hold, cost);
  }

  refused(id: string): void {
    const hold = this.#hold(id);
    if (hold.state === 'held' && hold.task === null) this.#end(hold, 'released', 0);
  }

  /** Also of a second send, which begins the doubt again. */
  unknown(id: string, at: number): void {
    const hold = this.#hold(id);
    if (hold.state !== 'held' || hold.task !== null) return;
    hold.inDoubt = true;
    hold.doubtSince = at;
  }

  absent(id: string, at: number): void {
    const hold = this.#hold(id);
    if (hold.inDoubt && at - hold.doubtSince >= DECISIVE_MS) this.#end(hold, 'released', 0);
  }

  /** False if the hold has ended before. */
  resolve(id: string, action: 'release' | 'write-off'): boolean {
    const hold = this.#hold(id);
    if (hold.state !== 'held') return false;
    if (action === 'release') this.#end(hold, 'released', 0);
    else this.#end(hold, 'written_off', hold.credits);
    return true;
  }

  restart(at: number): void {
    for (const [id, { inDoubt }] of this.holds) if (!inDoubt) this.unknown(id, at);
  }

  counter(key: string): [settled: number, held: number] {
    return this.counters.get(key) ?? [0, 0];
  }

  /** Counters that enforce and hold more than their limit. */
  overfull(): string[] {
    return [...this.counters.keys()].filter((key) => {
      const [settled, held] = this.counter(key);
      return settled + held > (LIMITS.get(key.split(' ')[0] ?? '') ?? 0);
    });
  }

  #hold(id: string): ModelHold {
    const hold = this.holds.get(id);
    if (!hold) throw new Error(`the model has no hold ${id}`);
    return hold;
  }

  #end(hold: ModelHold, state: 'settled' | 'released' | 'written_off', cost: number): void {
    hold.state = state;
    hold.inDoubt = false;
    hold.settled = cost;
    this.#move(hold, cost, -hold.credits);
  }

  #adjust(hold: ModelHold, cost: number): void {
    this.#move(hold, cost - hold.settled, 0);
    hold.settled = cost;
  }

  #move(hold: ModelHold, settledBy: number, heldBy: number): void {
    for (const key of hold.counters) {
      const [settled, held] = this.counter(key);
      this.counters.set(key, [settled + settledBy, held + heldBy]);
    }
  }
}
