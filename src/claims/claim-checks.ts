/** What `doctor` finds of claims: what may be filed until when, what a claim's letter lacks, how far working days are known. */
import type { Pack } from '../account/account.ts';
import { notOk, ok, type Check } from '../check.ts';
import { countText } from '../phrases.ts';
import { addMonths, dayOf, startOfDay } from '../sla/period.ts';
import type { Ms } from '../units.ts';
import type { ClaimsConfig } from './claims-config.ts';
import { formatAmount } from './money.ts';
import { knownUntil, type WorkCalendar } from './working-days.ts';

const DAY_MS = 86_400_000;
const DAYS_LEFT_WARN = 14;

/** What a check reads of a claim's revision. */
export interface ClaimToFile {
  month: string;
  state: string;
  /** Where today is to the filing dates. */
  filing: string;
  earliest: string;
  /** The last day on which it may be filed, inclusive. */
  latest: string;
  /** Of the monthly fee. */
  percent: number;
  /** Null if no source knows the fee. */
  asked: number | null;
  currency: string | null;
}

/** What claims are judged by. */
export interface ClaimsAbout {
  settings: ClaimsConfig;
  /** What a credit costs. */
  price: { perCredit: number; currency: string };
  packs: readonly Pack[];
  timeZone: string;
  now: Ms;
}

/** Checks what may be filed now, and what the letter would lack. */
export function checkClaims(claims: readonly ClaimToFile[], about: ClaimsAbout): Check[] {
  const { timeZone, settings } = about;
  const today = dayOf(about.now, timeZone);
  const lastOfMonth = claims.filter(
    ({ month }, index) => claims.findIndex((one) => one.month === month) === index,
  );
  const drafts = lastOfMonth.filter(({ state }) => state === 'draft');
  const due = drafts.flatMap((claim) => checkDraft(claim, today, timeZone));
  const filing = due.length > 0 ? due : [ok('claims', 'No claim waits to be filed.')];
  const months = [...new Set([...drafts.map(({ month }) => month), addMonths(today.slice(0, 7), -1)])];
  return [...filing, checkClaimant(settings), checkFee(months, about)];
}

/** Fails for each month that is worth a voucher and was left without a draft. */
export function undraftedChecks(
  months: readonly { month: string; percent: number; latest: string }[],
): Check[] {
  return months.map(({ month, percent, latest }) =>
    notOk(
      'fail',
      'claims',
      `${month} is closed and worth ${percent} % of its fee, and no claim was drafted: it can be filed until ${latest}.`,
      `Write it: claim draft ${month}; then see why the sidecar did not (folders, above, and its log).`,
    ),
  );
}

/** Days before the data of a calendar end on which it is said. */
const CALENDAR_DAYS_WARN = 60;

/** Checks how far the data of working days reach; `today` is a day of the month's own zone. */
export function checkCalendar(calendar: WorkCalendar, today: string): Check {
  const until = knownUntil(calendar, today);
  const name = 'calendar';
  if (until === null) return ok(name, 'Working days are Monday to Friday: no data can run out.');
  const days = Math.round((Date.parse(until) - Date.parse(today)) / DAY_MS);
  const source = `The calendar ${calendar.name}`;
  if (days > CALENDAR_DAYS_WARN) return ok(name, `${source} has working days until ${until}.`);
  const ends = days < 0 ? `has had no data since ${until}` : `has data until ${until} only`;
  return notOk(
    'warn',
    name,
    `${source} ${ends}: filing dates after it are estimates, rather too late than too early.`,
    'When the yearly notice is public, enter it as claims.calendarFile (docs/sla-and-claims.md), or update.',
  );
}

function checkDraft(
  { month, filing, earliest, latest, asked, currency, percent }: ClaimToFile,
  today: string,
  timeZone: string,
): Check[] {
  const sum = asked === null ? `${percent} % of the fee` : formatAmount(asked, currency);
  if (filing === 'early') {
    const finding = `The claim of ${month} (${sum}) may be filed from ${earliest} to ${latest}.`;
    return [notOk('note', 'claims', finding, `Read it before: claim show ${month}.`)];
  }
  if (filing === 'late') {
    const finding = `The claim of ${month} (${sum}) could be filed until ${latest}, and never was.`;
    return [notOk('note', 'claims', finding, `Close it: claim mark ${month} expired.`)];
  }
  const days = Math.round((startOfDay(latest, timeZone) - startOfDay(today, timeZone)) / DAY_MS);
  const finding = `The claim of ${month} (${sum}) may be filed until ${latest}: ${days === 0 ? 'today is the last day' : `${countText(days, 'day')} left`}.`;
  const advice = `Read it (claim show ${month}), send it to Kling, then claim mark ${month} filed --ticket NUMBER.`;
  return [notOk(days <= DAYS_LEFT_WARN ? 'warn' : 'note', 'claims', finding, advice)];
}

function checkClaimant({ claimant }: ClaimsConfig): Check {
  const blanks = Object.entries(claimant).filter(([, value]) => value === null);
  if (blanks.length === 0) return ok('claimant', 'claims.claimant is complete.');
  const names = blanks.map(([key]) => `claims.claimant.${key}`).join(', ');
  return notOk('note', 'claimant', `A claim’s letter would have blanks: ${names}.`, 'Enter them.');
}

function checkFee(months: readonly string[], { settings, price, packs, now }: ClaimsAbout): Check {
  const open = months.filter((month) => settings.fees[month] === undefined);
  if (open.length === 0) return ok('fees', `claims.fees has the invoice of ${months.join(', ')}.`);
  const credit = `${price.perCredit} ${price.currency} a credit`;
  // As long as a claim may be filed a pack's units may be part of its fee.
  const relevant = packs.filter(({ invalidAt }) => invalidAt > now - 93 * DAY_MS);
  const unpriced = relevant.filter(
    ({ id, name }) => !settings.packs.some(({ pack }) => pack === id || pack === name),
  );
  if (relevant.length > 0 && unpriced.length === 0)
    return ok('fees', 'claims.packs has the price of every pack.');
  const names = unpriced.map(({ name }) => name).join(', ');
  const lacking = unpriced.length > 0 ? `no price was entered for ${names}` : 'no pack is known';
  return notOk(
    'note',
    'fees',
    `There is no invoice of ${open.join(', ')} in claims.fees, and ${lacking}: a claim’s fee would be reckoned at ${credit}.`,
    'Enter the invoice in claims.fees, or what the packs cost in claims.packs.',
  );
}
