/**
 * Months and claims of the running app: what the config says of them, closing months after their grace time, and
 * drafting what may be claimed, with the months that were missed.
 */
import { datesOf, type ClaimSettings } from '../claims/claim-case.ts';
import type { Claim } from '../claims/claim.ts';
import { invoiceOf, packPricesOf } from '../claims/claims-config.ts';
import { composeClaim } from '../claims/compose.ts';
import { listClaims } from '../claims/claim-table.ts';
import type { ClaimDates } from '../claims/deadlines.ts';
import { draftClaim, monthsToDraft, type DraftDeps, type DraftRequest } from '../claims/draft.ts';
import { KLING_HOSTS } from '../claims/evidence.ts';
import { noteDeadlines } from '../claims/notices.ts';
import { readCalendarFile } from '../claims/calendar-file.ts';
import { createCalendar, type WorkCalendar } from '../claims/working-days.ts';
import type { Config } from '../config/config.ts';
import { KLING_AGREEMENTS } from '../sla/agreement.ts';
import { closeMonth, readMonth, type StoredMonthQuestion } from '../sla/month-table.ts';
import { addMonths, dayOf, monthOf } from '../sla/period.ts';
import { readFirstWindow } from '../sla/verify.ts';
import type { Store } from '../store/store.ts';
import type { Log } from '../telemetry/log.ts';
import type { Ms } from '../units.ts';

const HOUR_MS = 3_600_000;
/** How long after a month's closing a draft may take to appear: the job runs every hour by default. */
const JOB_GRACE_MS = 2 * HOUR_MS;
/** How many months back rows may still come: as long as a claim may be filed, and one more. */
const MONTHS_BACK = 4;

/** What a month is asked with: every host, as the report shows it. */
export function monthQuestion(config: Config, month: string, now: Ms): StoredMonthQuestion {
  const { timeZone, terms, agreements } = config.sla;
  return {
    month,
    timeZone,
    terms: { source: terms.length === 0 ? 'none' : 'config', terms },
    agreements: [...KLING_AGREEMENTS, ...agreements],
    now,
    hosts: null,
  };
}

/** The hosts whose calls a claim counts: Kling's own, and those that `claims.hosts` names. */
export function claimHosts({ claims }: Pick<Config, 'claims'>): readonly string[] {
  return [...KLING_HOSTS, ...claims.hosts];
}

/** What a claim is drafted from: the month's calls to Kling's own hosts and those that `claims.hosts` names. */
export function draftRequest(
  config: Config,
  asked: { month: string; now: Ms; order: DraftRequest['order'] },
): DraftRequest {
  const { claims } = config;
  return {
    question: { ...monthQuestion(config, asked.month, asked.now), hosts: claimHosts(config) },
    settings: claimSettings(config, asked.month),
    directory: claims.directory,
    order: asked.order,
  };
}

function claimSettings(config: Config, month: string): ClaimSettings {
  const { claims, upstream, price } = config;
  return {
    claimant: claims.claimant,
    baseUrl: upstream.baseUrl,
    ...calendarSettings(config),
    invoice: invoiceOf(claims, month),
    packPrices: packPricesOf(claims),
    price: { perCredit: decimalOf(price.perCredit), currency: price.currency },
  };
}

/** Writes a small number as a decimal without an exponent. */
function decimalOf(value: number): string {
  return value.toFixed(12).replace(/\.?0+$/, '');
}

function calendarSettings({ sla, claims }: Config): Pick<ClaimSettings, 'calendar' | 'calendarOverride'> {
  return {
    calendar: sla.calendar,
    calendarOverride: claims.calendarFile === null ? null : readCalendarFile(claims.calendarFile),
  };
}

/** Makes the calendar of working days as configured. @throws SidecarError `config_invalid` for a bad file. */
export function calendarOf(config: Config): WorkCalendar {
  const { calendar, calendarOverride } = calendarSettings(config);
  return createCalendar(calendar, calendarOverride);
}

/**
 * Lists months that closed, may still be filed, are worth a voucher, and have no draft, oldest first.
 * @param now what the job may still draft by itself is left out: it runs once an hour unless the config says otherwise.
 */
export async function undraftedMonths(
  store: Pick<Store, 'read'>,
  config: Config,
  now: Ms,
): Promise<{ month: string; percent: number; latest: string }[]> {
  const { timeZone, closeAfterHours } = config.sla;
  const closeAfterMs = closeAfterHours * HOUR_MS + JOB_GRACE_MS;
  const found: { month: string; percent: number; latest: string }[] = [];
  for (const month of await monthsToDraft(store, { now, timeZone, closeAfterMs })) {
    const order = { actor: 'doctor', reason: 'looked at' };
    const { question, settings } = draftRequest(config, { month, now, order });
    const { claim } = await store.read(composeClaim, { question, settings });
    if (claim) found.push({ month, percent: claim.percent, latest: claim.latest });
  }
  return found;
}

/** Gives the days on which a month's claim may be filed. */
export function filingDates(config: Config, month: string): ClaimDates {
  return datesOf(month, calendarSettings(config));
}

