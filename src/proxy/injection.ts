/** The routes on which our external task ids may be written into creates: all, except those on which Kling refused the field. */

/** Routes in this set get no id of ours until the process ends: Kling may accept the field again later. */
export class Injection {
  readonly #refused = new Set<string>();

  mayInject(route: string): boolean {
    return !this.#refused.has(route);
  }

  stop(route: string): void {
    this.#refused.add(route);
  }
}
