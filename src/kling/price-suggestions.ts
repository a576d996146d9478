/**
 * The overrides of prices that would have been right, by Kling's own deductions.
 *
 * Creates of one operation, model and quality are compared by their rate: for a second, for a picture, or for the whole task. Whether
 * there was sound is not stored: it is known where the rate that was held for is the published one of exactly one kind of sound.
 *
 * **Invariant**: a price is suggested only if all creates of its kind that were held at the latest rate were deducted at one
 * other rate. Else nothing is guessed: the kind is unclear.
 */
import type { DeductionEvidence } from '../budget/deduction-evidence.ts';
import type { MilliCredits } from '../units.ts';
import type { Mode, OperationWord } from '../words.ts';
import { PRICE_ROWS } from './prices.ts';

export type RateUnit = 'second' | 'each' | 'task';

/** Creates of one kind. */
export interface PriceKind {
  operation: OperationWord;
  model: string | null;
  mode: Mode | null;
  /** Null if it is not known. */
  sound: boolean | null;
  per: RateUnit;
}

export interface PriceSuggestion extends PriceKind {
  /** What is held for a unit now, and what Kling deducts for it; rounded up to a thousandth. */
  held: MilliCredits;
  deducted: MilliCredits;
  creates: number;
}

export interface UnclearPrice extends PriceKind {
  creates: number;
  /** The deducted rates, the most frequent first. */
  rates: MilliCredits[];
}

/** A kind's creates with their rates, as exact text for comparison. */
interface Rated {
  evidence: DeductionEvidence;
  kind: PriceKind;
  held: Rate;
  deducted: Rate;
}

/** An amount for a number of units, both exact. */
interface Rate {
  milli: MilliCredits;
  units: number;
}

/** Finds the suggestions; kinds with fewer than `createsMin` creates are left out. */
export function suggestPrices(
  evidence: readonly DeductionEvidence[],
  { createsMin }: { createsMin: number },
): { suggestions: PriceSuggestion[]; unclear: UnclearPrice[] } {
  const suggestions: PriceSuggestion[] = [];
  const unclear: UnclearPrice[] = [];
  const kinds = Map.groupBy(evidence.map(ratedOf), ({ kind }) => JSON.stringify(kind));
  for (const all of kinds.values()) {
    const latest = all.reduce((one, other) => (other.evidence.lastAt > one.evidence.lastAt ? other : one));
    // What was held at an earlier price says nothing of the present one.
    const own = all.filter(({ held }) => isSame(held, latest.held));
    const creates = own.reduce((sum, one) => sum + one.evidence.creates, 0);
    if (creates < createsMin || own.every(({ held, deducted }) => isSame(held, deducted))) continue;
    const { kind, held, deducted } = latest;
    if (own.every((one) => isSame(one.deducted, deducted)))
      suggestions.push({ ...kind, held: milliOf(held), deducted: milliOf(deducted), creates });
    else unclear.push({ ...kind, creates, rates: ratesOf(own) });
  }
  return separate(
    suggestions,
    unclear,
    [...kinds.values()].map(([first]) => first?.kind),
  );
}

/** An override without a sound is for every sound: with other kinds of the same model beside it, it would be wrong for those. */
function separate(
  suggestions: PriceSuggestion[],
  unclear: UnclearPrice[],
  kinds: readonly (PriceKind | undefined)[],
): { suggestions: PriceSuggestion[]; unclear: UnclearPrice[] } {
  const isAlone = (one: PriceKind): boolean =>
    one.sound !== null ||
    kinds.filter(
      (kind) => kind?.operation === one.operation && kind.model === one.model && kind.mode === one.mode,
    ).length === 1;
  for (const one of suggestions) {
    if (isAlone(one)) continue;
    const { held: _held, deducted, ...kind } = one;
    unclear.push({ ...kind, rates: [deducted] });
  }
  return { suggestions: suggestions.filter(isAlone), unclear };
}

function ratedOf(evidence: DeductionEvidence): Rated {
  const { operation, model, mode, product, seconds, weight, held, deducted } = evidence;
  const length = seconds === null ? null : Number(seconds);
  const per: RateUnit = product === 'image' ? 'each' : isPerSecond(operation) && length ? 'second' : 'task';
  const units = per === 'each' ? Math.max(1, weight) : per === 'second' ? (length ?? 1) : 1;
  const rates = { held: { milli: held, units }, deducted: { milli: deducted, units } };
  const sound = per === 'second' ? soundOf(evidence, milliOf(rates.held)) : null;
  return { evidence, kind: { operation, model, mode, sound, per }, ...rates };
}

function isPerSecond(operation: OperationWord): boolean {
  return PRICE_ROWS.some((row) => row.per === 'second' && row.operations.includes(operation));
}

/** Null if the list has no such rate, or has it with and without sound. */
function soundOf({ operation, model, mode }: DeductionEvidence, rate: MilliCredits): boolean | null {
  const rows = PRICE_ROWS.filter(
    (row) =>
      row.credits === rate &&
      row.operations.includes(operation) &&
      (row.mode === null || row.mode === mode) &&
      (model === null || row.models === null || row.models.includes(model)),
  );
  const sounds = new Set(rows.map(({ audio }) => (audio === null ? null : audio !== 'off')));
  const [sound = null] = sounds;
  return sounds.size === 1 ? sound : null;
}

function isSame(one: Rate, other: Rate): boolean {
  // Amounts are rounded up to a thousandth, so that two of one rate may differ by one.
  return Math.abs(one.milli / one.units - other.milli / other.units) < 1 / Math.min(one.units, other.units);
}

function milliOf({ milli, units }: Rate): MilliCredits {
  return Math.ceil(Math.round((milli / units) * 1e6) / 1e6);
}

function ratesOf(rated: readonly Rated[]): MilliCredits[] {
  const counts = new Map<MilliCredits, number>();
  for (const { deducted, evidence } of rated) {
    const rate = milliOf(deducted);
    counts.set(rate, (counts.get(rate) ?? 0) + evidence.creates);
  }
  return [...counts].toSorted((a, b) => b[1] - a[1]).map(([rate]) => rate);
}
