/**
 * The price of a create before it is sent: how many thousandths of a credit to hold for it, and how sure that is.
 *
 * {@link priceCreate} finds the vendor's rows that match the ask. If a part is open (an unknown model, an undocumented
 * value, a length that only the media show), the highest price that fits counts and the price is `assumed`. An
 * operator's override beats every row; `list: "checklist"` beats the rows that the checklist prints.
 *
 * **Invariant**: a price is an integer, and no unknown part ever lowers it. Nothing here is charged: a hold is settled
 * to Kling's deduction.
 */
import { decimalTimes, type MilliCredits, type Ms, type Product } from '../units.ts';
import type { Mode, OperationWord, PriceBasis } from '../words.ts';
import type { Ask } from './ask-parts.ts';
import { readAsk, type CreateBody } from './ask.ts';
import type { PriceOverride } from './kling-config.ts';
import { CLIP_SECONDS_MAX, mediaBounds, shortestOf } from './lengths.ts';
import type { ModelNames } from './models.ts';
import { checklistPrice } from './price-checklist.ts';
import { notesOf, type NoteCase } from './price-notes.ts';
import { overridesFor } from './price-override.ts';
import { findRow, type FoundRow } from './price-match.ts';
import { rowsOf } from './price-rows.ts';
import type { PriceRow } from './prices.ts';

export interface PriceOptions {
  list: 'vendor' | 'checklist';
  overrides: readonly PriceOverride[];
  /** Lengths to assume if only the media show them, by operation. */
  assumeSeconds: Readonly<Partial<Record<OperationWord, number>>>;
  /** The hold of a create on an unknown route; null for no hold. */
  unknownRouteCredits: MilliCredits | null;
  /** The present, for overrides that apply from a day on; may be a getter. */
  readonly nowMs: Ms;
  /** The names that creates are booked under. */
  models: ModelNames;
}

export interface PriceArgs extends CreateBody {
  options: PriceOptions;
  /** `x-kling-expected-seconds`; null if the caller did not send it. */
  expectedSeconds: number | null;
}

export interface CreatePrice {
  /** The amount to hold; with basis `unknown` it is `unknownRouteCredits`, not a price. */
  credits: MilliCredits | null;
  basis: PriceBasis;
  operation: OperationWord;
  model: string | null;
  mode: Mode | null;
  product: Product;
  durationSeconds: string | null;
  weight: number;
  /** Such as `duration_not_string`, `model_field_ignored`, `unknown_model`, `unknown_field:x`. */
  flags: string[];
  /** Fields that Kling does not document for the route: forwarded, not priced, counted. */
  unpricedFields: string[];
  /** Undocumented fields that may raise the price: forwarded, not priced, and reported to the caller and in the log. */
  costFields: string[];
  /** What is unsure about the price, for people; empty if its basis is `exact`. */
  notes: string[];
  /** Where an assumed rate comes from; null for a published rate and for an operator's own. */
  assumedFrom: string | null;
  /** How the price was computed, for people. */
  rule: string;
}

/**
 * Prices a create from its scanned body.
 * @throws SidecarError `body_refused` for a priced field of a type or spelling that Kling does not document.
 */
export function priceCreate(args: PriceArgs): CreatePrice {
  return priceOf(args, readAsk(args, args.options.models));
}

/**
 * Prices the same body at standard quality (720p); unchanged if the operation has no quality.
 * @throws SidecarError like {@link priceCreate}.
 */
export function cheaperStandard(args: PriceArgs): CreatePrice {
  const ask = readAsk(args, args.options.models);
  const hasMode = rowsOf(ask.operation).some((row) => row.mode !== null);
  return priceOf(args, hasMode ? { ...ask, mode: 'std' } : ask);
}

function priceOf(args: PriceArgs, ask: Ask): CreatePrice {
  const { options } = args;
  const lengths = lengthsOf(args, ask);
  const own = overridden(args, ask, lengths);
  if (own !== null) return priced(ask, own);
  if (options.list === 'checklist') {
    const printed = checklistPrice(ask);
    if (printed !== null) return priced(ask, { ...printed, seconds: lengths.made });
  }
  const found = findRow(ask);
  if (found === null) {
    const rule = 'no price is known for this route';
    return priced(ask, { credits: options.unknownRouteCredits, isUnknown: true, seconds: null, rule });
  }
  return priced(ask, {
    credits: rowAmount(found.row, lengths.billed ?? 0, ask.count),
    media: lengths.media,
    source: found.row.source.isAssumed ? found.row.source.name : null,
    isRelaxed: found.isRelaxed,
    seconds: lengths.made,
    rule: ruleText(found, ask, lengths.billed),
  });
}

/** Seconds of a create; each is null if there is no such length. */
interface Lengths {
  /** The length that only the media show: as the caller said, as assumed, or the longest. */
  media: number | null;
  /** Of the result. */
  made: number | null;
  /** The factors of the price. */
  billed: number | null;
}

function lengthsOf(args: PriceArgs, ask: Ask): Lengths {
  const isMedia = ask.length === 'media';
  const media = isMedia || ask.hasBilledInput ? mediaSeconds(args, ask) : null;
  const made = isMedia ? media : ask.seconds;
  const billed = ask.hasBilledInput && made !== null ? made + (media ?? 0) : made;
  return { media, made, billed };
}

