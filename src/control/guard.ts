/**
 * The guard of the control plane: checks the raw request before other code reads its path.
 *
 * A daemon on loopback is reachable from every web page that a developer opens: by a plain form post, by DNS
 * rebinding, by `fetch` without CORS. Each rule blocks one of these attacks, and none relies on a browser's own protection.
 *
 * **Invariant**: exactly one Host, which is a name of ours; no foreign Origin; a request that may change something
 * carries the control token and JSON. Reads need the token if the plane's options say so; `/v1/audit` always needs it.
 */
import type { IncomingMessage } from 'node:http';
import { plainActor } from '../plain-text.ts';
import type { Secret } from '../secret.ts';
import { isSpokenVersion } from '../sockets.ts';
import { ESTIMATE_BYTES_MAX } from './estimate.ts';
import { isPagePath } from './page-path.ts';
import { PlaneRefusal } from './problem.ts';

export interface GuardRules {
  /** `host:port` in lower case: the names that this listener answers to. */
  hostNames: ReadonlySet<string>;
  token: Secret;
  requireTokenForReads: boolean;
  /** Gives the right address for a request that was meant for the data plane; null for one of ours. */
  misdirected: (method: string, path: string) => string | null;
}

/** The largest body that is read, in bytes. */
const BODY_BYTES_MAX = 1024 * 1024;
/** Smaller limits, by the received path: another spelling needs the token. */
const BODY_BYTES_MAX_OF: ReadonlyMap<string, number> = new Map([['/v1/estimate', ESTIMATE_BYTES_MAX]]);

const READS: ReadonlySet<string> = new Set(['GET', 'HEAD']);
const WRITES: ReadonlySet<string> = new Set(['POST', 'DELETE']);
/** Callers of health have no token. */
const ALWAYS_OPEN: ReadonlySet<string> = new Set(['/livez', '/readyz']);
/** POSTs that change nothing. */
const POSTS_THAT_READ: ReadonlySet<string> = new Set(['/v1/estimate']);
/** Headers that may come only once: a second one could hide a request from a check. */
const SINGLETONS: ReadonlySet<string> = new Set([
  'host',
  'origin',
  'authorization',
  'content-type',
  'sec-fetch-site',
]);

/** Makes the set of names that a listener on `hosts` and `port` answers to. */
export function ownHostNames(
  hosts: readonly string[],
  port: number,
  allowedHosts: readonly string[],
): ReadonlySet<string> {
  const bound = hosts
    .filter((host) => !['0.0.0.0', '::', ''].includes(host))
    .map((host) => (host.includes(':') ? `[${host}]` : host));
  const names = ['127.0.0.1', 'localhost', '[::1]', ...bound, ...allowedHosts];
  const own = new Set<string>();
  for (const name of names.map((text) => text.toLowerCase())) {
    if (/:\d+$/.test(name) && !name.endsWith(']')) own.add(name);
    else own.add(`${name}:${port}`);
    // Clients may leave port 80 out of the Host header (RFC 9110, section 7.2).
    if (port === 80) own.add(name);
  }
  return own;
}

/** The facts about an accepted caller. */
export interface Passed {
  /** Whether the control token came with the request; `/v1/audit` needs it. */
  isOperator: boolean;
  /** The actor of a change, from the header {@link ACTOR_HEADER}; for the audit. */
  actor?: string | undefined;
}

/** The header that names the actor if the body does not. */
const ACTOR_HEADER = 'x-kling-sidecar-actor';

/**
 * Accepts a request, or refuses it.
 *
 * Rules that depend on the path compare the received text, and a mismatch asks for the token: so a router that later
 * decodes escapes cannot bypass a rule.
 * @throws PlaneRefusal `not_found` for a path of Kling's, `host_refused`, `browser_refused`, `forbidden`, `method_not_allowed`, `bad_request`,
 *   `token_required`, `media_type_refused`, `length_required`, `body_too_large`.
 */
export function checkRequest(request: IncomingMessage, rules: GuardRules): Passed {
  checkVersion(request);
  const { headers, method = '' } = request;
  checkHost(request, rules.hostNames);
  checkBrowser(request, { mayComeFromElsewhere: isPageVisit(request) });
  if (method === 'OPTIONS')
    throw new PlaneRefusal('forbidden', 'There is no cross-origin access to this plane.');
  const isRead = READS.has(method);
  if (!isRead && !WRITES.has(method)) {
    throw new PlaneRefusal('method_not_allowed', `The method ${method.slice(0, 20)} is not answered here.`);
  }
  const path = plainPath(request);
  const elsewhere = rules.misdirected(method, path);
  if (elsewhere !== null) throw new PlaneRefusal('not_found', elsewhere);
  if (!isRead) checkBody(request, BODY_BYTES_MAX_OF.get(path) ?? BODY_BYTES_MAX);
  const presented = /^Bearer +([\x21-\x7e]+)$/i.exec(headers.authorization ?? '')?.[1];
  const isOperator = presented !== undefined && rules.token.matches(presented);
  const isOpen = isRead
    ? !rules.requireTokenForReads || ALWAYS_OPEN.has(path) || isPagePath(path)
    : !rules.requireTokenForReads && POSTS_THAT_READ.has(path);
  if (!isOpen && !isOperator) throw tokenRequired();
  const named = headers[ACTOR_HEADER];
  // Node reads headers as Latin-1; names come as UTF-8.
  const actor =
    typeof named === 'string' ? plainActor(Buffer.from(named, 'latin1').toString('utf8')) : undefined;
  return { isOperator, actor };
}

