/** What `doctor` finds of availability and claims: what is not observed, what may be filed until when, what a claim lacks. */
import type { Pack } from '../account/account.ts';
import type { ClaimsConfig } from '../claims/claims-config.ts';
import { calendarOf, undraftedMonths } from '../app/claims.ts';
import { formatAmount } from '../claims/money.ts';
import { knownUntil } from '../claims/working-days.ts';
import type { Config } from '../config/config.ts';
import type { ClaimRow } from '../control/sla-schemas.ts';
import type { SlaMonth } from '../sla/month.ts';
import type { ReadOnlyStore } from '../store/sqlite/read-only-store.ts';
import { addMonths, dayOf, startOfDay } from '../sla/period.ts';
import type { Ms } from '../units.ts';
import { counted, dayText, ok, tell, type Check } from './doctor-check.ts';

const DAY_MS = 86_400_000;
const DAYS_LEFT_WARN = 14;

/** Checks how much of the month so far says anything; the numbers are the report's. */
export function checkAvailability(config: Config, measured: SlaMonth, firstRunAt: Ms | null): Check[] {
  const { month, windows, gaps } = measured;
  if (windows.elapsed === 0) {
    const finding = `No window of ${month} within the contract’s terms is over.`;
    return [tell('note', 'availability', finding, 'sla report shows the terms that count.')];
  }
  return [checkIdle(config, measured), checkGaps(gaps, firstRunAt)];
}

function checkIdle({ sla }: Config, { month, windows }: SlaMonth): Check {
  const { idle } = windows;
  const share = ((idle / windows.elapsed) * 100).toFixed(1);
  const finding = `${share} % of the ${windows.elapsed} windows of ${month} so far saw no valid request and count as free of errors`;
  if (idle === 0)
    return ok('availability', `Each of the ${windows.elapsed} windows of ${month} so far saw a request.`);
  if (sla.probeIdleWindows) return ok('availability', `${finding}; sla.probeIdleWindows is on.`);
  return tell(
    'note',
    'availability',
    `${finding}; sla.probeIdleWindows is off.`,
    'Switched on, it makes one free read in each idle window, so that an outage shows though nobody calls.',
  );
}

/** What was before the first run is nobody's fault; what came after it is a hole in the record. */
function checkGaps(gaps: SlaMonth['gaps'], firstRunAt: Ms | null): Check {
  const since = firstRunAt ?? Number.POSITIVE_INFINITY;
  const later = gaps.filter(({ start }) => Date.parse(start) >= since);
  const missed = later.reduce((total, { windows }) => total + windows, 0);
  const before = gaps.reduce((total, { windows }) => total + windows, 0) - missed;
  const advice = 'Calls that another program recorded then can be added with import.';
  if (missed > 0) {
    const last = later.at(-1);
    const finding = `In ${counted(missed, 'window')} of this month no sidecar ran, the last time from ${last?.start} to ${last?.end}.`;
    return tell(
      'warn',
      'gaps',
      finding,
      `Keep it running: an outage within them cannot be claimed. ${advice}`,
    );
  }
  if (before === 0) return ok('gaps', 'A sidecar ran in every window of this month so far.');
  const unseen = `${counted(before, 'window')} of this month`;
  const finding =
    firstRunAt === null
      ? `No sidecar has run on this store: ${unseen} are not observed.`
      : `The sidecar was first started on ${dayText(firstRunAt)}: ${unseen} before it are not observed.`;
  return tell('note', 'gaps', finding, advice);
}

/** Checks what may be filed now, and what the letter would lack. */
export function checkClaims(
  config: Config,
  claims: readonly ClaimRow[],
  about: { packs: readonly Pack[]; now: Ms },
): Check[] {
  const { timeZone } = config.sla;
  const today = dayOf(about.now, timeZone);
  const lastOfMonth = claims.filter(
    ({ month }, index) => claims.findIndex((one) => one.month === month) === index,
  );
  const drafts = lastOfMonth.filter(({ state }) => state === 'draft');
  const told = drafts.flatMap((claim) => checkDraft(claim, today, timeZone));
  const filing = told.length > 0 ? told : [ok('claims', 'No claim waits to be filed.')];
  const months = [...new Set([...drafts.map(({ month }) => month), addMonths(today.slice(0, 7), -1)])];
  return [...filing, checkClaimant(config.claims), checkFee(config, months, about)];
}

