/**
 * The control check: after a failure, are independent addresses reachable from here, and does a name resolve?
 *
 * **Invariant**: a check is made only after a failure, at most every 30 s, one at a time. It looks up a name and opens a
 * TCP connection that it closes at once; it sends nothing. Its own failure is a result, never an error.
 */
import { connect, isIP } from 'node:net';
import type { Clock } from '../clock.ts';
import type { Ms } from '../units.ts';
import { CHECK_EVERY_MS, type ControlCheck } from './blame.ts';

/**
 * Public resolvers run by different companies on different networks, reachable inside and outside mainland China:
 * Cloudflare and Alibaba Cloud. Two by number, so that no name has to be resolved; and two by name, to see whether names
 * resolve here.
 */
export const DEFAULT_CONTROL_CHECKS: readonly string[] = [
  '1.1.1.1:443',
  '223.5.5.5:443',
  'one.one.one.one:443',
  'www.alidns.com:443',
];
/** How long a name may take to resolve and its address to accept. */
const CONNECT_TIMEOUT_MS: Ms = 3000;

export interface ControlCheckerOptions {
  clock: Clock;
  /** `host:port` each, an IPv6 address in brackets, read at each check; empty switches the checks off. */
  targets: () => readonly string[];
  /** Called with each finished check, to store it. */
  record(check: ControlCheck): void;
}

export interface ControlChecker {
  /** Reports that an attempt never reached Kling; starts a check unless one was made moments ago. */
  noteUnreachable(): void;
  /** Waits for a running check. */
  settled(): Promise<void>;
  /** Stops a running check, which is then not recorded, and starts no more. */
  close(): Promise<void>;
}

/** Makes a checker that waits for reported failures. */
export function createControlChecker(options: ControlCheckerOptions): ControlChecker {
  const { clock, record } = options;
  const closing = new AbortController();
  let lastAt = -Infinity;
  let running: Promise<void> | null = null;
  const check = async (targets: readonly string[]): Promise<void> => {
    const at = clock.now();
    const tried = await Promise.all(targets.map((target) => tryTarget(target, clock, closing.signal)));
    if (closing.signal.aborted) return;
    const names = tried.filter(({ resolved }) => resolved !== null);
    record({
      at,
      reached: tried.some(({ reached }) => reached),
      resolved: names.length === 0 ? null : names.some(({ resolved }) => resolved === true),
      detail: tried.map(({ target, reached, cause }) => ({ target, reached, cause })),
    });
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

interface Tried {
  target: string;
  reached: boolean;
  /** Whether the name resolved; null for an address by number. */
  resolved: boolean | null;
  cause: string | null;
}

function tryTarget(target: string, clock: Clock, signal: AbortSignal): Promise<Tried> {
  const split = target.lastIndexOf(':');
  const host = target.slice(0, split).replace(/^\[(.*)\]$/, '$1');
  return new Promise((resolve) => {
    let resolved: boolean | null = isIP(host) === 0 ? false : null;
    const socket = connect({ host, port: Number(target.slice(split + 1)) });
    const end = (cause: string | null): void => {
      timer.cancel();
      signal.removeEventListener('abort', giveUp);
      socket.destroy();
      resolve({ target, reached: cause === null, resolved, cause });
    };
    const giveUp = (): void => end('given up');
    const timer = clock.after(CONNECT_TIMEOUT_MS, () =>
      end(resolved === false ? 'the name was not resolved in time' : 'connect timed out'),
    );
    signal.addEventListener('abort', giveUp, { once: true });
    socket.once('lookup', (error: Error | null) => {
      resolved = error === null;
    });
    socket.once('connect', () => end(null));
    socket.once('error', (error: NodeJS.ErrnoException) => end(error.code ?? error.message));
  });
}
