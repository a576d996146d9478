/**
 * `start`: the daemon's process: config and secrets, the app, the signals, and the orders to the process.
 *
 * SIGTERM and SIGINT drain and stop; a second one ends at once with code 1. SIGHUP, an order to reload, and a secret's
 * file that changed read config and secrets again: what is invalid is logged, counted, and changes nothing.
 */
import { channelVariables } from '../alerts/channel-configs.ts';
import { createApp } from '../app/app.ts';
import type { App, AppUrls, ReloadOutcome } from '../app/options.ts';
import { type LoadedConfig, loadConfig } from '../config/config.ts';
import { dropVariables } from '../config/secret-variable.ts';
import { watchSecrets, type SecretWatch } from '../config/secret-watch.ts';
import { loadSecrets, type Secrets } from '../config/secrets.ts';
import { checkFiles, folderProblems, refuseStart } from '../config/start-check.ts';
import type { Order } from '../control/order.ts';
import type { LoadedWorkers } from '../store/sqlite/open-store.ts';
import { createLog, type Log } from '../telemetry/log.ts';
import type { Context } from './context.ts';
import { judgeAt } from './checklist-judge.ts';
import { packageVersion } from './control-client.ts';
import { takeSignals, type Signals } from './signals.ts';
import { banner, startFacts } from './start-facts.ts';
import type { Terminal } from './terminal.ts';

/** Runs the sidecar until a signal or an order stops it. */
export async function runDaemon(context: Context, storeThreads: LoadedWorkers): Promise<void> {
  const { terminal } = context;
  const { clock } = terminal;
  const loaded = context.loaded();
  const secrets = await readSecrets(loaded, terminal);
  const log = createLog({ level: 'info', clock });
  // Taken before the start, so that a signal during it stops what has begun.
  const signals = takeSignals(terminal);
  const onFatal = (): void => {
    context.exit(1);
    signals.stop('the store failed for good');
  };
  const host = {
    reload: (order: Order): Promise<ReloadOutcome> => reloads.read(order),
    stop: (why: string): void => signals.stop(why),
  };
  const app = createApp({
    loaded,
    secrets,
    version: packageVersion(),
    log,
    clock,
    storeThreads,
    onFatal,
    host,
    judge: judgeAt({ configPath: context.configPath, env: terminal.env, cwd: terminal.cwd }),
  });
  const daemon: Daemon = { context, app, log, signals };
  noteWarnings(log, loaded, secrets);
  await noteFolders(log, loaded);
  const starting = app.start();
  const reloads = watchReloads(daemon, secrets, starting);
  try {
    await runUntilStopped(daemon, starting, (urls) => announce(daemon, urls, { loaded, secrets }));
  } finally {
    reloads.close();
    log.flush();
    signals.release();
  }
}

interface Daemon {
  context: Context;
  app: App;
  log: Log;
  signals: Signals;
}

async function runUntilStopped(
  { app, log, signals }: Daemon,
  starting: Promise<AppUrls>,
  onReady: (urls: AppUrls) => void,
): Promise<void> {
  const urls = await Promise.race([starting, signals.stopped]);
  if (typeof urls === 'string') return await abandonStart(app, log, starting);
  onReady(urls);
  const why = await signals.stopped;
  log.info('stopping: what is in flight is finished first, a second signal ends at once', {
    event: 'stopping',
    why,
  });
  await app.stop();
  return log.info('stopped', { event: 'stopped' });
}

/** Ends a start that was not over: it may wait for another sidecar's store, and has answered nobody yet. */
async function abandonStart(app: App, log: Log, starting: Promise<unknown>): Promise<void> {
  starting.catch(() => undefined);
  await app.stop();
  log.info('stopped before the start was over', { event: 'stopped' });
  log.flush();
  process.exit(0);
}

/** Reads the secrets, after everything that a start needs was found good. @throws SidecarError naming all that is not. */
async function readSecrets({ config }: LoadedConfig, { env, cwd }: Terminal): Promise<Secrets> {
  refuseStart(checkFiles({ config, env, cwd }));
  dropVariables(process.env, channelVariables(config.alerts.channels));
  return loadSecrets({ config, env, cwd });
}

/** Says which folders cannot be written: a start goes on, for creates and reads need only the store. */
async function noteFolders(log: Log, { config }: LoadedConfig): Promise<void> {
  for (const problem of await folderProblems(config)) log.error(problem, { event: 'config_warning' });
}

function noteWarnings(log: Log, loaded: LoadedConfig, secrets: Secrets): void {
  for (const warning of [...loaded.warnings, ...secrets.warnings])
    log.warn(warning, { event: 'config_warning' });
}

interface Configured {
  loaded: LoadedConfig;
  secrets: Secrets;
}

function announce({ context, log }: Daemon, urls: AppUrls, { loaded, secrets }: Configured): void {
  const { terminal } = context;
  const facts = startFacts(urls, loaded, secrets);
  if (!terminal.isTerminal) return log.info('ready', { event: 'ready', ...facts });
  log.flush();
  return terminal.out(banner(terminal, facts));
}

interface Reloads {
  /** Reads config and secrets on an order. @throws SidecarError with what is invalid; then nothing changes. */
  read(order: Order): Promise<ReloadOutcome>;
  close(): void;
}

/**
 * Reads config and secrets again on an order, at SIGHUP and when a secret's file changes; one reading at a time and none
 * before the start is over.
 */
function watchReloads(daemon: Daemon, secrets: Secrets, starting: Promise<unknown>): Reloads {
  let last: Promise<unknown> = starting;
  const read = (order: Order): Promise<ReloadOutcome> => {
    // A start that failed is reported by its own caller; a reading that failed is no reason not to read again.
    const reading = last.then(
      () => readAgain(daemon, watch, order),
      () => readAgain(daemon, watch, order),
    );
    last = reading.catch(() => undefined);
    return reading;
  };
  const readFor = (actor: string, reason: string): void =>
    void starting.then(() => read({ actor, reason })).catch(() => undefined);
  const watch = watchSecrets(secrets.files, {
    clock: daemon.context.terminal.clock,
    onChange: (paths) => readFor('file watch', `${paths.join(', ')} changed`),
  });
  daemon.signals.onHangUp(() => readFor('signal', 'SIGHUP'));
  return { read, close: () => watch.close() };
}

/** @throws SidecarError if the old config and secrets stay; it is logged and counted. */
async function readAgain(
  { context, app, log }: Daemon,
  watch: SecretWatch,
  order: Order,
): Promise<ReloadOutcome> {
  const { terminal, configPath } = context;
  const why = order.reason;
  const by = order.actor;
  try {
    const loaded = loadConfig({ path: configPath, env: terminal.env, cwd: terminal.cwd });
    const secrets = await readSecrets(loaded, terminal);
    const outcome = await app.reload(loaded, secrets, order);
    noteWarnings(log, loaded, secrets);
    log.info('config and secrets were read again', {
      event: 'config_read',
      why,
      by,
      changed: outcome.changed,
    });
    const { needRestart } = outcome;
    if (needRestart.length > 0)
      log.warn('some changes wait for a restart', { event: 'config_read', needRestart });
    watch.files(secrets.files);
    return outcome;
  } catch (error) {
    log.error('config and secrets were read again and are not taken: the old ones stay', {
      event: 'config_not_taken',
      why,
      by,
      error,
    });
    app.noteReloadFailed();
    throw error;
  }
}
