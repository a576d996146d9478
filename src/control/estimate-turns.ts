/**
 * Estimates take turns: one is priced at a time, a few wait, and further ones get a Retry-After.
 *
 * Every caller of the control plane may ask for one, without a token: together they cost the event loop no more than
 * one.
 */
import { nextTurn } from '../clock.ts';
import { PlaneRefusal } from './problem.ts';

/** Estimates that wait for their turn. */
export const WAITING_MAX = 8;

export class EstimateTurns {
  #waiting = 0;
  #last: Promise<unknown> = Promise.resolve();

  /** Runs work when all before it has ended. @throws PlaneRefusal `busy` if too many wait already. */
  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.#waiting > WAITING_MAX) {
      throw new PlaneRefusal('busy', `${WAITING_MAX} estimates wait already: ask again in a moment.`);
    }
    this.#waiting += 1;
    const turn = this.#last.then(nextTurn).then(work);
    this.#last = turn.catch(() => undefined);
    return turn.finally(() => {
      this.#waiting -= 1;
    });
  }
}
