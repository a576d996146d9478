/** Starts the real app before a real emulator, on free ports and a store in a folder of its own. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createApp } from '../../src/app/app.ts';
import type { App } from '../../src/app/options.ts';
import { judgeAt } from '../../src/cli/checklist-judge.ts';
import { systemClock, type Clock, type ManualClock } from '../../src/clock.ts';
import { loadConfig } from '../../src/config/config.ts';
import { loadSecrets } from '../../src/config/secrets.ts';
import { createEmulator, type Emulator, type EmulatorOptions } from '../../src/emulator/emulator.ts';
import { createLog, type LogDestination } from '../../src/telemetry/log.ts';
import { whileStill } from '../money/hand-clock.ts';

export const EMULATOR_KEY = 'emulator-key';

type Json = Record<string, unknown>;

export interface StartOptions {
  /** Merged over the test's defaults, section by section. */
  config?: Record<string, Json | unknown[] | string | null>;
  env?: Record<string, string>;
  emulator?: Partial<EmulatorOptions>;
  clock?: Clock;
  /** Keeps the store of an earlier app. */
  folder?: string;
  /** Takes the log; silent by default. */
  logTo?: LogDestination;
  /** Writes gathered lines when this clock says so; by default by real time. */
  logClock?: Clock;
  /** Judges its checklist by a process of its own, as `start` and the demo do. */
  judges?: boolean;
  /** Another upstream in place of the emulator. */
  baseUrl?: string;
}

export interface StartedApp {
  dataUrl: string;
  dataTlsUrl: string | null;
  controlUrl: string;
  probesUrl: string | null;
  token: string;
  folder: string;
  emulator: Emulator;
  app: App;
  /** Reads config and secrets again, as SIGHUP does. */
  reload(config: NonNullable<StartOptions['config']>, env?: Record<string, string>): Promise<unknown>;
  /** Stops app and emulator, and deletes the folder unless it is kept. */
  stop(options?: { keep?: boolean }): Promise<void>;
}

/** Starts emulator and app; the caller stops them. */
export async function startApp(options: StartOptions = {}): Promise<StartedApp> {
  const clock = options.clock ?? systemClock;
  const folder = options.folder ?? (await mkdtemp(path.join(tmpdir(), 'kling-sidecar-test-')));
  const emulator = createEmulator({ clock, port: 0, speed: 50, ...options.emulator });
  const { url } = await emulator.start();
  const env = options.env ?? { KLING_API_KEY: EMULATOR_KEY };
  const load = async (config: NonNullable<StartOptions['config']>, from: Record<string, string>) => {
    await writeFile(
      path.join(folder, 'sidecar.config.json'),
      JSON.stringify(merged(options.baseUrl ?? url, config)),
    );
    const loaded = loadConfig({ env: from, cwd: folder });
    return { loaded, secrets: await loadSecrets({ config: loaded.config, env: from, cwd: folder }) };
  };
  const { loaded, secrets } = await load(options.config ?? {}, env);
  const log = createLog(
    options.logTo
      ? { level: 'debug', destination: options.logTo, pretty: false, clock: options.logClock ?? systemClock }
      : // Not standard output: each such log waits for the end of the process.
        { level: 'silent', destination: { write: () => undefined } },
  );
  const made = createApp({
    loaded,
    secrets,
    log,
    clock,
    version: '0.0.0-test',
    ...(options.judges === true && {
      judge: judgeAt({ configPath: undefined, env: { PATH: process.env['PATH'], ...env }, cwd: folder }),
    }),
  });
  const urls = await made.start();
  const app: App = {
    start: () => made.start(),
    stop: () => made.stop(),
    reload: (...next) => made.reload(...next),
    noteReloadFailed: () => made.noteReloadFailed(),
    runDue: () => (isManual(clock) ? whileStill(clock, made.runDue()) : made.runDue()),
  };
  return {
    dataUrl: urls.data,
    dataTlsUrl: urls.dataTls,
    controlUrl: urls.control,
    probesUrl: urls.probes,
    token: secrets.controlToken.reveal(),
    folder,
    emulator,
    app,
    async reload(config, from = env) {
      const next = await load(config, from);
      return app.reload(next.loaded, next.secrets, { actor: 'test', reason: 'a test' });
    },
    async stop({ keep = false } = {}) {
      await app.stop();
      await emulator.stop();
      if (!keep) await rm(folder, { recursive: true, force: true });
    },
  };
}

function isManual(clock: Clock): clock is ManualClock {
  return 'advance' in clock;
}

function merged(baseUrl: string, config: NonNullable<StartOptions['config']>): Json {
  const base: Json = {
    listen: { port: 0 },
    control: { port: 0 },
    upstream: { baseUrl },
    tasks: { pollIntervalMs: 100 },
    // Tests count requests to the last one; those of the account's reader and of adoption are their own tests' matter.
    account: { poll: false },
    store: { adopt: false },
  };
  for (const [key, value] of Object.entries(config)) {
    const isSection = typeof value === 'object' && value !== null && !Array.isArray(value);
    base[key] = isSection ? { ...(base[key] as Json | undefined), ...value } : value;
  }
  return base;
}
