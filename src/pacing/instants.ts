/** Instants in the order in which they were, of which the oldest are dropped. */
import type { Ms } from '../units.ts';

/** From so many dropped ones on, their room is given back once they are more than half of the list. */
const DROPPED_MAX = 1_024;

/** Adding and dropping cost the same for any length: an array that is shifted is copied once it is long. */
export class Instants {
  #list: Ms[] = [];
  /** The index of the oldest one. */
  #from = 0;

  get length(): number {
    return this.#list.length - this.#from;
  }

  get oldest(): Ms | undefined {
    return this.#list[this.#from];
  }

  get newest(): Ms | undefined {
    return this.length === 0 ? undefined : this.#list.at(-1);
  }

  add(at: Ms): void {
    this.#list.push(at);
  }

  /** Drops the oldest `count` (0 or more). */
  drop(count: number): void {
    this.#from = Math.min(this.#list.length, this.#from + count);
    if (this.#from < DROPPED_MAX || this.#from * 2 < this.#list.length) return;
    this.#list = this.#list.slice(this.#from);
    this.#from = 0;
  }

  /** Drops all up to an instant, that one included. */
  dropUntil(at: Ms): void {
    let count = 0;
    while (count < this.length && (this.#list[this.#from + count] ?? 0) <= at) count += 1;
    if (count > 0) this.drop(count);
  }

  /** Removes the newest one of this instant; does nothing if there is none. */
  remove(at: Ms): void {
    const index = this.#list.lastIndexOf(at);
    if (index >= this.#from) this.#list.splice(index, 1);
  }
}
