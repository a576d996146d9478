/**
 * What a letter says, as a table of phrases that each language fills.
 *
 * **Invariant**: a phrase decides nothing. `letter.ts` alone decides which phrases a letter has and with which
 * numbers, so that the letters differ only in their language. Each language's table has every key.
 */
import type { Text } from '../markup.ts';
import type { WindowRate } from '../sla/reading.ts';
import { toDecimal } from '../sla/fraction.ts';
import type { Ms } from '../units.ts';
import type { FeePart } from './billing-fee.ts';
import { isoEast, type CountedIn } from './evidence.ts';
import type { Outage } from './outage.ts';
import type { BothLanguages } from './working-days.ts';

/** An instant to the minute, in UTC and in UTC+8. */
export interface Minute {
  utc: string;
  east: string;
}

/** A voucher of a known amount, or only its share of the fee. */
export interface Worth {
  percent: number;
  /** Null if the fee is not known. */
  amount: string | null;
}

/** Rows of a table by name. */
type Labels<Name extends string> = Readonly<Record<Name, Text>>;

export interface LetterWords {
  /** For HTML's `lang`. */
  htmlLang: string;
  language: keyof BothLanguages;
  /** Between the items of a list within a sentence. */
  comma: string;
  /** Between sentences of one paragraph. */
  gap: string;
  blank: string;
  title(month: string): Text;
  reference(reference: string): Text;
  headings: Labels<
    | 'ask'
    | 'why'
    | 'numbers'
    | 'check'
    | 'worst'
    | 'traces'
    | 'fee'
    | 'alternative'
    | 'leftOut'
    | 'deadlines'
    | 'attached'
    | 'closing'
  >;

  claimant: Labels<'to' | 'account' | 'company' | 'contact' | 'period' | 'baseUrl' | 'hosts'>;
  vendor: Text;
  period(period: { firstDay: string; lastDay: string; days: number; timeZone: string }): Text;

  ask(worth: Worth): Text;
  whyAvailability(figures: { availability: string; commitment: string }): Text;
  outage(outage: Outage, span: { from: Minute; to: Minute }): Text;
  outageAlone(figures: { availability: string; commitment: string }): Text;
  reading: Labels<'received' | 'contract'>;
  formula: Text;

  numbersHead: readonly [Text, Text];
  numbers: Labels<
    | 'windows'
    | 'withRequests'
    | 'withErrors'
    | 'recorded'
    | 'valid'
    | 'errors'
    | 'sum'
    | 'availability'
    | 'committed'
  >;
  percent(value: string): Text;

  checkRequests(span: { hosts: string; from: Minute; to: Minute }): Text;
  checkWindows: Text;
  checkQuotient: Text;
  checkUnreached: Text;
  checkExclusions: Text;
  checkExample(window: { begins: Minute; errors: number; valid: number; rate: string }): Text;
  checkSum(windows: number): Text;
  checkFiles(hasHeaders: boolean): Text;
  recordedByGateway: Text;
  recordedByOthersToo: Text;
  recordedErrors(counts: { imported: number; listed: number }): Text;
  recordedWindows(windows: number): Text;
  clockUnknown: Text;
  clockAhead(span: { fromMs: number; toMs: number }): Text;
  clockBehind(span: { fromMs: number; toMs: number }): Text;
  clockAround(span: { behindMs: number; aheadMs: number }): Text;
  furtherRequests: Text;

  worstHead: readonly [Text, Text, Text, Text];
  furtherWindows(windows: number): Text;

  answeredWithId(errors: number): Text;
  idsNotedElsewhere(errors: number): Text;
  answeredWithoutId(errors: number): Text;
  unreachedErrors(errors: number): Text;
  unlistedErrors(errors: number): Text;
  maintenance(errors: number): Text;
  withoutMaintenance(figures: { availability: string; percent: number }): Text;
  maintenanceAndUnreached(figures: { requests: number; availability: string; percent: number }): Text;

  feeUnknown(figures: { percent: number; capPercent: number }): Text;
  fee(figures: { amount: string; paidByVoucher: string; source: Text }): Text;
  feeInvoice(number: string | null): Text;
  feeBilling(rows: number, parts: readonly Text[]): Text;
  feePart(part: FeePart, worth: string | null): Text;
  feeSettled(figures: {
    credits: number;
    /** The part that Kling reported, and the rest. */
    reported: number;
    unreported: number;
    perCredit: string;
    currency: string;
  }): Text;
  voucher(figures: { percent: number; capPercent: number; asked: string }): Text;
  voucherCapped: Text;
  voucherNarrower(figures: { percent: number; amount: string }): Text;

  alternative(figures: { requests: number; how: Text; availability: string; worth: Worth }): Text;
  lostByCheck(requests: number): Text;
  lostByRecorder(requests: number): Text;
  lostByOperator(requests: number): Text;
  lostUnlisted(requests: number): Text;

  leftOutUnreached(figures: { requests: number; how: Text; availability: string }): Text;
  leftOutNoAnswer(requests: number): Text;
  leftOutLocal(requests: number): Text;
  leftOutUnknown(requests: number): Text;
  noExclusion: Text;
  exclusion(exclusion: { start: string; end: string; clause: string; source: string }): Text;
  exclusionErrors(errors: number): Text;

  deadlines(dates: { fifthWorkday: string; earliest: string; latest: string; timeZone: string }): Text;
  deadlinesEstimated: Text;
  workingDays(source: string): Text;

  attachedWindows: Text;
  attachedRequests(kinds: readonly Text[]): Text;
  attachedNoRequests: Text;
  countedIn: Readonly<Record<CountedIn, (requests: number) => Text>>;
  attachedSummary: Text;
  attachedMethod: Text;
  attachedPages: Text;
  attachedLetter: Text;
  attachedManifest: Text;

  /** Paragraphs before the signature. */
  closing: readonly Text[];
  placeAndDate: Text;
  name(signatory: string): Text;

  calendarTitle(timeZone: string): Text;
  calendarCaption: Text;
  calendarOutage(day: string): Text;
  calendarImported(windows: number): Text;
  calendarImage(month: string): string;
  colours: Readonly<Record<'fine' | 'low' | 'middle' | 'high' | 'idle' | 'notObserved', string>>;
}

/** Gives an instant to the minute. */
export function minuteOf(at: Ms): Minute {
  const upToMinutes = (iso: string): string => iso.slice(0, 16).replace('T', ' ');
  return { utc: upToMinutes(new Date(at).toISOString()), east: upToMinutes(isoEast(at)) };
}

/** Writes a window's error rate with six places, rounded down. */
export function rateText({ errors, valid }: WindowRate): string {
  return toDecimal({ num: BigInt(errors), den: BigInt(valid) }, 6);
}

/** Writes a quantity in millionths as a decimal, `1234.5`. */
export function quantityText(millionths: number): string {
  return String(millionths / 1_000_000);
}
