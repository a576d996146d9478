/**
 * The calls behind the numbers of availability: those that a reading counts as errors or as valid requests, those that an exclusion
 * leaves out, and those of a month's service period.
 *
 * **Invariant**: a call is in a list if and only if the numbers count it. The readings' own functions decide (`reading.ts`), by a slice
 * of each kind with one call in it; nothing here says again what an error is.
 */
import { readCalls, type CallPage, type ListCallsArgs } from '../calls/call-list.ts';
import { CALL_CLASSES, outcomeOfClass, type Blame, type CallClass } from '../calls/outcome.ts';
import { defineRead, type Tx } from '../store/operation.ts';
import type { Stretches } from '../store/stretched-list.ts';
import type { Conditions } from '../store/timed-list.ts';
import type { Ms } from '../units.ts';
import { emptyCounts, type WindowSlice } from './counts.ts';
import type { StoredMonthQuestion } from './month-table.ts';
import { servicePeriod } from './period.ts';
import { READINGS, type ReadingName } from './reading.ts';
import { CLASS_SQL, EXCLUDED_SQL, ORIGIN_SQL, RETRY_SQL } from './slice-sql.ts';
import { withTerms } from './terms.ts';
import { excludedIn } from './window-view.ts';
import type { Span } from './window.ts';
import { windowsWith } from './window-table.ts';

/** As what a call is counted: a valid request, an error, or an error that an exclusion leaves out. */
export const COUNTED = ['valid', 'error', 'excluded'] as const;
export type Counted = (typeof COUNTED)[number];

/** A longer time has too many windows to look for those with calls of some classes. */
const SPAN_MS_MAX: Ms = 62 * 86_400_000;

/** What narrows a list of calls by how they are counted; all given must hold. */
export interface CountedFilter {
  counted?: Counted;
  /** By which reading `counted` is meant. */
  reading?: ReadingName;
  /** Calls that never arrived, and whose fault that was. */
  blame?: Blame;
  /** Calls of the service period of a month. */
  month?: StoredMonthQuestion;
}

/**
 * Lists attempts at Kling by how they are counted, newest first.
 * @throws SidecarError `bad_usage` on a cursor that is none.
 */
export const listCountedCalls = defineRead(
  'sla.listCountedCalls',
  async (tx: Tx, { counting, ...args }: ListCallsArgs & { counting: CountedFilter }): Promise<CallPage> => {
    const { counted, reading = 'contract', blame, month } = counting;
    const more: Conditions = { texts: [], values: [] };
    const kinds = counted === undefined ? null : kindsOf(counted, reading);
    if (kinds) addConditions(more, isOfKinds(kinds));
    if (blame !== undefined)
      addConditions(more, { texts: [`${CLASS_SQL} = ?`], values: [`unreachable_${blame}`] });
    const bounded = month === undefined ? args : await addMonth(tx, month, { args, filters: more });
    const classes = CALL_CLASSES.filter(
      (one) =>
        (kinds?.some(({ name }) => name === one) ?? true) &&
        (blame === undefined || one === `unreachable_${blame}`) &&
        (args.outcomes?.includes(outcomeOfClass(one)) ?? true),
    );
    const { from, to } = bounded;
    if (from === undefined || to === undefined || to - from > SPAN_MS_MAX || classes.includes('ok'))
      return readCalls(tx, bounded, { more });
    const stretchesBefore = (place: { at: Ms } | null): Promise<Stretches> =>
      windowsWith(tx, classes, { start: from, end: Math.min(to, (place?.at ?? to) + 1) });
    return readCalls(tx, bounded, { more, stretchesBefore });
  },
);

function addConditions(into: Conditions, more: Conditions): void {
  into.texts.push(...more.texts);
  into.values.push(...more.values);
}

/** Keeps the spans of a month's service period; its bounds narrow the range of the list. */
async function addMonth(
  tx: Tx,
  question: StoredMonthQuestion,
  { args, filters }: { args: ListCallsArgs; filters: Conditions },
): Promise<ListCallsArgs> {
  const { month, timeZone, terms } = await withTerms(tx, question);
  const { spans } = servicePeriod(month, timeZone, terms);
  const start = spans[0]?.start ?? 0;
  const end = spans.at(-1)?.end ?? 0;
  if (spans.length > 1) addConditions(filters, isWithin(spans));
  return { ...args, from: Math.max(args.from ?? start, start), to: Math.min(args.to ?? end, end) };
}

function isWithin(spans: readonly Span[]): Conditions {
  return {
    texts: [`(${spans.map(() => '(calls.at >= ? AND calls.at < ?)').join(' OR ')})`],
    values: spans.flatMap(({ start, end }): Ms[] => [start, end]),
  };
}

/** A kind of slice as the text that {@link KEY_SQL} gives for its calls. */
const KEY_SQL = `${CLASS_SQL} || ' ' || ${ORIGIN_SQL} || ' ' || ${RETRY_SQL} || ' ' || ${EXCLUDED_SQL}`;

function keyOf(name: string, { origin, retry, excluded }: WindowSlice): string {
  return `${name} ${origin} ${Number(retry)} ${Number(excluded)}`;
}

/** A kind of slices of one class. */
interface Kind {
  name: CallClass;
  key: string;
}

/** Gives the kinds of slices in which one call makes the number. */
function kindsOf(counted: Counted, name: ReadingName): Kind[] {
  const reading = READINGS[name];
  const counts = (slice: WindowSlice): number => {
    if (!reading.takes(slice)) return 0;
    if (counted === 'excluded') return excludedIn([slice]);
    return counted === 'error' ? reading.errors(slice) : reading.valid(slice);
  };
  return CALL_CLASSES.flatMap((one) =>
    slicesOfOne(one)
      .filter((slice) => counts(slice) > 0)
      .map((slice) => ({ name: one, key: keyOf(one, slice) })),
  );
}

/** Gives the condition for calls of some kinds of slices. */
function isOfKinds(kinds: readonly Kind[]): Conditions {
  const outcomes = [...new Set(kinds.map(({ name }) => outcomeOfClass(name)))];
  return {
    // The outcome alone leaves out most calls before the rest is looked up.
    texts: [`calls.outcome IN (${marks(outcomes.length)})`, `${KEY_SQL} IN (${marks(kinds.length)})`],
    values: [...outcomes, ...kinds.map(({ key }) => key)],
  };
}

/** Makes every kind of slice with one call of a class. */
function slicesOfOne(name: CallClass): WindowSlice[] {
  const counts = { ...emptyCounts(), [name]: 1 };
  return (['app', 'sidecar', 'probe'] as const).flatMap((origin) =>
    [false, true].flatMap((retry) =>
      [false, true].map((excluded) => ({ windowStart: 0, host: '', origin, retry, excluded, counts })),
    ),
  );
}

function marks(count: number): string {
  return Array.from({ length: count }, () => '?').join(', ');
}
