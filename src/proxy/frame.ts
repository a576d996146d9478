/**
 * Framing: the checks of an inbound request before its meaning is read.
 *
 * It uses the raw header lines, because Node's header object joins or drops duplicates. Headers on an allow-list are
 * forwarded; all other headers of a client are dropped.
 *
 * **Invariant**: a request has one Host and at most one of each singleton header. No offer of another protocol, no request of a
 * web page and no override header reaches Kling.
 */
import type { IncomingMessage } from 'node:http';
import { SidecarError } from '../errors.ts';
import { isSpokenVersion } from '../sockets.ts';

/** Headers that are forwarded to Kling unchanged; `upstream.forwardHeaders` adds to them. */
const FORWARDED = ['content-type', 'accept', 'accept-language', 'user-agent', 'traceparent', 'tracestate'];
/** Headers that a request may have only once; others are lists, and their lines are joined. */
const SINGLETONS: ReadonlySet<string> = new Set([
  'content-type',
  'user-agent',
  'traceparent',
  'host',
  'content-length',
  'content-encoding',
  'transfer-encoding',
  'authorization',
  'origin',
  'expect',
  'sec-fetch-site',
  'idempotency-key',
  'x-request-id',
  'x-kling-app',
  'x-kling-tag',
  'x-kling-expected-seconds',
  'x-kling-timeout-ms',
]);
/** The most header lines of a request. */
export const HEADER_LINES_MAX = 200;
const ALLOWED_METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'POST']);

export interface FrameRules {
  /** `host` or `host:port`, lower case: the names of this listener. */
  allowedHosts: ReadonlySet<string>;
  /** Origins whose pages may call: `listen.allowedOrigins`. */
  allowedOrigins: ReadonlySet<string>;
  /** Lower-case names of `upstream.forwardHeaders`. */
  forwardHeaders: readonly string[];
}

/** A request with valid framing. */
export interface Frame {
  method: 'GET' | 'HEAD' | 'POST';
  /** The allowed origin of the page that calls; null if none does. */
  origin: string | null;
  /** Header values by lower-case name; the request had each of these names once. */
  headers: ReadonlyMap<string, string>;
  /** The lines that are forwarded to Kling: name, value, name, value. */
  forward: string[];
}

/** Makes the set of a listener's names: those of loopback, and the configured ones. */
export function hostNames(port: number, allowedHosts: readonly string[]): ReadonlySet<string> {
  const names = new Set<string>();
  for (const host of ['127.0.0.1', 'localhost', '[::1]']) {
    names.add(`${host}:${port}`);
    // Clients leave out the default port of their scheme.
    if (port === 80 || port === 443) names.add(host);
  }
  for (const host of allowedHosts) {
    names.add(host.toLowerCase());
    if (!/:\d+$/.test(host)) names.add(`${host.toLowerCase()}:${port}`);
  }
  return names;
}

/**
 * Checks a request's framing.
 *
 * @throws SidecarError `host_refused`, `browser_refused`, `target_refused` (400, 405, 417, 431).
 */
export function readFrame(request: IncomingMessage, rules: FrameRules): Frame {
  const headers = readHeaders(request, rules);
  const method = request.method ?? '';
  if (!ALLOWED_METHODS.has(method)) {
    throw target(`The method ${method} is not forwarded; use GET, HEAD or POST.`, 405);
  }
  checkCoding(headers.get('transfer-encoding'));
  const expect = headers.get('expect');
  if (expect !== undefined && expect.toLowerCase() !== '100-continue') {
    throw target('The only Expect header that is answered is 100-continue.', 417);
  }
  const origin = headers.get('origin') ?? null;
  return { method: method as Frame['method'], origin, headers, forward: forwardLines(headers, rules) };
}

/** The question of a page before its own request. */
export interface Preflight {
  origin: string;
  /** The names of the headers that it will send, unchanged. */
  headers: string;
}

/**
 * Reads a preflight of an allowed origin; null for any other request.
 * @throws SidecarError like {@link readFrame}, except for the method.
 */
