/** The records that `doctor` reads from the store and the API, for the checks of the other folders. */
import { readdir } from 'node:fs/promises';
import { checkPacks, checkReads } from '../account/account-checks.ts';
import { readAccount } from '../account/account-table.ts';
import { checkAlerts } from '../alerts/alert-checks.ts';
import { calendarOf } from '../claims/draft-request.ts';
import { undraftedMonths } from '../claims/undrafted.ts';
import { checked, type Check } from '../check.ts';
import { checkCalendar, checkClaims, undraftedChecks } from '../claims/claim-checks.ts';
import type { AlertsAnswer } from '../control/alert-schemas.ts';
import type { StatusAnswer } from '../control/schemas.ts';
import type { ClaimRow } from '../control/claim-schemas.ts';
import { SidecarError } from '../errors.ts';
import { checkBackup, checkJobs } from '../jobs/job-checks.ts';
import { JOB_NAMES } from '../jobs/job-names.ts';
import { jobStates } from '../jobs/job-table.ts';
import { scheduleOf } from '../jobs/jobs-config.ts';
import { checkPrices, USED_MS, type ModelUsage } from '../kling/price-checks.ts';
import { checkAdoption } from '../ledger/adoption-checks.ts';
import { readAdoption } from '../ledger/adoption.ts';
import { checkOtherSpending, COMPARED_MS } from '../ledger/spending-checks.ts';
import { firstSignOfLife, spendingElsewhere } from '../ledger/spending-elsewhere.ts';
import type { SlaMonth } from '../sla/month.ts';
import { dayOf } from '../sla/period.ts';
import { checkAvailability } from '../sla/sla-checks.ts';
import type { ReadOnlyStore } from '../store/sqlite/read-only-store.ts';
import { realStorePath } from '../store/sqlite/store-file.ts';
import type { Ms } from '../units.ts';
import type { Context } from './context.ts';
import { deliveryChecks } from './doctor-delivery.ts';
import { monthArgument } from './sla-order.ts';
import type { Source } from './source.ts';

/** The program that answers requests to the API. */
export type Answers = Pick<Source, 'get' | 'close'>;

/** The open parts of an examination: the store, with or without a running sidecar, and the program that answers the API. */
export interface Sources {
  runs: boolean;
  store: ReadOnlyStore | null;
  answers: Answers | null;
  /** The status from the sidecar, or from its store; null without either. */
  status: StatusAnswer | null;
}

/** The sources of the checks of the records. */
interface Records {
  context: Context;
  store: ReadOnlyStore;
  answers: Answers;
  now: Ms;
}

/** Checks the account's last reads, prices, availability, claims, alerts and jobs. */
export async function checkRecords(
  context: Context,
  { runs, answers, status }: Sources,
  store: ReadOnlyStore,
): Promise<Check[]> {
  const now = context.terminal.clock.now();
  const account = await checked('account', () => checkAccount(context, { store, now, runs }));
  if (!answers) return account;
  const records = { context, store, answers, now };
  const { config } = context.loaded();
  const availability = await checked('availability', () => checkMonth(records));
  const claims = await checked('claims', () => checkAllClaims(records));
  const prices = await checked('prices', async () => {
    const from = new Date(now - USED_MS).toISOString();
    const { rows } = (await answers.get(`/v1/usage?by=model&from=${from}`)) as { rows: ModelUsage[] };
    return checkPrices(config.pricing.overrides, rows);
  });
  const calendar = await checked('calendar', () => [
    checkCalendar(calendarOf(config), dayOf(now, config.sla.timeZone)),
  ]);
  const alerts = await checked('alerts', () => checkHeard(records));
  const jobs = await checkSchedule(records, runs);
  const delivery = status === null ? [] : deliveryChecks(status, now);
  return [...alerts, ...account, ...prices, ...availability, ...claims, ...calendar, ...jobs, ...delivery];
}

async function checkAccount(
  context: Context,
  { store, now, runs }: { store: ReadOnlyStore; now: Ms; runs: boolean },
): Promise<Check[]> {
  const { packs, reads } = await store.read(readAccount, {});
  const elsewhere = await store.read(spendingElsewhere, { from: now - COMPARED_MS, at: now });
  return [
    ...checkReads(reads, { isOn: context.loaded().config.account.poll, isRunning: runs, now }),
    ...checkPacks(packs, reads.packs, now),
    checkOtherSpending(elsewhere, reads),
    ...checkAdoption(await store.read(readAdoption, {})),
  ];
}

async function checkMonth({ context, store, answers }: Records): Promise<Check[]> {
  const month = monthArgument(context, undefined);
  const measured = (await answers.get(`/v1/sla/${month}`)) as SlaMonth;
  const firstRunAt = await store.read(firstSignOfLife, {});
  const { probeIdleWindows } = context.loaded().config.sla;
  return checkAvailability(measured, { probeIdleWindows, firstRunAt });
}

async function checkAllClaims({ context, store, answers, now }: Records): Promise<Check[]> {
  const { config } = context.loaded();
  const { claims } = (await answers.get('/v1/claims')) as { claims: ClaimRow[] };
  const { packs } = await store.read(readAccount, {});
  const undrafted = await undraftedMonths(store, config, now);
  const about = { settings: config.claims, price: config.price, timeZone: config.sla.timeZone, packs, now };
  return [...undraftedChecks(undrafted), ...checkClaims(claims, about)];
}

/** A sidecar of a version without alerts has no such route. */
async function checkHeard({ answers, now }: Records): Promise<Check[]> {
  try {
    return checkAlerts((await answers.get('/v1/alerts?limit=1')) as AlertsAnswer, now);
  } catch (error) {
    if (error instanceof SidecarError && error.code === 'not_found') return [];
    throw error;
  }
}

async function checkSchedule({ context, store, now }: Records, runs: boolean): Promise<Check[]> {
  const { jobs, store: place } = context.loaded().config;
  const states = await checked('jobs', async () => {
    const known = new Map((await store.read(jobStates, {})).map(({ name, state }) => [name, state]));
    const seen = JOB_NAMES.map((name) => ({
      name,
      schedule: scheduleOf(jobs, name),
      state: known.get(name) ?? null,
    }));
    return checkJobs(seen, { now, isRunning: runs });
  });
  const backup = await checked('backup', async () => {
    const folder = jobs.backupDir;
    const seen = {
      folder,
      names: await namesIn(folder),
      storePath: realStorePath(place.path),
      schedule: scheduleOf(jobs, 'backup'),
      firstRunAt: await store.read(firstSignOfLife, {}),
    };
    return [checkBackup(seen, now)];
  });
  return [...states, ...backup];
}

/** Names of the files in a folder; none if there is no folder yet. @throws SidecarError `store_unwritable`. */
async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (cause) {
    const { code = 'an error' } = cause as NodeJS.ErrnoException;
    if (code === 'ENOENT') return [];
    throw new SidecarError('store_unwritable', `${folder} cannot be read (${code})`, { cause });
  }
}
