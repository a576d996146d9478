/**
 * The creates of one product that wait: first in, first out within an app, and apps take turns.
 *
 * An app that was served goes behind the other apps that wait, so between two of them the numbers of creates that left differ by one at
 * most while both wait for the same. One that cannot leave keeps its turn. Within an app, creates of a full model do not
 * delay those of another model.
 *
 * **Invariant**: nothing is served past a create that lacks only its product's slots, so a large create gets them in the end.
 * The next one is found without a look at the others: by apps, models and heads only.
 */

import { addInOrder, countBefore, removeFrom, type Arrived } from './arrivals.ts';

/** A create that waits. */
export interface Queued extends Arrived {
  readonly app: string;
  readonly model: string | null;
}

/** What a create at the head of its line lacks: something that it shares with its model, its app, or all; null if it may leave. */
export type Lack = 'model' | 'app' | 'all' | null;

export class FairQueue<Waiter extends Queued> {
  /** In the order of their turns. */
  readonly #apps = new Map<string, AppLine<Waiter>>();
  readonly #byModel = new Map<string | null, number>();
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** Counts those of one model. */
  countOf(model: string | null): number {
    return this.#byModel.get(model) ?? 0;
  }

  /** Names the models of those that wait; null for creates without one. */
  models(): Iterable<string | null> {
    return this.#byModel.keys();
  }

  add(waiter: Waiter): void {
    let line = this.#apps.get(waiter.app);
    if (line === undefined) this.#apps.set(waiter.app, (line = new AppLine()));
    line.add(waiter);
    this.#count(waiter.model, 1);
  }

  /** Removes one that gave up; its app keeps its turn. Does nothing if it does not wait. */
  remove(waiter: Waiter): void {
    const line = this.#apps.get(waiter.app);
    if (!line?.remove(waiter)) return;
    if (line.length === 0) this.#apps.delete(waiter.app);
    this.#count(waiter.model, -1);
  }

  /** Removes one that leaves; the other apps are served before its app's next one. */
  serve(waiter: Waiter): void {
    this.remove(waiter);
    const line = this.#apps.get(waiter.app);
    if (line === undefined) return;
    this.#apps.delete(waiter.app);
    this.#apps.set(waiter.app, line);
  }

  /** Gives the next one that may leave, and leaves it in the queue; null if none may. */
  next(lackOf: (waiter: Waiter) => Lack): Waiter | null {
    const full = new Set<string | null>();
    for (const line of this.#apps.values()) {
      for (let head = line.first(full); head !== null; head = line.first(full)) {
        const lack = lackOf(head);
        if (lack === null) return head;
        if (lack === 'app') break;
        full.add(head.model);
        if (lack === 'all' || full.size === this.#byModel.size) return null;
      }
    }
    return null;
  }

  /**
   * Counts those that leave before one, which need not wait here, if each may leave when it is its turn.
   * @param absent are expected back: they count as if they waited, too.
   */
  aheadOf({ app, arrival }: Omit<Queued, 'model'>, absent: FairQueue<Queued> = NOBODY): number {
    const own = this.#before(app, arrival) + absent.#before(app, arrival);
    let ahead = own;
    let isBefore = true;
    for (const [other, line] of this.#apps) {
      if (other === app) isBefore = false;
      else ahead += Math.min(line.length + absent.#lengthOf(other), isBefore ? own + 1 : own);
    }
    for (const [other, line] of absent.#apps)
      if (other !== app && !this.#apps.has(other)) ahead += Math.min(line.length, isBefore ? own + 1 : own);
    return ahead;
  }

  /** Lists all in the order in which they leave, if each may leave when it is its turn. */
  inOrder(): Waiter[] {
    const lines = [...this.#apps.values()].map((line) => line.inOrder());
    const order: Waiter[] = [];
    for (let round = 0; order.length < this.#length; round += 1) {
      for (const line of lines) {
        const waiter = line[round];
        if (waiter !== undefined) order.push(waiter);
      }
    }
    return order;
  }

  #before(app: string, arrival: number): number {
    return this.#apps.get(app)?.before(arrival) ?? 0;
  }

  #lengthOf(app: string): number {
    return this.#apps.get(app)?.length ?? 0;
  }

  #count(model: string | null, by: 1 | -1): void {
    this.#length += by;
    const count = this.countOf(model) + by;
    if (count === 0) this.#byModel.delete(model);
    else this.#byModel.set(model, count);
  }
}

const NOBODY = new FairQueue<Queued>();

/** The creates of one app, by model, each list in the order of arrival. */
class AppLine<Waiter extends Queued> {
  readonly #byModel = new Map<string | null, Waiter[]>();
  length = 0;

  add(waiter: Waiter): void {
    const list = this.#byModel.get(waiter.model);
    if (list === undefined) this.#byModel.set(waiter.model, [waiter]);
    else addInOrder(list, waiter);
    this.length += 1;
  }

  remove(waiter: Waiter): boolean {
    const list = this.#byModel.get(waiter.model) ?? [];
    if (!removeFrom(list, waiter)) return false;
    if (list.length === 0) this.#byModel.delete(waiter.model);
    this.length -= 1;
    return true;
  }

  /** Gives the one that arrived first, of the models that are not full; null if there is none. */
  first(full: ReadonlySet<string | null>): Waiter | null {
    let first: Waiter | null = null;
    for (const [model, [head]] of this.#byModel) {
      if (head === undefined || full.has(model)) continue;
      if (first === null || head.arrival < first.arrival) first = head;
    }
    return first;
  }

  /** Counts those that arrived before `arrival`. */
  before(arrival: number): number {
    let before = 0;
    for (const list of this.#byModel.values()) before += countBefore(list, arrival);
    return before;
  }

  inOrder(): Waiter[] {
    return [...this.#byModel.values()].flat().toSorted((a, b) => a.arrival - b.arrival);
  }
}
