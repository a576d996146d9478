/**
 * The control check: after a failure, are independent addresses reachable from here?
 *
 * **Invariant**: only after a failure, at most every 30 s, one at a time; a TCP connection that is closed at once,
 * nothing is sent. Its own failure is a result, never an error.
 */
import { connect } from 'node:net';
import type { Clock } from '../clock.ts';
import type { Ms } from '../units.ts';
import { CHECK_EVERY_MS, type ControlCheck } from './blame.ts';

/**
 * Two addresses of public resolvers run by different companies on different networks, by number so that no name has
 * to be resolved: Cloudflare (1.1.1.1, https://one.one.one.one) and Alibaba Cloud (223.5.5.5,
 * https://www.alidns.com), both reachable inside and outside mainland China.
 */
export const DEFAULT_CONTROL_CHECKS: readonly string[] = ['1.1.1.1:443', '223.5.5.5:443'];
/** How long an address may take to accept. */
const CONNECT_TIMEOUT_MS: Ms = 3000;

export interface ControlCheckerOptions {
  clock: Clock;
  /** `host:port` each, an IPv6 address in brackets, read at each check; none means that nothing is checked. */
  targets: () => readonly string[];
  /** Takes each finished check; it is expected to store it. */
  record(check: ControlCheck): void;
}

export interface ControlChecker {
  /** Tells that an attempt never reached Kling; starts a check unless one was made moments ago. */
  noteUnreachable(): void;
  /** Waits for a check under way. */
  settled(): Promise<void>;
  /** Gives up a check under way, which then is not recorded, and makes no more. */
  close(): Promise<void>;
}

/** Makes a checker that waits to be told of failures. */
export function createControlChecker(options: ControlCheckerOptions): ControlChecker {
  const { clock, record } = options;
  const closing = new AbortController();
  let lastAt = -Infinity;
  let running: Promise<void> | null = null;
  const check = async (targets: readonly string[]): Promise<void> => {
    const at = clock.now();
    const detail = await Promise.all(targets.map((target) => tryTarget(target, clock, closing.signal)));
    if (!closing.signal.aborted) record({ at, reached: detail.some((one) => one.reached), detail });
  };
  return {
    noteUnreachable() {
      if (running !== null || closing.signal.aborted || clock.monotonic() - lastAt < CHECK_EVERY_MS) return;
      const targets = options.targets();
      if (targets.length === 0) return;
      lastAt = clock.monotonic();
      running = check(targets).finally(() => {
        running = null;
      });
    },
    async settled() {
      await running;
    },
    async close() {
      closing.abort();
      await running;
    },
  };
}

function tryTarget(
  target: string,
  clock: Clock,
  signal: AbortSignal,
): Promise<ControlCheck['detail'][number]> {
  const split = target.lastIndexOf(':');
  const host = target.slice(0, split).replace(/^\[(.*)\]$/, '$1');
  return new Promise((resolve) => {
    const socket = connect({ host, port: Number(target.slice(split + 1)) });
    const end = (cause: string | null): void => {
      timer.cancel();
      signal.removeEventListener('abort', giveUp);
      socket.destroy();
      resolve({ target, reached: cause === null, cause });
    };
    const giveUp = (): void => end('given up');
    const timer = clock.after(CONNECT_TIMEOUT_MS, () => end('connect timed out'));
    signal.addEventListener('abort', giveUp, { once: true });
    socket.once('connect', () => end(null));
    socket.once('error', (error: NodeJS.ErrnoException) => end(error.code ?? error.message));
  });
}
