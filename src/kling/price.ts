/**
 * The price of a create, before it is sent: how many thousandths of a credit to hold for it, and how sure that is.
 *
 * The vendor's rows that match what the body asks for are found ({@link priceCreate}); where a part is open (an
 * unknown model, an undocumented value, a length that only the media know) the dearest that fits is taken and the
 * price is `assumed`. An operator's override beats every row; `list: "checklist"` beats the rows it prints.
 *
 * **Invariant**: a price is an integer; it is never lower for what we do not understand. Nothing here is charged: a
 * hold is settled to what Kling deducts.
 */
import type { MilliCredits, Ms, Product } from '../units.ts';
import type { Mode, OperationWord, PriceBasis } from '../words.ts';
import { readAsk, type Ask } from './ask.ts';
import type { PriceOverride } from './kling-config.ts';
import { checklistPrice } from './price-checklist.ts';
import { overrideFor } from './price-override.ts';
import { MEDIA_SECONDS_MAX, rowsOf, type PriceRow } from './prices.ts';
import type { KlingRoute } from './routes.ts';
import type { JsonObject } from './strict-json.ts';

export interface PriceOptions {
  list: 'vendor' | 'checklist';
  overrides: readonly PriceOverride[];
  /** Lengths to assume where only the media know, by operation. */
  assumeSeconds: Readonly<Partial<Record<OperationWord, number>>>;
  /** What a create on an unknown route is held at; null for no hold. */
  unknownRouteCredits: MilliCredits | null;
  /** The present, for overrides that hold from a day on; may be a getter. */
  readonly nowMs: Ms;
}

export interface PriceArgs {
  route: KlingRoute;
  bytes: Uint8Array;
  body: JsonObject;
  options: PriceOptions;
  /** `x-kling-expected-seconds`; null where the caller said nothing. */
  expectedSeconds: number | null;
}

export interface CreatePrice {
  /** What to hold; with basis `unknown` it is `unknownRouteCredits` and no price. */
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
  /** How the price came about, for people. */
  rule: string;
}

/** Assumed where an override prices seconds and nothing says how many: the longest clip Kling makes. */
const SECONDS_OTHERWISE = 15;

/**
 * Prices a create from its scanned body.
 * @throws SidecarError `body_refused` for a priced field of a type or spelling that Kling does not document.
 */
export function priceCreate(args: PriceArgs): CreatePrice {
  return priceOf(args, readAsk(args.route, args.bytes, args.body));
}

/**
 * Prices the same body at standard quality (720p); where the operation has no quality, as it is.
 * @throws SidecarError as {@link priceCreate}.
 */
export function cheaperStandard(args: PriceArgs): CreatePrice {
  const ask = readAsk(args.route, args.bytes, args.body);
  const hasMode = rowsOf(ask.operation).some((row) => row.mode !== null);
  return priceOf(args, hasMode ? { ...ask, mode: 'std' } : ask);
}

function priceOf(args: PriceArgs, ask: Ask): CreatePrice {
  const { route, options } = args;
  const media = ask.length === 'media' ? mediaSeconds(args, ask) : null;
  const seconds = media ?? ask.seconds;
  const own = overrideFor(options.overrides, { route, ask, nowMs: options.nowMs });
  if (own !== null) return overridden(args, ask, own, seconds);
  if (options.list === 'checklist') {
    const printed = checklistPrice(ask);
    if (printed !== null)
      return priced(ask, { ...printed, seconds, basis: ask.hasUnknown ? 'assumed' : 'exact' });
  }
  const found = dearest(ask);
  if (found === null) {
    const rule = 'no price is known for this route';
    return priced(ask, { credits: options.unknownRouteCredits, basis: 'unknown', seconds: null, rule });
  }
  const isOpen =
    ask.hasUnknown ||
    !ask.isModelKnown ||
    ask.isCountOpen ||
    media !== null ||
    found.isRelaxed ||
    found.row.source.isAssumed;
  const credits = amount(found.row, seconds ?? 0, ask.count);
  return priced(ask, {
    credits,
    basis: isOpen ? 'assumed' : 'exact',
    seconds,
    rule: ruleText(found.row, ask, seconds),
  });
}

interface Outcome {
  credits: MilliCredits | null;
  basis: PriceBasis;
  seconds: number | null;
  rule: string;
}

function priced(ask: Ask, { credits, basis, seconds, rule }: Outcome): CreatePrice {
  return {
    credits,
    basis,
    operation: ask.operation,
    model: ask.model,
    mode: ask.mode,
    product: ask.product,
    durationSeconds: seconds === null ? null : String(seconds),
    weight: ask.weight,
    flags: ask.flags,
    unpricedFields: ask.unpricedFields,
    rule,
  };
}

