/**
 * The sums of a comparison between our ledger and Kling's, by how a charge compares.
 *
 * - `matched`: both have the same amount. Creates that cost nothing in both are not counted.
 * - `oursOnly`: we settled an amount, and Kling's complete ledgers have no row.
 * - `theirsOnly`: Kling charged a task that no create of ours explains: somebody else spends from the account.
 * - `different`: both have an amount, and they differ, or Kling's cannot be converted to credits.
 * - `pending`: not decided yet: the hold is open, or a row may still come.
 */
import { decimalText, poolOf, type ChargedRow } from '../account/row-credits.ts';
import type { MilliCredits, Ms, Product } from '../units.ts';

export const CLASSES = ['matched', 'oursOnly', 'theirsOnly', 'different', 'pending'] as const;
export type CompareClass = (typeof CLASSES)[number];

/** Tasks of one class, with the credits in our ledger and in Kling's. */
export interface ClassSum {
  tasks: number;
  ourCredits: MilliCredits;
  theirCredits: MilliCredits;
}

/** Kling's own quantities, in millionths: `video` and `image` units, or a currency. */
export type KlingSums = Record<string, number>;

/** One charge in question, for people. */
export interface CompareExample {
  class: Exclude<CompareClass, 'matched' | 'pending'>;
  /** Null for a synchronous create, whose task nobody names. */
  taskId: string | null;
  /** Null if no create of ours has the task. */
  holdId: string | null;
  app: string | null;
  /** The name at Kling of the key that made a task of somebody else. */
  key: string | null;
  at: Ms;
  ourCredits: MilliCredits | null;
  /** Null if there is no row, or one that cannot be converted. */
  theirCredits: MilliCredits | null;
}

export interface Tally {
  classes: Record<CompareClass, ClassSum>;
  units: KlingSums;
  cash: KlingSums;
  /** The differences for creates of ours, all counted as positive, so that none offsets another. */
  driftCredits: MilliCredits;
  examples: CompareExample[];
}

/** Examples of one tally. */
export const EXAMPLES_MAX = 50;

/** Makes a tally of nothing. */
export function emptyTally(): Tally {
  const none = (): ClassSum => ({ tasks: 0, ourCredits: 0, theirCredits: 0 });
  return {
    classes: {
      matched: none(),
      oursOnly: none(),
      theirsOnly: none(),
      different: none(),
      pending: none(),
    },
    units: {},
    cash: {},
    driftCredits: 0,
    examples: [],
  };
}

/** Adds one create or charge to a tally. */
export function count(
  tally: Tally,
  found: CompareClass,
  { ours, theirs }: { ours: MilliCredits; theirs: MilliCredits },
): void {
  const sum = tally.classes[found];
  sum.tasks += 1;
  sum.ourCredits += ours;
  sum.theirCredits += theirs;
  if (found === 'oursOnly' || found === 'different') tally.driftCredits += Math.abs(ours - theirs);
}

/** Adds Kling's rows of one task in their own units and money. */
export function countRows(tally: Tally, rows: readonly ChargedRow[], product: Product): void {
  for (const { wallet, amount, product: type, currency } of rows) {
    const sums = wallet === 'package' ? tally.units : tally.cash;
    const key = wallet === 'package' ? poolOf(type, product) : (currency ?? 'unnamed');
    sums[key] = (sums[key] ?? 0) + amount;
  }
}

/** Keeps an example while there is room. */
export function keepExample(tally: Tally, example: CompareExample): void {
  if (tally.examples.length < EXAMPLES_MAX) tally.examples.push(example);
}

/** Adds one tally to another. */
export function addTally(sum: Tally, part: Tally): void {
  for (const name of CLASSES) {
    const [into, from] = [sum.classes[name], part.classes[name]];
    into.tasks += from.tasks;
    into.ourCredits += from.ourCredits;
    into.theirCredits += from.theirCredits;
  }
  for (const [into, from] of [
    [sum.units, part.units],
    [sum.cash, part.cash],
  ] as const) {
    for (const [key, amount] of Object.entries(from)) into[key] = (into[key] ?? 0) + amount;
  }
  sum.driftCredits += part.driftCredits;
  for (const example of part.examples) keepExample(sum, example);
}

/** Writes Kling's quantities, such as `12.5 video units and 0.07 USD`; empty without any. */
export function quantitiesOf({ units, cash }: Pick<Tally, 'units' | 'cash'>): string[] {
  const ofUnits = Object.entries(units).map(([kind, amount]) => `${decimalText(amount)} ${kind} units`);
  const ofCash = Object.entries(cash).map(([currency, amount]) => `${decimalText(amount)} ${currency}`);
  return [...ofUnits.toSorted(), ...ofCash.toSorted()];
}