/** Gives the received path. An absolute target, `//`, dot segments and backslashes are refused: URLs fold them. */
function plainPath(request: IncomingMessage): string {
  const path = (request.url ?? '').split('?', 1)[0] ?? '';
  if (/^\/(?!\/)/.test(path) && !/(?:^|\/)(?:\.|%2e){1,2}(?:\/|$)|[\\#]/i.test(path)) return path;
  throw new PlaneRefusal('bad_request', 'The request target must be a plain path.');
}

/** The refusal for a missing or wrong control token; it does not say which. */
export function tokenRequired(): PlaneRefusal {
  return new PlaneRefusal(
    'token_required',
    'This needs the control token: send Authorization: Bearer TOKEN (the file control.token beside the store holds it).',
  );
}

/** Refuses only requests of web pages: for the probes listener, whose callers use its address. */
export function checkProbe(request: IncomingMessage): void {
  checkVersion(request);
  checkBrowser(request);
  if (!READS.has(request.method ?? '')) {
    throw new PlaneRefusal('method_not_allowed', 'Probes are read with GET or HEAD.');
  }
}

/**
 * Accepts a read whose address is its permission: a page of any site may send it, since nobody else knows the address.
 * @throws PlaneRefusal `bad_request`, `host_refused`, `forbidden`.
 */
export function checkCapability(request: IncomingMessage, hostNames: ReadonlySet<string>): void {
  checkVersion(request);
  checkHost(request, hostNames);
  checkSingletons(request);
  plainPath(request);
}

function checkVersion(request: IncomingMessage): void {
  if (isSpokenVersion(request)) return;
  throw new PlaneRefusal('bad_request', `HTTP/${request.httpVersion} is not spoken here; use HTTP/1.1.`);
}

function checkHost(request: IncomingMessage, hostNames: ReadonlySet<string>): void {
  const hosts = linesOf(request, 'host');
  const host = hosts[0] ?? '';
  if (hosts.length === 1 && hostNames.has(host.toLowerCase())) return;
  const shown =
    hosts.length === 1 ? `"${host.slice(0, 100).replace(/[^\x21-\x7e]/g, '?')}"` : `${hosts.length} of them`;
  throw new PlaneRefusal(
    'host_refused',
    `The Host header must be one name of this plane (got ${shown}); control.allowedHosts adds names.`,
  );
}

function checkSingletons(request: IncomingMessage): void {
  for (const name of SINGLETONS) {
    if (linesOf(request, name).length > 1)
      throw new PlaneRefusal('forbidden', `The header ${name} came twice.`);
  }
}

function checkBrowser(request: IncomingMessage, { mayComeFromElsewhere = false } = {}): void {
  checkSingletons(request);
  const { origin, host = '' } = request.headers;
  const own = `http://${host.toLowerCase()}`;
  if (origin !== undefined && origin.toLowerCase() !== own) {
    throw new PlaneRefusal('browser_refused', 'Requests from web pages of other origins are refused.');
  }
  if (comesFromElsewhere(request) && !mayComeFromElsewhere) {
    throw new PlaneRefusal('browser_refused', 'Requests from web pages of other sites are refused.');
  }
}

/**
 * Returns whether a page of another site or another port sent a request, by the browser's own word
 * (www.w3.org/TR/fetch-metadata, read 2026-11-28). Other programs send none, and a browser sends `none` for a typed address.
 */
export function comesFromElsewhere({ headers }: IncomingMessage): boolean {
  const site = headers['sec-fetch-site'];
  return site !== undefined && site !== 'none' && site !== 'same-origin';
}

function checkBody({ method, headers }: IncomingMessage, bytesMax: number): void {
  if (headers['transfer-encoding'] !== undefined) {
    throw new PlaneRefusal('length_required', 'Send the body with its Content-Length, not in chunks.');
  }
  const length = Number(headers['content-length'] ?? 0);
  const type = headers['content-type']?.split(';', 1)[0]?.trim().toLowerCase();
  if ((method === 'POST' || length > 0) && type !== 'application/json') {
    throw new PlaneRefusal('media_type_refused', 'Send the body as content-type: application/json.');
  }
  if (length > bytesMax) {
    throw new PlaneRefusal('body_too_large', `A body may have at most ${bytesMax} bytes here.`);
  }
}

/**
 * Returns whether somebody opens one of our pages, such as by a link in a chat: the browser's own headers say that it becomes a
 * document of its own, which the other site can neither read nor frame. A page changes nothing, and starts nothing for such a visit.
 */
function isPageVisit({ method, url = '', headers }: IncomingMessage): boolean {
  return (
    method === 'GET' &&
    isPagePath(url.split('?', 1)[0] ?? '') &&
    headers['sec-fetch-mode'] === 'navigate' &&
    headers['sec-fetch-dest'] === 'document'
  );
}

function linesOf(request: IncomingMessage, name: string): string[] {
  const raw = request.rawHeaders;
  const lines: string[] = [];
  for (let i = 0; i + 1 < raw.length; i += 2) {
    if ((raw[i] ?? '').toLowerCase() === name) lines.push(raw[i + 1] ?? '');
  }
  return lines;
}