function overridden(args: PriceArgs, ask: Ask, own: PriceOverride, known: number | null): CreatePrice {
  const { per, credits } = own.amount;
  const needed = per === 'second';
  const assumed = args.options.assumeSeconds[ask.operation] ?? SECONDS_OTHERWISE;
  const seconds = known ?? (needed ? (sane(args.expectedSeconds) ?? assumed) : null);
  const isGuess = needed && (known === null || ask.length === 'media');
  const total = per === 'task' ? credits : timesUp(credits, per === 'each' ? ask.count : (seconds ?? 0));
  const labelled = own.model !== null ? { ...ask, model: own.model } : ask;
  const basis = isGuess || ask.isCountOpen ? 'assumed' : 'exact';
  return priced(labelled, {
    credits: total,
    basis,
    seconds,
    rule: `pricing.overrides: ${credits} per ${per}`,
  });
}

function sane(seconds: number | null): number | null {
  return seconds !== null && Number.isFinite(seconds) && seconds > 0 ? seconds : null;
}

/** Gives the length that only the media know: as said, as assumed, or the longest documented. */
function mediaSeconds(args: PriceArgs, ask: Ask): number {
  const longest = longestMedia(ask);
  const said = sane(args.expectedSeconds) ?? sane(args.options.assumeSeconds[ask.operation] ?? null);
  if (said === null || said >= longest) return longest;
  return ask.operation === 'omni-video' || ask.operation === 'lip-sync'
    ? said
    : Math.max(1, Math.round(said));
}

function longestMedia(ask: Ask): number {
  if (ask.operation === 'motion-control' && ask.isByImage)
    return MEDIA_SECONDS_MAX['motion-control by image'];
  if (ask.model === 'kling-video-o1') return MEDIA_SECONDS_MAX['omni-video by kling-video-o1'];
  return MEDIA_SECONDS_MAX[ask.operation as 'motion-control' | 'avatar' | 'lip-sync' | 'omni-video'];
}

type Part = 'mode' | 'audio' | 'resolution';
/** Parts left open in turn where no row has the combination: Kling ignores or refuses it then. */
const RELAXATIONS: readonly (readonly Part[])[] = [
  [],
  ['mode'],
  ['audio'],
  ['mode', 'audio'],
  ['resolution'],
  ['mode', 'audio', 'resolution'],
];

function dearest(ask: Ask): { row: PriceRow; isRelaxed: boolean } | null {
  const rows = rowsOf(ask.operation);
  for (const open of RELAXATIONS) {
    let best: PriceRow | null = null;
    for (const row of rows) {
      if (fits(row, ask, open) && (best === null || row.credits > best.credits)) best = row;
    }
    if (best !== null) return { row: best, isRelaxed: open.length > 0 };
  }
  return null;
}

function fits(row: PriceRow, ask: Ask, open: readonly Part[]): boolean {
  const { isModelKnown } = ask;
  if (isModelKnown && row.models !== null && !row.models.includes(ask.model ?? '')) return false;
  if (
    isModelKnown &&
    ask.mode !== null &&
    row.mode !== null &&
    row.mode !== ask.mode &&
    !open.includes('mode')
  ) {
    return false;
  }
  if (row.audio !== null && row.audio !== ask.audio && !open.includes('audio')) return false;
  if (row.videoInput !== null && row.videoInput !== ask.videoInput) return false;
  if (row.imageInput !== null && row.imageInput !== ask.imageInput) return false;
  if (row.resolution === null || ask.resolution === null || open.includes('resolution')) return true;
  return row.resolution === ask.resolution;
}

function amount(row: PriceRow, seconds: number, count: number): MilliCredits {
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

/** Multiplies by seconds, which may be a decimal, rounding up to a thousandth what is more than a float's dust. */
function timesUp(credits: MilliCredits, by: number): MilliCredits {
  return Math.ceil(credits * by - 1e-6);
}

function ruleText(row: PriceRow, ask: Ask, seconds: number | null): string {
  const who = row.models === null ? ask.operation : ask.isModelKnown ? ask.model : row.models[0];
  const parts = [who, row.mode, row.audio === null ? null : `audio ${row.audio}`, row.resolution];
  const times = row.per === 'piece' ? ` x ${ask.count}` : seconds === null ? '' : `, ${seconds} s`;
  const text = parts.filter((part) => part !== null).join(' ');
  return `${text}: ${row.credits / 1000} credits a ${row.per.replace('_', ' ')}${times} (${row.source.name}, ${row.source.read})`;
}
