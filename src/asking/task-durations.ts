/**
 * How long the tasks of each operation take, and so from what age an open one is stuck.
 *
 * A limit of the config holds as it is. Without one it is twice the 99th percentile of the last {@link SAMPLES_MAX} tasks that
 * succeeded, once {@link SAMPLES_MIN} are known; until then ten minutes.
 *
 * **Invariant**: bounded memory, {@link SAMPLES_MAX} numbers for each operation. It decides nothing about money.
 */
import type { Fact } from '../facts.ts';
import type { Store } from '../store/store.ts';
import { durationOf, recentDurations } from '../tasks/duration-table.ts';
import type { StuckLimits } from '../tasks/stuck-limits.ts';
import type { Ms } from '../units.ts';
import type { OperationWord } from '../words.ts';
import type { TasksConfig } from './polling-config.ts';

/** Tasks of an operation whose durations are kept: the last ones. */
const SAMPLES_MAX = 1_000;
/** Tasks from which on the percentile is used. */
const SAMPLES_MIN = 100;
/** Newest creates that are read at a start. */
const ROWS_AT_START = 10_000;
const PERCENTILE = 0.99;
const FACTOR = 2;
const LIMIT_MS_MIN: Ms = 60_000;
const LIMIT_MS_MAX: Ms = 86_400_000;
/** The limit of an operation with too few tasks. */
const UNMEASURED_MS: Ms = 600_000;

type StuckConfig = Pick<TasksConfig, 'stuckAfterMs' | 'stuckAfterMsByOperation'>;

/** The last durations of one operation, the newest in place of the oldest. */
class Samples {
  readonly #durations: Ms[] = [];
  #next = 0;
  #limitMs: Ms | null = null;
  #isCurrent = true;

  add(durationMs: Ms): void {
    this.#durations[this.#next] = durationMs;
    this.#next = (this.#next + 1) % SAMPLES_MAX;
    this.#isCurrent = false;
  }

  /** Twice the percentile; null with too few tasks. */
  get limitMs(): Ms | null {
    if (!this.#isCurrent) this.#limitMs = limitOf(this.#durations);
    this.#isCurrent = true;
    return this.#limitMs;
  }
}

function limitOf(durations: readonly Ms[]): Ms | null {
  if (durations.length < SAMPLES_MIN) return null;
  const sorted = Float64Array.from(durations).sort();
  const percentile = sorted[Math.ceil(PERCENTILE * sorted.length) - 1] ?? 0;
  return Math.min(LIMIT_MS_MAX, Math.max(LIMIT_MS_MIN, Math.ceil(percentile * FACTOR)));
}

export class TaskDurations {
  readonly #samples = new Map<OperationWord, Samples>();
  readonly #config: () => StuckConfig;
  #kept: { config: StuckConfig; limits: StuckLimits } | null = null;

  constructor(config: () => StuckConfig) {
    this.#config = config;
  }

  /** Reads the durations of the newest tasks. */
  async begin(store: Pick<Store, 'read'>): Promise<void> {
    for (const { operation, durationMs } of await store.read(recentDurations, { rowsMax: ROWS_AT_START }))
      this.#add(operation, durationMs);
  }

  /** Learns from facts how long tasks took. */
  follow(facts: readonly Fact[]): void {
    for (const fact of facts) {
      if (fact.kind !== 'task_changed' || fact.to !== 'succeeded') continue;
      const { createdAt, at, klingAt } = fact;
      this.#add(fact.operation, durationOf({ createdAt, seenAt: at, klingAt }));
    }
  }

  /** From what age tasks are stuck now; the same value until something changes it. */
  get limits(): StuckLimits {
    const config = this.#config();
    if (this.#kept?.config !== config) this.#kept = { config, limits: this.#limitsOf(config) };
    return this.#kept.limits;
  }

  #add(operation: OperationWord, durationMs: Ms): void {
    let samples = this.#samples.get(operation);
    if (!samples) this.#samples.set(operation, (samples = new Samples()));
    samples.add(durationMs);
    this.#kept = null;
  }

  #limitsOf({ stuckAfterMs, stuckAfterMsByOperation }: StuckConfig): StuckLimits {
    if (stuckAfterMs !== null) return { usualMs: stuckAfterMs, byOperation: stuckAfterMsByOperation };
    const measured: Partial<Record<OperationWord, Ms>> = {};
    for (const [operation, { limitMs }] of this.#samples) if (limitMs !== null) measured[operation] = limitMs;
    return { usualMs: UNMEASURED_MS, byOperation: { ...measured, ...stuckAfterMsByOperation } };
  }
}
