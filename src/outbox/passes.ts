/**
 * Passes over what waits, one at a time in the background.
 *
 * **Invariant**: what is woken while a pass runs has one more pass after it; nothing is woken after the stop.
 */
export class Passes {
  readonly #pass: () => Promise<void>;
  #running: Promise<void> | null = null;
  #isWoken = false;
  #isStopped = false;

  /** @param pass must not reject. */
  constructor(pass: () => Promise<void>) {
    this.#pass = pass;
  }

  get isStopped(): boolean {
    return this.#isStopped;
  }

  /** Makes a pass, in the background; while one runs, once more afterwards. */
  wake(): void {
    if (this.#isStopped) return;
    this.#isWoken = true;
    this.#running ??= this.#run().finally(() => (this.#running = null));
  }

  /** Begins no pass that was not woken before. */
  stop(): void {
    this.#isStopped = true;
  }

  /** Waits until no pass runs. */
  async settled(): Promise<void> {
    while (this.#running) await this.#running;
  }

  async #run(): Promise<void> {
    while (this.#isWoken) {
      this.#isWoken = false;
      await this.#pass();
    }
  }
}
