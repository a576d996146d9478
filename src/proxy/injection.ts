/** The routes on which fields of ours may be written into creates: all, except those on which Kling refused the field. */
import type { OwnField } from '../kling/own-fields.ts';

/** A route in this set does not get that field until the process ends: Kling may accept it again later. */
export class Injection {
  readonly #refused = new Set<string>();

  mayInject(route: string, field: OwnField): boolean {
    return this.#refused.size === 0 || !this.#refused.has(`${field} ${route}`);
  }

  /** Returns whether the field was written there until now. */
  stop(route: string, field: OwnField): boolean {
    const before = this.#refused.size;
    return this.#refused.add(`${field} ${route}`).size > before;
  }
}