/** Gives the length that only the media show; a given or configured length is limited to Kling's bounds. */
function mediaSeconds({ expectedSeconds, options }: PriceArgs, ask: Ask): number {
  const model = ask.modelState === 'unknown' ? null : ask.model;
  const { min, max } = mediaBounds(ask.operation, model, ask.isByImage);
  const said = sane(expectedSeconds) ?? sane(options.assumeSeconds[ask.operation] ?? null);
  if (said === null || said >= max) return max;
  const isFine = ask.operation === 'omni-video' || ask.operation === 'lip-sync';
  return Math.max(min, isFine ? said : Math.round(said));
}

interface Outcome extends Partial<NoteCase> {
  credits: MilliCredits | null;
  /** Of the result; null if it has no length. */
  seconds: number | null;
  rule: string;
  /** The name that an override gives to the model; absent if it gives none. */
  model?: string;
}

const SURE: NoteCase = { media: null, source: null, isRelaxed: false, isUnknown: false, isByOperator: false };

function priced(ask: Ask, outcome: Outcome): CreatePrice {
  const { credits, seconds, rule } = outcome;
  const notes = notesOf(ask, { ...SURE, ...outcome });
  return {
    credits,
    basis: outcome.isUnknown === true ? 'unknown' : notes.length > 0 ? 'assumed' : 'exact',
    operation: ask.operation,
    model: outcome.model ?? ask.model,
    mode: ask.mode,
    product: ask.product,
    durationSeconds: seconds === null ? null : String(seconds),
    weight: ask.weight,
    flags: ask.flags,
    unpricedFields: ask.unpricedFields,
    costFields: ask.costFields,
    notes,
    assumedFrom: outcome.source ?? null,
    rule,
  };
}

/** Gives the price by the operator's overrides; if several may apply since a part is open, the highest. Null if none applies. */
function overridden(args: PriceArgs, ask: Ask, lengths: Lengths): Outcome | null {
  let best: Outcome | null = null;
  const { overrides, nowMs } = args.options;
  for (const own of overridesFor(overrides, { route: args.route, ask, nowMs })) {
    const outcome = byOverride(args, { ask, own, lengths });
    if (best === null || (outcome.credits ?? 0) > (best.credits ?? 0)) best = outcome;
  }
  return best;
}

interface OverrideCase {
  ask: Ask;
  own: PriceOverride;
  lengths: Lengths;
}

function byOverride(args: PriceArgs, { ask, own, lengths }: OverrideCase): Outcome {
  const { per, credits } = own.amount;
  const isPerSecond = per === 'second';
  const guess = isPerSecond ? guessedSeconds(args, ask, lengths) : null;
  const seconds = guess ?? lengths.billed;
  return {
    credits: overrideAmount(own.amount, { seconds: seconds ?? 0, count: ask.count }),
    seconds: lengths.made ?? seconds,
    rule: `pricing.overrides: ${credits / 1000} credits per ${per}`,
    media: isPerSecond ? (guess ?? lengths.media) : null,
    isByOperator: true,
    ...(own.model === null ? {} : { model: own.model }),
  };
}

/** Gives the seconds to assume if the body names none, or in a form that parsers may read differently; else null. */
function guessedSeconds(
  { options, expectedSeconds }: PriceArgs,
  ask: Ask,
  { billed }: Lengths,
): number | null {
  const isUnclear = ask.operation === 'unknown' && ask.hasUnknown;
  if (billed !== null && !isUnclear) return null;
  const assumed = sane(options.assumeSeconds[ask.operation] ?? null) ?? CLIP_SECONDS_MAX;
  const said = isUnclear ? null : sane(expectedSeconds);
  return Math.max(said ?? assumed, shortestOf(ask.operation), billed ?? 0);
}

function sane(seconds: number | null): number | null {
  return seconds !== null && Number.isFinite(seconds) && seconds > 0 ? seconds : null;
}

/** Gives an override's price for a length and a number of outputs. */
export function overrideAmount(
  { per, credits }: PriceOverride['amount'],
  { seconds, count }: { seconds: number; count: number },
): MilliCredits {
  return per === 'task' ? credits : timesUp(credits, per === 'each' ? count : seconds);
}

/** Gives a row's price for a length and a number of outputs. */
export function rowAmount(row: PriceRow, seconds: number, count: number): MilliCredits {
  switch (row.per) {
    case 'second':
      return timesUp(row.credits, seconds);
    case 'five_seconds':
      return row.credits * Math.max(1, Math.ceil(seconds / 5));
    case 'piece':
      return row.credits * count;
    case 'call':
      return row.credits;
  }
}

/** Multiplies by a number that may be a decimal, exactly, rounding up to a thousandth (docs/decisions/001). */
function timesUp(credits: MilliCredits, by: number): MilliCredits {
  return decimalTimes(String(by), credits) ?? Math.ceil(credits * by);
}

function ruleText({ row, model }: FoundRow, ask: Ask, seconds: number | null): string {
  const who = row.models === null ? ask.operation : (model ?? row.models[0]);
  const parts = [who, row.mode, row.audio === null ? null : `audio ${row.audio}`, row.resolution];
  const times = row.per === 'piece' ? ` x ${ask.count}` : seconds === null ? '' : `, ${seconds} s`;
  const text = parts.filter((part) => part !== null).join(' ');
  return `${text}: ${row.credits / 1000} credits a ${row.per.replace('_', ' ')}${times} (${row.source.name}, ${row.source.read})`;
}
