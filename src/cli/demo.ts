/**
 * `demo`: an emulator of Kling, the sidecar in front of it, and an app that makes videos through it.
 *
 * On a terminal it stays up, so that people can look around and send requests of their own; elsewhere it ends with its
 * summary. Everything it writes is in one temporary folder, which it removes at its end.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createApp } from '../app/app.ts';
import type { App, AppUrls } from '../app/options.ts';
import type { Clock } from '../clock.ts';
import { loadConfig } from '../config/config.ts';
import { loadSecrets } from '../config/secrets.ts';
import { createEmulator, type Emulator } from '../emulator/emulator.ts';
import { EMULATOR_CREDENTIALS } from '../emulator/emulator-help.ts';
import { listenAt, LOOPBACKS } from '../listen.ts';
import { createLog } from '../telemetry/log.ts';
import type { Secret } from '../secret.ts';
import { judgeAt } from './checklist-judge.ts';
import { packageVersion } from './control-client.ts';
import { DEMO_FEE, lastMonth, playClaim } from './demo-claim.ts';
import { lookAround, playDemo, summarise, type DemoStage } from './demo-story.ts';
import { takeSignals } from './signals.ts';
import { paint, type Terminal } from './terminal.ts';

/** Tasks of the demo age this many times as fast as Kling's emulator lets them: a video takes a second. */
const SPEED = 6;
const DEMO_BUDGET_CREDITS = 100;
const PORTS = { data: 5564, control: 5565, emulator: 5566 };

/** Runs the demo; gives the exit code. */
export async function demoCommand(terminal: Terminal): Promise<number> {
  const folder = await mkdtemp(path.join(tmpdir(), 'kling-sidecar-demo-'));
  const signals = takeSignals(terminal);
  const interrupted = signals.stopped.then(() => 'interrupted' as const);
  let stage: RunningDemo | null = null;
  try {
    stage = await openStage(terminal, folder);
    const ended = await Promise.race([play(terminal, stage), interrupted]);
    if (ended === 'interrupted') return 0;
    if (!ended) return 1;
    if (terminal.isTerminal) {
      terminal.out(`\n${paint(terminal, 'bold', 'It stays up: try it, and end it with Ctrl-C.')}\n`);
      await interrupted;
    }
    return 0;
  } finally {
    await stage?.app.stop();
    await stage?.emulator.stop();
    await rm(folder, { recursive: true, force: true });
    signals.release();
  }
}

interface RunningDemo extends DemoStage {
  app: App;
  emulator: Emulator;
  token: Secret;
}

async function play(terminal: Terminal, stage: RunningDemo): Promise<boolean> {
  await playDemo(terminal, stage);
  const isEqual = await summarise(terminal, stage);
  await playClaim(terminal, stage);
  // Elsewhere than on a terminal the demo is over now, and its addresses with it.
  if (terminal.isTerminal) terminal.out(lookAround(terminal, stage.urls));
  return isEqual;
}

async function openStage(terminal: Terminal, folder: string): Promise<RunningDemo> {
  const { clock } = terminal;
  const emulator = createEmulator({ clock, port: await freePort(PORTS.emulator), speed: SPEED });
  const { url } = await emulator.start();
  try {
    const { app, token, reload } = await openSidecar({
      folder,
      programs: terminal.env['PATH'],
      clock,
      upstreamUrl: url,
    });
    const urls = await app.start();
    announce(terminal, urls, url);
    return { app, emulator, urls, token, reload, emulatorUrl: url };
  } catch (error) {
    await emulator.stop();
    throw error;
  }
}

interface SidecarOptions {
  folder: string;
  /** The search path of programs: the checklist looks for git. */
  programs: string | undefined;
  clock: Clock;
  upstreamUrl: string;
}

/** Makes the sidecar with a small budget, from a config file and a key as a user would give them. */
async function openSidecar({
  folder,
  programs,
  clock,
  upstreamUrl,
}: SidecarOptions): Promise<Pick<RunningDemo, 'app' | 'token' | 'reload'>> {
  const config = {
    environment: 'demo',
    listen: { port: await freePort(PORTS.data) },
    control: { port: await freePort(PORTS.control) },
    upstream: { baseUrl: upstreamUrl },
    budgets: [
      { name: 'daily', credits: DEMO_BUDGET_CREDITS, window: 'day', timeZone: 'UTC', alertAt: [0.8] },
    ],
    tasks: { pollIntervalMs: 500 },
    claims: {
      claimant: { accountId: 'demo-account', company: 'Paper Boat Films', contact: 'ops@example.com' },
      fees: { [lastMonth(clock.now())]: DEMO_FEE },
    },
  };
  await writeFile(path.join(folder, 'sidecar.config.json'), JSON.stringify(config, null, 2));
  const env = { KLING_API_KEY: EMULATOR_CREDENTIALS.apiKey };
  const loaded = loadConfig({ env, cwd: folder });
  const secrets = await loadSecrets({ config: loaded.config, env, cwd: folder });
  const app = createApp({
    loaded,
    secrets,
    version: packageVersion(),
    log: createLog({ level: 'silent' }),
    clock,
    judge: judgeAt({ configPath: undefined, env: { PATH: programs, ...env }, cwd: folder }),
  });
  const reload = (): Promise<unknown> => app.reload(loaded, secrets, { actor: 'demo', reason: 'repaired' });
  return { app, token: secrets.controlToken, reload };
}

function announce(terminal: Terminal, urls: AppUrls, emulatorUrl: string): void {
  // Addresses are good only while the demo stays up.
  const line = (name: string, url: string, text: string): string =>
    `  ${name.padEnd(16)}${terminal.isTerminal && url !== '' ? `${url}   (${text})` : text}\n`;
  terminal.out(
    `${paint(terminal, 'bold', 'kling-sidecar demo')}: no account needed, nothing is spent\n\n` +
      line('page', urls.control, 'all of this in a browser, live') +
      line('emulator', emulatorUrl, 'replaces Kling’s API') +
      line('data plane', urls.data, 'the app’s base URL: the only address it knows') +
      line('control plane', urls.control, 'the page, status, metrics, API') +
      line('budget', '', `${DEMO_BUDGET_CREDITS} credits a day`) +
      '\n',
  );
}

/** Gives the wanted port, or 0 (any) where it is taken. */
async function freePort(wanted: number): Promise<number> {
  try {
    const place = { hosts: LOOPBACKS, port: wanted, setting: 'demo' };
    const { servers } = await listenAt(() => createServer(), place);
    await Promise.all(servers.map((server) => new Promise((resolve) => void server.close(resolve))));
    return wanted;
  } catch {
    return 0;
  }
}
