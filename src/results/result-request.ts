/**
 * Asks for a result of Kling's at the address that an answer has.
 *
 * Such an address may lead anywhere. So it is used over https and port 443 alone, for hosts that the caller allows; its host is
 * looked up by the connection itself and must have public addresses only; and each redirect is judged as the first address was.
 * Loopback is allowed, at any port and also without TLS, where Kling itself is there, as the emulator is.
 *
 * **Invariant**: no credential of ours is sent; no error has the address, which Kling signed.
 */
import { readFileSync } from 'node:fs';
import { isIP, type LookupFunction } from 'node:net';
import type { Clock } from '../clock.ts';
import { isPublicAddress } from '../ip-ranges.ts';
import { isLoopback } from '../listen.ts';
import type { Ms } from '../units.ts';
import { ADDRESS_REFUSED, guardedLookup } from '../upstream/guarded-lookup.ts';
import { Agent, loadProxyAgent, type Dispatcher } from '../upstream/undici.ts';

export interface DownloadRules {
  /** Whether addresses of this machine may be used: where the configured upstream is one. */
  mayUseLoopback: boolean;
  /** As the upstream is reached. */
  proxy: string | null;
  caFile: string | null;
  /** A host must be one of these or end in a dot and one of these; null (the default) allows every name. */
  allowedHosts?: readonly string[] | null;
  /** Larger files are given up; 1 GiB by default. */
  bytesMax?: number;
  /** Without a byte for this long it is given up; 30 s by default. */
  idleMs?: Ms;
  /** How names are resolved; the system's resolver by default. */
  lookup?: LookupFunction;
}

export interface DownloadOptions {
  rules: DownloadRules;
  clock: Clock;
  /** Ends it early. */
  signal: AbortSignal;
}

/**
 * Why there is no file. `host_not_allowed`: by the list of hosts. `address_refused`: no https, another port, a user name, a
 * private address. `unreachable`: no connection, or too many redirects. `silent`: nothing came for too long. `status`: another
 * answer than a file. `cut`: it ended early, or with another length than announced. `too_large`: above the limit. `disk`: it
 * could not be written. `bucket`: the bucket did not take it. `stopped`: by us.
 */
export type DownloadFault =
  | 'host_not_allowed'
  | 'address_refused'
  | 'unreachable'
  | 'silent'
  | 'status'
  | 'cut'
  | 'too_large'
  | 'disk'
  | 'bucket'
  | 'stopped';

/** Why there is no file: a word, a sentence, and what to do. */
export class DownloadFailed extends Error {
  override readonly name = 'DownloadFailed';
  readonly fault: DownloadFault;
  readonly advice: string;

  constructor(fault: DownloadFault, message: string, advice: string) {
    super(message);
    this.fault = fault;
    this.advice = advice;
  }
}

export const IDLE_MS: Ms = 30_000;
const CONNECT_MS_MAX: Ms = 10_000;
const REDIRECTS_MAX = 3;
const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);
export const AGAIN = 'Run the test on this task once more.';

/** Makes the connections of one download, or of several by the same rules. */
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
  const ProxyAgent = loadProxyAgent();
  return new ProxyAgent({ ...common, uri: proxy, requestTls: tls, proxyTunnel: true });
}

interface AddressFault {
  fault: 'host_not_allowed' | 'address_refused';
  /** The end of a sentence about the address. */
  text: string;
}

/** Says why an address may not be used; null for one that may. */
function faultOf(
  url: URL | null,
  { mayUseLoopback, allowedHosts = null }: DownloadRules,
): AddressFault | null {
  const refused = (text: string): AddressFault => ({ fault: 'address_refused', text });
  if (url === null) return refused('is no address');
  if (url.username !== '' || url.password !== '') return refused('has a user name in it');
  const host = hostOf(url);
  if (isLoopback(host) && mayUseLoopback && /^https?:$/.test(url.protocol)) return null;
  if (url.protocol !== 'https:') return refused(`is not https (${url.protocol}//${url.host})`);
  if (isLoopback(host) || (isIP(host) !== 0 && !isPublicAddress(host))) {
    return refused(`leads to a private address (${url.host})`);
  }
  if (url.port !== '') return refused(`has another port than 443 (${url.host})`);
  if (allowedHosts === null || isAllowed(host, allowedHosts)) return null;
  return { fault: 'host_not_allowed', text: `has a host that is not allowed (${url.host})` };
}

