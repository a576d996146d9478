/** The times of open tasks, kept by minute: tasks above an age are counted without a look at each. */
import type { Ms } from '../units.ts';

const MINUTE_MS: Ms = 60_000;

export class OpenTimes {
  readonly #byMinute = new Map<number, Ms[]>();

  add(at: Ms): void {
    const minute = Math.floor(at / MINUTE_MS);
    const times = this.#byMinute.get(minute);
    if (times) times.push(at);
    else this.#byMinute.set(minute, [at]);
  }

  /** Removes one of the tasks that were made at an instant; does nothing if there is none. */
  remove(at: Ms): void {
    const minute = Math.floor(at / MINUTE_MS);
    const times = this.#byMinute.get(minute);
    const index = times?.indexOf(at) ?? -1;
    if (!times || index === -1) return;
    const last = times.pop();
    if (times.length === 0) this.#byMinute.delete(minute);
    else if (last !== undefined && index < times.length) times[index] = last;
  }

  /** Counts the tasks that were made at an instant or before. */
  countUntil(until: Ms): number {
    const present = Math.floor(until / MINUTE_MS);
    let count = 0;
    for (const [minute, times] of this.#byMinute) {
      if (minute < present) count += times.length;
      else if (minute === present) for (const at of times) count += at <= until ? 1 : 0;
    }
    return count;
  }
}
