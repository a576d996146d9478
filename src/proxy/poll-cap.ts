/**
 * Reads of one open task beyond the cap (`tasks.pollCapPerTask`): they get Kling's last answer again, which is kept here.
 *
 * A read beyond the cap goes to Kling if none did for one poll interval, or if a fact says that the task has changed since. All
 * others are answered here, with the header `x-kling-sidecar: poll_cap`: the state is Kling's, at most two intervals old.
 *
 * **Invariant**: at most {@link TARGETS_MAX} answers of at most {@link BODY_BYTES_MAX} bytes are kept, those of tasks that are open;
 * an end always comes from Kling. Without a cap nothing is counted or kept.
 */
import type { Clock } from '../clock.ts';
import type { Fact } from '../facts.ts';
import { isTerminal } from '../tasks/task-state.ts';
import type { TaskSighting } from '../tasks/task.ts';
import type { Ms } from '../units.ts';

const TARGETS_MAX = 2_000;
const BODY_BYTES_MAX = 16_384;
const INTERVALS_KEPT = 2;

/** What `tasks.pollCapPerTask` allows. */
export interface PollCapSettings {
  /** Reads of one task that all go to Kling. */
  reads: number;
  /** How often Kling is asked at most for a task beyond that. */
  intervalMs: Ms;
}

/** Kling's last answer about an open task. */
export interface KeptRead {
  status: number;
  contentType: string | null;
  body: Buffer;
  sighting: TaskSighting;
  /** Whose answer it is; compared by identity. */
  line: unknown;
}

interface Target {
  taskId: string | null;
  reads: number;
  /** When the last of them went to Kling. */
  sentTick: Ms;
  kept: KeptRead | null;
  keptTick: Ms;
}

export class PollCap {
  readonly #clock: Clock;
  readonly #targets = new Map<string, Target>();
  readonly #byTask = new Map<string, Set<string>>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Counts a read of a target (path and query); gives the answer that it gets from here, or null if it goes to Kling. */
  take(target: string, { reads, intervalMs }: PollCapSettings, line: unknown): KeptRead | null {
    const now = this.#clock.monotonic();
    const known = this.#targets.get(target);
    if (!known) {
      this.#add(target, { taskId: null, reads: 1, sentTick: now, kept: null, keptTick: now });
      return null;
    }
    known.reads += 1;
    const { kept, keptTick, sentTick } = known;
    // While Kling does not answer, an old answer is no answer.
    const isFresh = now - sentTick < intervalMs && now - keptTick < INTERVALS_KEPT * intervalMs;
    if (known.reads > reads && isFresh && kept?.line === line) return kept;
    known.sentTick = now;
    return null;
  }

  /** Keeps Kling's answer to a read that was counted; one that does not show a single open task is forgotten with its count. */
  keep(target: string, read: Omit<KeptRead, 'sighting'>, sightings: readonly TaskSighting[]): void {
    const known = this.#targets.get(target);
    if (!known) return;
    const [sighting] = sightings;
    if (!sighting || sightings.length > 1 || isTerminal(sighting.state)) return this.#remove(target, known);
    known.kept = read.body.length > BODY_BYTES_MAX ? null : { ...read, sighting };
    known.keptTick = this.#clock.monotonic();
    if (known.taskId !== null) return;
    known.taskId = sighting.taskId;
    const targets = this.#byTask.get(sighting.taskId);
    if (targets) targets.add(target);
    else this.#byTask.set(sighting.taskId, new Set([target]));
  }

  /** Forgets the answers of tasks that have changed: the next read goes to Kling. */
  follow(facts: readonly Fact[]): void {
    if (this.#byTask.size === 0) return;
    for (const fact of facts) {
      if (fact.kind !== 'task_changed') continue;
      for (const target of this.#byTask.get(fact.taskId) ?? []) {
        const known = this.#targets.get(target);
        if (known?.kept && known.kept.sighting.state !== fact.to) known.kept = null;
      }
    }
  }

  #add(target: string, entry: Target): void {
    if (this.#targets.size >= TARGETS_MAX) {
      const [oldest] = this.#targets;
      if (oldest) this.#remove(...oldest);
    }
    this.#targets.set(target, entry);
  }

  #remove(target: string, { taskId }: Target): void {
    this.#targets.delete(target);
    if (taskId === null) return;
    const targets = this.#byTask.get(taskId);
    targets?.delete(target);
    if (targets?.size === 0) this.#byTask.delete(taskId);
  }
}