export interface MonthsDeps extends DraftDeps {
  config: () => Config;
  log: Log;
  /** Ends the work after the month in hand. */
  signal: AbortSignal;
}

/**
 * Closes the months whose grace time is over and drafts their claims: those never drafted, and drafts not yet filed
 * whose month has changed since.
 */
export async function closeMonths(deps: MonthsDeps, at: Ms): Promise<void> {
  const { store, ledger, log, signal } = deps;
  const config = deps.config();
  const changed = new Set<string>();
  const over = await monthsOver(deps, at);
  for (const month of over) {
    if (signal.aborted) return;
    const measured = await store.read(readMonth, monthQuestion(config, month, at));
    if (!measured.recorded) continue;
    const { revision, isNew } = await store.write(closeMonth, { measured, at });
    if (!isNew) continue;
    changed.add(month);
    const { availability, commitment, breached } = measured;
    log.info('a month of availability was closed', {
      event: 'month_closed',
      month,
      revision,
      availability,
      commitment,
      breached,
    });
  }
  const { timeZone, closeAfterHours } = config.sla;
  const fresh = await monthsToDraft(store, { now: at, timeZone, closeAfterMs: closeAfterHours * HOUR_MS });
  for (const month of over) {
    if (signal.aborted) return;
    if (fresh.includes(month)) await draft(deps, { month, now: at, isChanged: changed.has(month) });
    else await draftAgain(deps, { month, now: at, isChanged: changed.has(month) });
  }
  if (signal.aborted) return;
  await ledger.run(noteDeadlines, { today: dayOf(at, timeZone), at });
}

/** Lists the months that are over by the grace time and of which something was counted, oldest first. */
async function monthsOver({ store, config }: MonthsDeps, at: Ms): Promise<string[]> {
  const { timeZone, closeAfterHours } = config().sla;
  const first = await store.read(readFirstWindow, {});
  if (first > at) return [];
  const oldest = monthOf(first, timeZone);
  const present = monthOf(at - closeAfterHours * HOUR_MS, timeZone);
  return Array.from({ length: MONTHS_BACK }, (_, index) => addMonths(present, index - MONTHS_BACK)).filter(
    (month) => month >= oldest,
  );
}

async function draft(
  { store, ledger, config, log }: MonthsDeps,
  { month, now, isChanged }: { month: string; now: Ms; isChanged: boolean },
): Promise<void> {
  const order = { actor: 'job', reason: 'the month was closed' };
  const drafted = await draftClaim({ store, ledger }, draftRequest(config(), { month, now, order }));
  if (drafted.kind === 'nothing_due' && isChanged)
    log.info('no claim is due for a month', { event: 'claim_not_due', month, why: drafted.message });
}

/**
 * A month that has a claim may say something else by now: its calls, or the fee once Kling's ledgers are known. A draft
 * is rewritten then, and only then, since people write in its files; one that was filed is left to people.
 */
async function draftAgain(
  deps: MonthsDeps,
  { month, now, isChanged }: { month: string; now: Ms; isChanged: boolean },
): Promise<void> {
  const [last] = await deps.store.read(listClaims, { month });
  if (!last) return;
  if (last.state === 'draft' || last.state === 'withdrawn') {
    const order = { actor: 'job', reason: 'the month or its fee changed' };
    const request = draftRequest(deps.config(), { month, now, order });
    if (!(await stillHolds(deps.store, last, request))) await draft(deps, { month, now, isChanged });
  } else if (isChanged && (last.state === 'filed' || last.state === 'acknowledged')) {
    deps.log.warn('the numbers of a month changed after its claim was filed; claim draft shows them', {
      event: 'claim_outdated',
      month,
    });
  }
}

/** Tells whether a draft is what would be drafted now; of a withdrawn one, whether still nothing is due. */
async function stillHolds(
  store: Pick<Store, 'read'>,
  last: Claim,
  { question, settings }: DraftRequest,
): Promise<boolean> {
  const { claim } = await store.read(composeClaim, { question, settings });
  return last.state === 'withdrawn' ? claim === null : claim?.manifest === last.manifest;
}

/**
 * Looks at the drafts that may still be filed after an order changed what counts: those that no longer hold are
 * superseded or withdrawn at once, and not only by the hourly job.
 */
export async function reviewDrafts(
  deps: DraftDeps & { config: Config; order: DraftRequest['order'] },
  now: Ms,
): Promise<void> {
  const { store, config, order } = deps;
  const today = dayOf(now, config.sla.timeZone);
  const claims = await store.read(listClaims, { month: null });
  for (const month of new Set(claims.map((claim) => claim.month))) {
    const last = claims.find((claim) => claim.month === month);
    if (!last || last.latest < today || (last.state !== 'draft' && last.state !== 'withdrawn')) continue;
    const request = draftRequest(config, { month, now, order });
    if (await stillHolds(store, last, request)) continue;
    await draftClaim(deps, request);
  }
}
