/**
 * When a cron expression is due, found by walking minute by minute: independent of the code under test, which never walks.
 *
 * It knows of the clock only what `Intl` prints, and of the expression only what node-cron reads in its fields.
 */
import { parse } from 'node-cron';

const MINUTE = 60_000;
/** Longer than any overlap of local times, so that what is seen first is known. */
const LEAD_MINUTES = 26 * 60;

/** A wall clock's reading as if it were UTC, in minutes since the epoch. */
type Shown = number;

const formats = new Map<string, Intl.DateTimeFormat>();

function shownAt(zone: string, instant: number): Shown {
  const format =
    formats.get(zone) ??
    new Intl.DateTimeFormat('sv-SE', { timeZone: zone, dateStyle: 'short', timeStyle: 'medium' });
  formats.set(zone, format);
  return Math.floor(Date.parse(`${format.format(instant).replace(' ', 'T')}Z`) / MINUTE);
}

function fitsBy(text: string): (shown: Shown) => boolean {
  const fields = parse(text);
  const [, , day = '', , weekday = ''] = text.split(' ');
  const has = (values: readonly (number | string)[], value: number): boolean =>
    values.some((one) => Number(one) === value);
  const takesEither = !day.startsWith('*') && !weekday.startsWith('*');
  return (shown) => {
    const at = new Date(shown * MINUTE);
    const isDay = has(fields.dayOfMonth, at.getUTCDate());
    const isWeekday = has(
      fields.dayOfWeek.map((one) => Number(one) % 7),
      at.getUTCDay(),
    );
    return (
      has(fields.minute, at.getUTCMinutes()) &&
      has(fields.hour, at.getUTCHours()) &&
      has(fields.month, at.getUTCMonth() + 1) &&
      (takesEither ? isDay || isWeekday : isDay && isWeekday)
    );
  };
}

/** Lists the instants, `from` and `to` inclusive and whole minutes, at which an expression is due. */
export function dueByWalking(text: string, zone: string, from: number, to: number): number[] {
  const fits = fitsBy(text);
  const seen = new Set<Shown>();
  const due: number[] = [];
  let before: Shown | null = null;
  for (let at = from - LEAD_MINUTES * MINUTE; at <= to; at += MINUTE) {
    const shown = shownAt(zone, at);
    let isDue = !seen.has(shown) && fits(shown);
    // What the clock jumped over since the last minute, if it did.
    for (let skipped = before === null ? shown : before + 1; skipped < shown; skipped += 1)
      isDue ||= !seen.has(skipped) && fits(skipped);
    seen.add(shown);
    before = shown;
    if (isDue && at >= from) due.push(at);
  }
  return due;
}