function isAllowed(host: string, allowed: readonly string[]): boolean {
  return allowed.some((suffix) => host === suffix || host.endsWith(`.${suffix}`));
}

function hostOf({ hostname }: URL): string {
  return hostname.replace(/^\[|\]$/g, '');
}

/** The headers of a request for a part of a file. */
export interface RangeHeaders {
  range: string;
  'if-range': string;
}

/**
 * Asks for the address, and for those that it is redirected to, each judged anew; gives the first answer that is no redirect,
 * with any status.
 * @throws DownloadFailed
 */
export async function follow(
  address: string,
  agent: Dispatcher,
  { rules, clock, signal }: DownloadOptions,
  range: RangeHeaders | null = null,
): Promise<{ answer: Dispatcher.ResponseData; host: string }> {
  let url = URL.canParse(address) ? new URL(address) : null;
  for (let redirects = 0; ; redirects += 1) {
    const what =
      redirects === 0 ? 'The address of the result' : 'The address that the result is redirected to';
    const fault = faultOf(url, rules);
    if (fault !== null || url === null) {
      const { fault: word, text } = fault ?? { fault: 'address_refused', text: 'is no address' };
      throw new DownloadFailed(word, `${what} ${text}: it was not used.`, 'Ask Kling what this address is.');
    }
    const answer = await ask(url, agent, { rules, clock, signal }, range);
    if (!REDIRECTS.has(answer.statusCode)) return { answer, host: url.host };
    await answer.body.dump();
    if (redirects === REDIRECTS_MAX) {
      const text = `${url.host} redirected more than ${REDIRECTS_MAX} times.`;
      throw new DownloadFailed('unreachable', text, AGAIN);
    }
    const location = String(answer.headers['location'] ?? '');
    url = URL.canParse(location, url.href) ? new URL(location, url.href) : null;
  }
}

/** Sends one request; resolves with the headers of its answer. */
async function ask(
  { origin, pathname, search, host }: URL,
  agent: Dispatcher,
  { rules, clock, signal }: DownloadOptions,
  range: RangeHeaders | null,
): Promise<Dispatcher.ResponseData> {
  const limit = watch(clock, rules.idleMs ?? IDLE_MS, signal);
  const headers = { accept: '*/*', 'accept-encoding': 'identity', 'user-agent': 'kling-sidecar', ...range };
  // `localhost` leads to loopback, which the lookup of public names refuses: it is dialled by its address.
  const at = isLoopback(host.replace(/:\d+$/, '')) ? origin.replace('//localhost', '//127.0.0.1') : origin;
  try {
    const path = pathname + search;
    return await agent.request({ origin: at, path, method: 'GET', headers, signal: limit.signal });
  } catch (error) {
    throw failureOf(error, { host, isLate: limit.isLate(), signal });
  } finally {
    limit.end();
  }
}

/** Ends an answer whose body nobody reads; its connection goes with it. */
export function giveUp(answer: Dispatcher.ResponseData): void {
  answer.body.on('error', () => undefined).destroy();
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
  if (signal.aborted) return new DownloadFailed('stopped', 'The download was stopped.', AGAIN);
  if (isLate) return new DownloadFailed('silent', `${host} sent nothing for too long.`, AGAIN);
  const code = codeOf(error);
  if (code === ADDRESS_REFUSED) {
    return new DownloadFailed(
      'address_refused',
      `${host} leads to a private address: it was not used.`,
      'See whether this machine’s name server can be trusted.',
    );
  }
  return new DownloadFailed(
    'unreachable',
    `${host} could not be reached (${code || 'an error'}).`,
    'Results come from other hosts than the API: see whether a firewall or a proxy lets them through.',
  );
}

/** Gives the length that an answer announces for its body, in bytes; null if it announces none. */
export function lengthOf({ headers }: Dispatcher.ResponseData): number | null {
  const text = headerOf(headers['content-length']) ?? '';
  return /^\d{1,15}$/.test(text) ? Number(text) : null;
}

/** Gives a header that came once; null otherwise. */
export function headerOf(value: string | string[] | undefined): string | null {
  return typeof value === 'string' ? value : null;
}

const DISK_CODES: ReadonlySet<string> = new Set([
  'ENOSPC',
  'EDQUOT',
  'EIO',
  'EFBIG',
  'EROFS',
  'EACCES',
  'ENOENT',
]);

/** Returns whether an error is of the disk or the folder that is written to. */
export function isOfDisk(error: unknown): boolean {
  return DISK_CODES.has(codeOf(error));
}
