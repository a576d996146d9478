/**
 * `start`: the daemon's process: config and secrets, the app, and the signals.
 *
 * SIGTERM and SIGINT drain and stop; a second one ends at once with code 1. SIGHUP, and a secret's file that changed,
 * read config and secrets again: what is invalid is logged, counted, and changes nothing.
 */
import { createApp, type App, type AppUrls } from '../app.ts';
import { type LoadedConfig, loadConfig } from '../config/config.ts';
import { watchSecrets, type SecretWatch } from '../config/secret-watch.ts';
import { loadSecrets, type Secrets } from '../config/secrets.ts';
import { createLog, type Log } from '../telemetry/log.ts';
import type { Context } from './context.ts';
import { packageVersion } from './control-client.ts';
import { takeSignals, type Signals } from './signals.ts';
import { paint, type Terminal } from './terminal.ts';

/** Runs the sidecar until a signal stops it. */
export async function runDaemon(context: Context): Promise<void> {
  const { terminal } = context;
  const { clock } = terminal;
  const loaded = context.loaded();
  const secrets = await readSecrets(loaded, terminal);
  const log = createLog({ level: 'info', clock });
  // Taken before the start, so that a signal during it stops what has begun.
  const signals = takeSignals();
  const onFatal = (): void => {
    context.exit(1);
    signals.stop();
  };
  const app = createApp({ loaded, secrets, version: packageVersion(), log, clock, onFatal });
  noteWarnings(log, loaded, secrets);
  try {
    await runUntilStopped({ context, app, log, signals }, secrets);
  } finally {
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

async function runUntilStopped(daemon: Daemon, secrets: Secrets): Promise<void> {
  const { context, app, log, signals } = daemon;
  const starting = app.start();
  const watch = watchReloads(daemon, secrets, starting);
  try {
    const urls = await Promise.race([starting, signals.stopped]);
    if (!urls) return await abandonStart(app, log, starting);
    announce(context.terminal, log, urls);
    await signals.stopped;
  } finally {
    watch.close();
  }
  log.info('stopping: what is in flight is finished first, a second signal ends at once');
  await app.stop();
  return log.info('stopped');
}

/** Ends a start that was not over: it may wait for another sidecar's store, and has answered nobody yet. */
async function abandonStart(app: App, log: Log, starting: Promise<unknown>): Promise<void> {
  starting.catch(() => undefined);
  await app.stop();
  log.info('stopped before the start was over');
  log.flush();
  process.exit(0);
}

function readSecrets({ config }: LoadedConfig, { env, cwd }: Terminal): Promise<Secrets> {
  return loadSecrets({ config, env, cwd });
}

function noteWarnings(log: Log, loaded: LoadedConfig, secrets: Secrets): void {
  for (const warning of [...loaded.warnings, ...secrets.warnings]) log.warn(warning);
}

function announce(terminal: Terminal, log: Log, urls: AppUrls): void {
  if (!terminal.isTerminal) return log.info('ready', { ...urls });
  log.flush();
  const lines = [
    ['data plane', `${urls.data}   (point your Kling base URL here)`],
    ['data plane, TLS', urls.dataTls],
    ['control plane', urls.control],
    ['probes', urls.probes],
  ].flatMap(([name, url]) => (name && url ? [`  ${name.padEnd(16)}${url}\n`] : []));
  return terminal.out(`${paint(terminal, 'good', 'kling-sidecar is ready')}\n${lines.join('')}`);
}

/**
 * Reads config and secrets again at SIGHUP and when a secret's file changes, one reading at a time and none before
 * the start is over.
 */
function watchReloads(daemon: Daemon, secrets: Secrets, starting: Promise<unknown>): SecretWatch {
  let last = starting;
  const readAfter = async (previous: Promise<unknown>, why: string): Promise<void> => {
    await previous;
    const files = await readAgain(daemon, why);
    if (files) watch.files(files);
  };
  const reload = (why: string): void => {
    last = readAfter(last, why);
    // A start that failed is told by whoever awaits it.
    last.catch(() => undefined);
  };
  const watch = watchSecrets(secrets.files, {
    clock: daemon.context.terminal.clock,
    onChange: (paths) => reload(`${paths.join(', ')} changed`),
  });
  daemon.signals.onHangUp(() => reload('SIGHUP'));
  return watch;
}

/** Gives the files to watch from now on; undefined where the old config and secrets stay. */
async function readAgain({ context, app, log }: Daemon, why: string): Promise<readonly string[] | undefined> {
  const { terminal, configPath } = context;
  try {
    const loaded = loadConfig({ path: configPath, env: terminal.env, cwd: terminal.cwd });
    const secrets = await readSecrets(loaded, terminal);
    const { changed, needRestart } = await app.reload(loaded, secrets);
    noteWarnings(log, loaded, secrets);
    log.info('config and secrets were read again', { why, changed });
    if (needRestart.length > 0) log.warn('some changes wait for a restart', { needRestart });
    return secrets.files;
  } catch (error) {
    log.error('config and secrets were read again and are not taken: the old ones stay', { why, error });
    app.noteReloadFailed();
    return undefined;
  }
}
