/**
 * The examination that `doctor` makes: this machine, the store, the sidecar, the account, availability and claims.
 *
 * **Invariant**: it only creates and removes an empty file in each folder that is written to; it changes nothing else, sends
 * nothing to Kling and shows no secret. An unknown fact is a note, never ok. A check that fails does not stop the others.
 */
import { checkBudgets, checkMode } from '../budget/budget-checks.ts';
import { checked, ok, type Check } from '../check.ts';
import { checkConfig, checkFolders } from '../config/file-checks.ts';
import { checkAllSecrets } from '../config/secret-checks.ts';
import type { StatusAnswer } from '../control/schemas.ts';
import { checkReady, checkVersion, notRunning, otherPlaceChecks } from '../control/sidecar-checks.ts';
import { SidecarError } from '../errors.ts';
import { checkBooks, checkDoubts, checkFreeze, heldElsewhereCheck } from '../ledger/ledger-checks.ts';
import { verifyLedger } from '../ledger/verify.ts';
import { openStoreReadOnly, type ReadOnlyStore } from '../store/sqlite/read-only-store.ts';
import { checkStorePlace, olderStoreCheck } from '../store/sqlite/store-checks.ts';
import { realStorePath } from '../store/sqlite/store-file.ts';
import { checkKling } from '../upstream/upstream-checks.ts';
import type { Context } from './context.ts';
import { askDaemon, bodyOf, controlAddress, packageVersion } from './control-client.ts';
import { klingOf } from './kling-status.ts';
import { answerOver, openOffline, STORE_READER } from './offline.ts';
import { checkRecords, type Answers, type Sources } from './doctor-records.ts';
import { isRunning, openSource } from './source.ts';

/** Makes every check. @throws ConfigInvalid. */
export async function examine(context: Context): Promise<Check[]> {
  return await examineWith(context, ({ checks }) => Promise.resolve(checks));
}

/** Makes every check, and passes them on with the open store, which is closed afterwards. @throws ConfigInvalid. */
export async function examineWith<T>(
  context: Context,
  use: (examined: { checks: Check[]; sources: Readonly<Sources> }) => Promise<T>,
): Promise<T> {
  const loaded = context.loaded();
  const { config } = loaded;
  const { env, cwd } = context.terminal;
  const checks = [
    ok('node', `Node ${process.versions.node} runs kling-sidecar ${packageVersion()}.`),
    ...checkConfig(loaded),
  ];
  const sources: Sources = { runs: false, store: null, answers: null, status: null };
  const sidecar = await checked('sidecar', async () => {
    sources.runs = await isRunning(context);
    const { host, port } = controlAddress(config.control);
    return sources.runs ? [] : [notRunning(`${host}:${port}`)];
  });
  const place = await checkStorePlace(config.store);
  checks.push(...(await checkAllSecrets({ config, env, cwd }, sources.runs)), ...place.checks);
  checks.push(...(await checkFolders(config)));
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

/**
 * Opens the store and verifies the ledger; reading beside a running sidecar is harmless. A store of an older version is left
 * closed: only a start can migrate it.
 */
async function openLedger({ terminal }: Context, sources: Sources, path: string): Promise<Check[]> {
  try {
    sources.store = await openStoreReadOnly(path, { reader: STORE_READER, clock: terminal.clock });
  } catch (error) {
    if (error instanceof SidecarError && error.code === 'daemon_required') return [olderStoreCheck(path)];
    throw error;
  }
  return [checkBooks(await sources.store.read(verifyLedger, {}))];
}

async function askStatus(context: Context, sources: Sources): Promise<Check[]> {
  sources.answers = await openAnswers(context, sources.runs);
  const status = (await sources.answers.get('/v1/status')) as StatusAnswer;
  sources.status = status;
  if (
    sources.runs &&
    sources.store &&
    status.store.path === realStorePath(context.loaded().config.store.path)
  )
    sources.answers = countedHere(context, sources.answers, sources.store);
  return [
    ...(sources.runs ? await checkRunning(context, status) : []),
    ...checkMoney(context, status),
    ...checkKling({ ...status, kling: klingOf(status) }, sources.runs),
  ];
}

async function checkRunning(context: Context, status: StatusAnswer): Promise<Check[]> {
  const { control, store, upstream } = context.loaded().config;
  const { host, port } = controlAddress(control);
  const url = `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
  const meant = { store: store.path, realStore: realStorePath(store.path), upstream: upstream.baseUrl };
  return [
    checkVersion(status, { own: packageVersion(), url }),
    checkReady((await askDaemon(context, { method: 'GET', path: '/readyz' })) ?? null),
    ...otherPlaceChecks(status, meant),
  ];
}

function checkMoney({ loaded, terminal }: Context, status: StatusAnswer): Check[] {
  return [
    checkMode(status.mode),
    checkFreeze(status.freeze),
    checkDoubts(status, terminal.clock.now()),
    ...status.heldElsewhere.map(heldElsewhereCheck),
    checkBudgets(loaded().config.budgets),
  ];
}

/** Questions whose answer is counted from many rows. */
const COUNTED = /^\/v1\/(usage|tasks)\b/;

/** Counts in this process what a running sidecar would count beside its creates; asks it everything else. */
function countedHere({ loaded, terminal }: Context, sidecar: Answers, store: ReadOnlyStore): Answers {
  const own = answerOver(store, loaded().config, terminal.clock);
  return {
    get: async (path) =>
      COUNTED.test(path) ? bodyOf(await own.answer({ method: 'GET', path })) : sidecar.get(path),
    close: () => sidecar.close(),
  };
}

/** Does the same as `openSource`, but also if another program listens at the control address: the store still has answers. */
async function openAnswers(context: Context, runs: boolean): Promise<Answers> {
  if (runs) return openSource(context);
  const offline = await openOffline(context.loaded().config, context.terminal.clock);
  return {
    get: async (path) => bodyOf(await offline.answer({ method: 'GET', path })),
    close: () => offline.close(),
  };
}