/** Checks that no month which is worth a voucher was left without a draft. */
export async function checkUndrafted(
  store: Pick<ReadOnlyStore, 'read'>,
  config: Config,
  now: Ms,
): Promise<Check[]> {
  const months = await undraftedMonths(store, config, now);
  return months.map(({ month, percent, latest }) =>
    tell(
      'fail',
      'claims',
      `${month} is closed and worth ${percent} % of its fee, and no claim was drafted: it can be filed until ${latest}.`,
      `Write it: claim draft ${month}; then see why the sidecar did not (folders, above, and its log).`,
    ),
  );
}

/** Days before the data of a calendar end on which it is said. */
const CALENDAR_DAYS_WARN = 60;

/** Checks how far the data of working days reach. */
export function checkCalendar(config: Config, now: Ms): Check {
  const calendar = calendarOf(config);
  const today = dayOf(now, config.sla.timeZone);
  const until = knownUntil(calendar, today);
  const name = 'calendar';
  if (until === null) return ok(name, 'Working days are Monday to Friday: no data can run out.');
  const days = Math.round((Date.parse(until) - Date.parse(today)) / DAY_MS);
  const source = `The calendar ${calendar.name}`;
  if (days > CALENDAR_DAYS_WARN) return ok(name, `${source} has working days until ${until}.`);
  const ends = days < 0 ? `has had no data since ${until}` : `has data until ${until} only`;
  return tell(
    'warn',
    name,
    `${source} ${ends}: filing dates after it are estimates, rather too late than too early.`,
    'When the yearly notice is public, enter it as claims.calendarFile (docs/sla-and-claims.md), or update.',
  );
}

function checkDraft(
  { month, filing, earliest, latest, asked, currency, percent }: ClaimRow,
  today: string,
  timeZone: string,
): Check[] {
  const sum = asked === null ? `${percent} % of the fee` : formatAmount(asked, currency);
  if (filing === 'early') {
    const finding = `The claim of ${month} (${sum}) may be filed from ${earliest} to ${latest}.`;
    return [tell('note', 'claims', finding, `Read it before: claim show ${month}.`)];
  }
  if (filing === 'late') {
    const finding = `The claim of ${month} (${sum}) could be filed until ${latest}, and never was.`;
    return [tell('note', 'claims', finding, `Close it: claim mark ${month} expired.`)];
  }
  const days = Math.round((startOfDay(latest, timeZone) - startOfDay(today, timeZone)) / DAY_MS);
  const finding = `The claim of ${month} (${sum}) may be filed until ${latest}: ${days === 0 ? 'today is the last day' : `${counted(days, 'day')} left`}.`;
  const advice = `Read it (claim show ${month}), send it to Kling, then claim mark ${month} filed --ticket NUMBER.`;
  return [tell(days <= DAYS_LEFT_WARN ? 'warn' : 'note', 'claims', finding, advice)];
}

function checkClaimant({ claimant }: ClaimsConfig): Check {
  const blanks = Object.entries(claimant).filter(([, value]) => value === null);
  if (blanks.length === 0) return ok('claimant', 'claims.claimant is complete.');
  const names = blanks.map(([key]) => `claims.claimant.${key}`).join(', ');
  return tell('note', 'claimant', `A claim’s letter would have blanks: ${names}.`, 'Enter them.');
}

function checkFee(
  { claims, price }: Config,
  months: readonly string[],
  { packs, now }: { packs: readonly Pack[]; now: Ms },
): Check {
  const open = months.filter((month) => claims.fees[month] === undefined);
  if (open.length === 0) return ok('fees', `claims.fees has the invoice of ${months.join(', ')}.`);
  const credit = `${price.perCredit} ${price.currency} a credit`;
  // As long as a claim may be filed a pack's units may be part of its fee.
  const relevant = packs.filter(({ invalidAt }) => invalidAt > now - 93 * DAY_MS);
  const unpriced = relevant.filter(
    ({ id, name }) => !claims.packs.some(({ pack }) => pack === id || pack === name),
  );
  if (relevant.length > 0 && unpriced.length === 0)
    return ok('fees', 'claims.packs has the price of every pack.');
  const names = unpriced.map(({ name }) => name).join(', ');
  const lacking = unpriced.length > 0 ? `no price was entered for ${names}` : 'no pack is known';
  return tell(
    'note',
    'fees',
    `There is no invoice of ${open.join(', ')} in claims.fees, and ${lacking}: a claim’s fee would be reckoned at ${credit}.`,
    'Enter the invoice in claims.fees, or what the packs cost in claims.packs.',
  );
}
