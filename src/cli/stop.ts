/** `stop`: ends the running sidecar as SIGTERM does, and waits until it is gone. */
import { hostname } from 'node:os';
import type { Command } from 'commander';
import { sleep, stayAwake } from '../clock.ts';
import type { StopAnswer } from '../control/schemas.ts';
import { SidecarError } from '../errors.ts';
import { findOwner } from '../store/sqlite/owner.ts';
import type { Ms } from '../units.ts';
import { askDaemon, bodyOf, controlAddress } from './control-client.ts';
import { actorOption, type Context } from './context.ts';
import { isRunning, signed } from './source.ts';

interface StopOptions {
  reason?: string;
  json?: boolean;
}

/** How often the end is looked for, and how long beyond the drain: jobs and the store end after requests do. */
const LOOK_MS: Ms = 100;
const BEYOND_DRAIN_MS_MAX: Ms = 15_000;

/** Adds the command. */
export function addStop(program: Command, context: () => Context): void {
  program
    .command('stop')
    .description('stop the running sidecar: it finishes what is in flight; ends when the sidecar has')
    .option('--reason <text>', 'kept in the audit')
    .addOption(actorOption())
    .option('--json', 'print JSON')
    .action((options: StopOptions) => stop(context(), options));
}

async function stop(context: Context, { reason, json }: StopOptions): Promise<void> {
  const { terminal } = context;
  const answer = (await orderRunning(context, { path: '/v1/stop', reason })) as StopAnswer;
  const { pid, drainMs } = answer;
  if (terminal.isErrTerminal) {
    terminal.err(`Process ${pid} stops; requests in flight have up to ${drainMs / 1000} s to end.\n`);
  }
  if (!(await isGoneWithin(context, pid, drainMs + BEYOND_DRAIN_MS_MAX))) {
    const message = `Process ${pid} has not ended yet. Look at its log; a second SIGTERM ends it at once: kill ${pid}`;
    throw new SidecarError('ledger_unavailable', message);
  }
  terminal.out(json ? `${JSON.stringify({ pid, stopped: true })}\n` : `Process ${pid} has stopped.\n`);
}

async function isGoneWithin(context: Context, pid: number, waitMs: Ms): Promise<boolean> {
  const { clock } = context.terminal;
  const untilTick = clock.monotonic() + waitMs;
  const isGone = await goneTest(context, pid);
  const awake = stayAwake();
  try {
    while (!(await isGone())) {
      if (clock.monotonic() > untilTick) return false;
      await sleep(clock, LOOK_MS);
    }
    return true;
  } finally {
    awake.end();
  }
}

/**
 * Gives the question whether the sidecar has ended. Its process is asked for where it runs beside this one; a process of
 * another host or container is gone when it no longer answers.
 */
async function goneTest(context: Context, pid: number): Promise<() => Promise<boolean>> {
  const owner = findOwner(context.loaded().config.store.path);
  const isHere = owner !== null && owner !== 'unknown' && owner.pid === pid && owner.host === hostname();
  if (isHere) return () => Promise.resolve(!isAlive(pid));
  return async () => (await askDaemon(context, { method: 'GET', path: '/livez' })) === undefined;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/**
 * Gives an order to the running sidecar as a process.
 * @throws SidecarError `daemon_required` if none runs, naming a process that owns the store all the same; else as the
 *   control plane says.
 */
export async function orderRunning(
  context: Context,
  { path, reason }: { path: string; reason: string | undefined },
): Promise<unknown> {
  const question = signed(context, { method: 'POST', path, body: { reason } });
  // Asked first without the token: it is for no other program.
  const reply = (await isRunning(context)) ? await askDaemon(context, question) : undefined;
  if (reply) return bodyOf(reply);
  const { control, store } = context.loaded().config;
  const owner = findOwner(store.path);
  const { host, port } = controlAddress(control);
  const nobody = `No sidecar is running: nothing answers at ${host}:${port}`;
  if (owner === null || owner === 'unknown') throw new SidecarError('daemon_required', `${nobody}.`);
  throw new SidecarError(
    'daemon_required',
    `${nobody}. But process ${owner.pid} on ${owner.host} owns ${store.path} since ${owner.startedAt}: it is still ` +
      `starting, or it was started with another control port. SIGTERM stops it, SIGHUP reloads it.`,
  );
}