export function readPreflight(request: IncomingMessage, rules: FrameRules): Preflight | null {
  if (request.method !== 'OPTIONS' || rules.allowedOrigins.size === 0) return null;
  const headers = readHeaders(request, rules);
  const origin = headers.get('origin');
  if (origin === undefined || !headers.has('access-control-request-method')) return null;
  return { origin, headers: headers.get('access-control-request-headers') ?? '' };
}

/** Reads the header lines, and refuses callers that are not allowed. */
function readHeaders(request: IncomingMessage, rules: FrameRules): ReadonlyMap<string, string> {
  if (!isSpokenVersion(request))
    throw target(`HTTP/${request.httpVersion} is not spoken here; use HTTP/1.1.`);
  if (request.rawHeaders.length > 2 * HEADER_LINES_MAX) {
    throw target(`The request has more than ${HEADER_LINES_MAX} header lines.`, 431);
  }
  const headers = singleHeaders(request.rawHeaders);
  checkHost(headers.get('host'), rules);
  checkBrowser(headers, rules);
  return headers;
}

function singleHeaders(raw: readonly string[]): Map<string, string> {
  const headers = new Map<string, string>();
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const name = (raw[i] ?? '').toLowerCase();
    if (headers.has(name)) {
      if (SINGLETONS.has(name)) throw target(`The header ${name} came more than once.`);
      headers.set(name, `${headers.get(name)}, ${raw[i + 1] ?? ''}`);
    } else headers.set(name, raw[i + 1] ?? '');
  }
  return headers;
}

function checkHost(host: string | undefined, rules: FrameRules): void {
  if (host === undefined) throw target('The Host header is missing.');
  if (rules.allowedHosts.has(host.toLowerCase())) return;
  throw new SidecarError(
    'host_refused',
    `The Host ${printable(host)} is not a name of this sidecar; add it to listen.allowedHosts if it should be.`,
  );
}

/** Only web pages of allowed origins may spend: browsers add these headers, SDKs do not. */
function checkBrowser(headers: ReadonlyMap<string, string>, rules: FrameRules): void {
  const origin = headers.get('origin');
  if (origin !== undefined && rules.allowedOrigins.has(origin)) return;
  const site = headers.get('sec-fetch-site');
  if (origin === undefined && (site === undefined || site === 'none' || site === 'same-origin')) return;
  const shown =
    origin === undefined ? `Sec-Fetch-Site: ${printable(site ?? '')}` : `Origin: ${printable(origin)}`;
  throw new SidecarError(
    'browser_refused',
    `Requests from web pages are refused (${shown}); call from a server, or add its origin to listen.allowedOrigins.`,
  );
}

/** Only chunks are allowed: another coding before them would hide the body from us, but not from Kling. */
function checkCoding(coding: string | undefined): void {
  if (coding === undefined) return;
  const named = coding.split(',').map((name) => name.trim().toLowerCase());
  if (named.filter((name) => name !== '').join() === 'chunked') return;
  throw target(
    `The transfer coding ${printable(coding)} is not read; send the body in chunks or with its length.`,
  );
}

function forwardLines(headers: ReadonlyMap<string, string>, rules: FrameRules): string[] {
  const connection = headers.get('connection');
  const listed = connection === undefined ? null : connectionNames(connection);
  const lines: string[] = [];
  const add = (name: string): void => {
    const value = headers.get(name);
    if (value !== undefined && !listed?.has(name)) lines.push(name, value);
  };
  for (const name of FORWARDED) add(name);
  // Only `observe` mode lets a compressed body pass, and without its coding Kling could not read it.
  add('content-encoding');
  for (const name of rules.forwardHeaders) add(name);
  return lines;
}

function connectionNames(value: string): Set<string> | null {
  if (value === 'keep-alive' || value === 'close') return null;
  return new Set(value.split(',').map((name) => name.trim().toLowerCase()));
}

function printable(text: string): string {
  return text.slice(0, 120).replace(/[^\x21-\x7e]/g, '?');
}

function target(message: string, status = 400): SidecarError {
  return new SidecarError('target_refused', message, { status });
}
