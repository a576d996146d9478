/**
 * The due times of open tasks: kept in memory, so that a poll without news writes nothing.
 *
 * Times are those of the steady clock. **Invariant**: a task is here once; a task that a pass took is not given again before
 * it gets a new due time or is added again.
 */
import type { Ms, Product } from '../units.ts';
import type { OperationWord, TaskState } from '../words.ts';

/** An open task of the poller; its host is read from the store before it is first asked for. */
export interface DueTask {
  readonly id: string;
  readonly product: Product;
  readonly operation: OperationWord;
  readonly createdAt: Ms;
  /** When it began, on the steady clock: for a new task, when its create was answered. */
  readonly beganTick: Ms;
  state: TaskState;
  made: MadeAt | null;
}

/** Where a task was made, and for which hold. */
export interface MadeAt {
  holdId: string;
  /** The path of its create. */
  path: string;
  route: string;
}

interface Place {
  task: DueTask;
  dueTick: Ms;
  /** Its place in the heap; -1 while a pass has it. */
  index: number;
}

/** The open tasks of one sidecar, the longest due first. */
export class DueTasks {
  readonly #places = new Map<string, Place>();
  /** A binary heap by `dueTick`. */
  readonly #heap: Place[] = [];

  get size(): number {
    return this.#places.size;
  }

  get(id: string): DueTask | undefined {
    return this.#places.get(id)?.task;
  }

  /** Adds a task; a known one stays unchanged. */
  add(task: DueTask, dueTick: Ms): void {
    if (this.#places.has(task.id)) return;
    const place = { task, dueTick, index: -1 };
    this.#places.set(task.id, place);
    this.#push(place);
  }

  remove(id: string): void {
    const place = this.#places.get(id);
    if (!place) return;
    this.#places.delete(id);
    if (place.index !== -1) this.#takeOut(place.index);
  }

  clear(): void {
    this.#places.clear();
    this.#heap.length = 0;
  }

  /** Gives the first due time of all; infinite if there is none. */
  get nextTick(): Ms {
    return this.#heap[0]?.dueTick ?? Infinity;
  }

  /** Makes those tasks due at once that are due later than `latestOf` allows; null allows any time. */
  bringForward(nowTick: Ms, latestOf: (task: DueTask) => Ms | null): void {
    for (const { task, dueTick, index } of this.#places.values()) {
      if (index !== -1 && dueTick > (latestOf(task) ?? Infinity)) this.putOff(task.id, nowTick);
    }
  }

  /** Takes out those that are due, the longest due first, at most `max`. */
  take(nowTick: Ms, max: number): DueTask[] {
    const taken: DueTask[] = [];
    while (taken.length < max) {
      const [first] = this.#heap;
      if (!first || first.dueTick > nowTick) return taken;
      this.#takeOut(0);
      taken.push(first.task);
    }
    return taken;
  }

  /** Gives a task a new due time; one that has ended meanwhile is left out. */
  putOff(id: string, dueTick: Ms): void {
    const place = this.#places.get(id);
    if (!place) return;
    if (place.index !== -1) this.#takeOut(place.index);
    place.dueTick = dueTick;
    this.#push(place);
  }

  #push(place: Place): void {
    place.index = this.#heap.push(place) - 1;
    this.#rise(place);
  }

  #takeOut(index: number): void {
    const place = this.#heap[index];
    const last = this.#heap.pop();
    if (place) place.index = -1;
    if (!last || last === place) return;
    this.#put(last, index);
    this.#sink(last);
    this.#rise(last);
  }

  #rise(place: Place): void {
    while (place.index > 0) {
      const above = this.#heap[(place.index - 1) >> 1];
      if (!above || above.dueTick <= place.dueTick) return;
      this.#swap(place, above);
    }
  }

  #sink(place: Place): void {
    for (;;) {
      const left = this.#heap[2 * place.index + 1];
      const right = this.#heap[2 * place.index + 2];
      const below = left && right && right.dueTick < left.dueTick ? right : left;
      if (!below || below.dueTick >= place.dueTick) return;
      this.#swap(place, below);
    }
  }

  #swap(a: Place, b: Place): void {
    const { index } = a;
    this.#put(a, b.index);
    this.#put(b, index);
  }

  #put(place: Place, index: number): void {
    this.#heap[index] = place;
    place.index = index;
  }
}
