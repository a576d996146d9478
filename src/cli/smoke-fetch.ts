/**
 * Asks for a result of Kling's at the address that an answer has.
 *
 * Such an address may lead anywhere. So it is used over https alone, its host is looked up by the connection itself and
 * must have public addresses only, and each redirect is judged as the first address was. Loopback is allowed, also without
 * TLS, where Kling itself is there, as the emulator is.
 *
 * **Invariant**: no credential of ours is sent; no error has the address, which Kling signed.
 */
import { readFileSync } from 'node:fs';
import { isIP, type LookupFunction } from 'node:net';
import { Agent, ProxyAgent, type Dispatcher } from 'undici';
import { ADDRESS_REFUSED, guardedLookup } from '../alerts/channels/post-target.ts';
import type { Clock } from '../clock.ts';
import { isPublicAddress } from '../ip-ranges.ts';
import { isLoopback } from '../listen.ts';
import type { Ms } from '../units.ts';

export interface DownloadRules {
  /** Whether addresses of this machine may be used: where the configured upstream is one. */
  mayUseLoopback: boolean;
  /** As the upstream is reached. */
  proxy: string | null;
  caFile: string | null;
  /** Larger files are given up; 1 GiB by default. */
  bytesMax?: number;
  /** Without a byte for this long it is given up; 30 s by default. */
  idleMs?: Ms;
  /** How names are resolved; the system's way by default. */
  lookup?: LookupFunction;
}

export interface DownloadOptions {
  rules: DownloadRules;
  clock: Clock;
  /** Ends it early. */
  signal: AbortSignal;
}

/** Why there is no file: a sentence, and what to do. */
export class DownloadFailed extends Error {
  override readonly name = 'DownloadFailed';
  readonly advice: string;

  constructor(message: string, advice: string) {
    super(message);
    this.advice = advice;
  }
}

export const IDLE_MS: Ms = 30_000;
const CONNECT_MS_MAX: Ms = 10_000;
const REDIRECTS_MAX = 3;
const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);
export const AGAIN = 'Run the test on this task once more.';

/** Makes the connections of one download. */
export function agentOf({ proxy, caFile, lookup }: DownloadRules): Dispatcher {
  const tls = {
    timeout: CONNECT_MS_MAX,
    minVersion: 'TLSv1.2' as const,
    ...(caFile === null ? {} : { ca: readFileSync(caFile, 'utf8') }),
  };
  // The clock's timer ends a transfer without progress.
  const common = { pipelining: 0, allowH2: false, headersTimeout: 0, bodyTimeout: 0 };
  if (proxy === null)
    return new Agent({ ...common, connect: { ...tls, lookup: guardedLookup('public', lookup) } });
  return new ProxyAgent({ ...common, uri: proxy, requestTls: tls, proxyTunnel: true });
}

/** Says why an address may not be used; null for one that may. */
function faultOf(url: URL | null, mayUseLoopback: boolean): string | null {
  if (url === null) return 'is no address';
  if (url.username !== '' || url.password !== '') return 'has a user name in it';
  const host = hostOf(url);
  if (isLoopback(host) && mayUseLoopback && /^https?:$/.test(url.protocol)) return null;
  if (url.protocol !== 'https:') return `is not https (${url.protocol}//${url.host})`;
  if (isLoopback(host) || (isIP(host) !== 0 && !isPublicAddress(host))) {
    return `leads to a private address (${url.host})`;
  }
  return null;
}

function hostOf({ hostname }: URL): string {
  return hostname.replace(/^\[|\]$/g, '');
}

