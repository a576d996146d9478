/**
 * The examination that `doctor` makes: this machine, the store, the sidecar, the account, availability and claims.
 *
 * **Invariant**: changes nothing but that it creates and removes an empty file in each folder that is written to, asks nothing of Kling, shows no secret; what cannot be known is a note and never ok.
 * One check that cannot be made does not keep the others from being made.
 */
import { readAccount } from '../account/account-table.ts';
import type { StatusAnswer } from '../control/schemas.ts';
import type { ClaimRow } from '../control/sla-schemas.ts';
import { firstSignOfLife } from '../ledger/spending-elsewhere.ts';
import { verifyLedger } from '../ledger/verify.ts';
import type { SlaMonth } from '../sla/month.ts';
import { openStoreReadOnly, type ReadOnlyStore } from '../store/sqlite/read-only-store.ts';
import type { Context } from './context.ts';
import { bodyOf } from './control-client.ts';
import { checkAlerts } from './doctor-alerts.ts';
import { checkAccount } from './doctor-account.ts';
import { checked, counted, ok, tell, type Check } from './doctor-check.ts';
import { checkFolders, checkProgram, checkSecretsOf, checkStorePlace } from './doctor-machine.ts';
import { checkPrices, USED_MS, type ModelUsage } from './doctor-prices.ts';
import { checkKling, checkMoney, checkRunning, notRunning } from './doctor-sidecar.ts';
import { checkAvailability, checkCalendar, checkClaims, checkUndrafted } from './doctor-sla.ts';
import { openOffline, STORE_READER } from './offline.ts';
import { monthArgument } from './sla-order.ts';
import { isRunning, openSource, type Source } from './source.ts';

type Answers = Pick<Source, 'get' | 'close'>;

/** What an examination has open: the store beside the sidecar or without it, and whoever answers the API. */
export interface Sources {
  runs: boolean;
  store: ReadOnlyStore | null;
  answers: Answers | null;
  /** What the sidecar says of itself, or what its store does; null without either. */
  status: StatusAnswer | null;
}

/** Makes every check. @throws ConfigInvalid. */
export async function examine(context: Context): Promise<Check[]> {
  return await examineWith(context, ({ checks }) => Promise.resolve(checks));
}

/** Makes every check, and hands them on together with what is open, which is closed afterwards. @throws ConfigInvalid. */
export async function examineWith<T>(
  context: Context,
  use: (examined: { checks: Check[]; sources: Readonly<Sources> }) => Promise<T>,
): Promise<T> {
  const checks = checkProgram(context);
  const sources: Sources = { runs: false, store: null, answers: null, status: null };
  const sidecar = await checked('sidecar', async () => {
    sources.runs = await isRunning(context);
    return sources.runs ? [] : [notRunning(context.loaded())];
  });
  const place = await checkStorePlace(context);
  checks.push(...(await checkSecretsOf(context, sources.runs)), ...place.checks);
  checks.push(...(await checkFolders(context)));
  try {
    const { path } = place;
    if (path !== null) checks.push(...(await checked('ledger', () => openLedger(context, sources, path))));
    checks.push(...sidecar);
    if (sources.runs || sources.store) {
      checks.push(...(await checked('sidecar', () => askStatus(context, sources))));
    }
    if (sources.store) checks.push(...(await checkRecords(context, sources, sources.store)));
    return await use({ checks, sources });
  } finally {
    await sources.answers?.close();
    await sources.store?.close();
  }
}

/** Opens the store and verifies the ledger; reading beside a running sidecar is harmless. */
async function openLedger({ terminal }: Context, sources: Sources, path: string): Promise<Check[]> {
  const store = await openStoreReadOnly(path, { reader: STORE_READER, clock: terminal.clock });
  sources.store = store;
  const { ok: agrees, counters, holds, entries, problems } = await store.read(verifyLedger, {});
  const what = `${counted(holds, 'hold')}, ${entries} entries and ${counted(counters, 'counter')}`;
  if (agrees) return [ok('ledger', `${what} agree.`)];
  const more = problems.length > 1 ? `, and ${problems.length - 1} more` : '';
  const advice = 'Freeze spending, see ledger verify, and restore the last backup that agrees.';
  return [tell('fail', 'ledger', `${what} do not agree: ${problems[0]}${more}.`, advice)];
}

async function askStatus(context: Context, sources: Sources): Promise<Check[]> {
  sources.answers = await openAnswers(context, sources.runs);
  const status = (await sources.answers.get('/v1/status')) as StatusAnswer;
  sources.status = status;
  return [
    ...(sources.runs ? await checkRunning(context, status) : []),
    ...checkMoney(context.loaded().config, status, context.terminal.clock.now()),
    ...checkKling(status, sources.runs),
  ];
}

/** As `openSource` does, but for a control address where something else listens: the store still has answers. */
async function openAnswers(context: Context, runs: boolean): Promise<Answers> {
  if (runs) return openSource(context);
  const offline = await openOffline(context.loaded().config, context.terminal.clock);
  return {
    get: async (path) => bodyOf(await offline.answer({ method: 'GET', path })),
    close: () => offline.close(),
  };
}

/** Checks the account as it was read, availability and claims. */
async function checkRecords(
  context: Context,
  { runs, answers }: Sources,
  store: ReadOnlyStore,
): Promise<Check[]> {
  const { config } = context.loaded();
  const now = context.terminal.clock.now();
  const account = await checked('account', () => checkAccount(store, { config, now, isRunning: runs }));
  if (!answers) return account;
  const month = monthArgument(context, undefined);
  const availability = await checked('availability', async () => {
    const measured = (await answers.get(`/v1/sla/${month}`)) as SlaMonth;
    return checkAvailability(config, measured, await store.read(firstSignOfLife, {}));
  });
  const claims = await checked('claims', async () => {
    const listed = (await answers.get('/v1/claims')) as { claims: ClaimRow[] };
    const { packs } = await store.read(readAccount, {});
    const undrafted = await checkUndrafted(store, config, now);
    return [...undrafted, ...checkClaims(config, listed.claims, { packs, now })];
  });
  const prices = await checked('prices', async () => {
    const from = new Date(now - USED_MS).toISOString();
    const { rows } = (await answers.get(`/v1/usage?by=model&from=${from}`)) as { rows: ModelUsage[] };
    return checkPrices(config, rows);
  });
  const calendar = await checked('calendar', () => [checkCalendar(config, now)]);
  const alerts = await checked('alerts', () => checkAlerts(answers, now));
  return [...alerts, ...account, ...prices, ...availability, ...claims, ...calendar];
}