/** Asks for the address, and for those that it is redirected to, each judged anew. */
export async function follow(
  address: string,
  agent: Dispatcher,
  { rules, clock, signal }: DownloadOptions,
): Promise<Dispatcher.ResponseData> {
  let url = URL.canParse(address) ? new URL(address) : null;
  for (let redirects = 0; ; redirects += 1) {
    const what =
      redirects === 0 ? 'The address of the result' : 'The address that the result is redirected to';
    const fault = faultOf(url, rules.mayUseLoopback);
    if (fault !== null || url === null) {
      throw new DownloadFailed(`${what} ${fault}: it was not used.`, 'Ask Kling what this address is.');
    }
    const { origin, pathname, search, host } = url;
    const limit = watch(clock, rules.idleMs ?? IDLE_MS, signal);
    const headers = { accept: '*/*', 'accept-encoding': 'identity', 'user-agent': 'kling-sidecar' };
    // `localhost` leads to loopback, which the lookup of public names refuses: it is dialled by its address.
    const at = isLoopback(host.replace(/:\d+$/, '')) ? origin.replace('//localhost', '//127.0.0.1') : origin;
    let answer: Dispatcher.ResponseData;
    try {
      answer = await agent.request({
        origin: at,
        path: pathname + search,
        method: 'GET',
        headers,
        signal: limit.signal,
      });
    } catch (error) {
      throw failureOf(error, { host, isLate: limit.isLate(), signal });
    } finally {
      limit.end();
    }
    if (!REDIRECTS.has(answer.statusCode)) return whole(answer, host);
    await answer.body.dump();
    if (redirects === REDIRECTS_MAX) {
      throw new DownloadFailed(`${host} redirected more than ${REDIRECTS_MAX} times.`, AGAIN);
    }
    const location = String(answer.headers['location'] ?? '');
    url = URL.canParse(location, url.href) ? new URL(location, url.href) : null;
  }
}

function whole(answer: Dispatcher.ResponseData, host: string): Dispatcher.ResponseData {
  const { statusCode } = answer;
  if (statusCode === 200) return answer;
  // The connection goes with the agent.
  answer.body.on('error', () => undefined).destroy();
  const advice =
    statusCode === 403
      ? 'Addresses of results are signed and expire: ask for the task again, and download at once.'
      : AGAIN;
  throw new DownloadFailed(`${host} answered ${statusCode} where the result should be.`, advice);
}

export interface Limit {
  signal: AbortSignal;
  /** Something came: waits as long again. */
  again(): void;
  isLate(): boolean;
  end(): void;
}

/** Aborts where nothing came for a while, or when the caller's signal does. */
export function watch(clock: Clock, idleMs: Ms, outer: AbortSignal): Limit {
  const inner = new AbortController();
  let isLate = false;
  const late = (): void => {
    isLate = true;
    inner.abort();
  };
  const stop = (): void => inner.abort();
  outer.addEventListener('abort', stop, { once: true });
  if (outer.aborted) stop();
  let timer = clock.after(idleMs, late);
  return {
    signal: inner.signal,
    isLate: () => isLate,
    again() {
      timer.cancel();
      timer = clock.after(idleMs, late);
    },
    end() {
      timer.cancel();
      outer.removeEventListener('abort', stop);
    },
  };
}

/** Gives an error's code, or that of its cause; empty if neither has one. */
export function codeOf(error: unknown): string {
  const { code, cause } = (error ?? {}) as { code?: unknown; cause?: unknown };
  if (typeof code === 'string') return code;
  return cause === undefined ? '' : codeOf(cause);
}

/** Says why no answer came, by the error's code alone: undici's own words may hold the address. */
export function failureOf(
  error: unknown,
  { host, isLate, signal }: { host: string; isLate: boolean; signal: AbortSignal },
): DownloadFailed {
  if (signal.aborted) return new DownloadFailed('The download was stopped.', AGAIN);
  if (isLate) return new DownloadFailed(`${host} sent nothing for too long.`, AGAIN);
  const code = codeOf(error);
  if (code === ADDRESS_REFUSED) {
    return new DownloadFailed(
      `${host} leads to a private address: it was not used.`,
      'See whether this machine’s name server can be trusted.',
    );
  }
  return new DownloadFailed(
    `${host} could not be reached (${code || 'an error'}).`,
    'Results come from other hosts than the API: see whether a firewall or a proxy lets them through.',
  );
}
