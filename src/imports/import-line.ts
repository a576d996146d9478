/**
 * One line of an import: a call to Kling recorded elsewhere, as JSON (contract, "lines of `import`").
 *
 * **Invariant**: a line is read the same way wherever and whenever it is read: what it becomes depends on the line,
 * the options and how often the very same line came before it in the file, and on nothing else. A line that leaves
 * a doubt about time, outcome or place is bad and says why; nothing is guessed.
 */
import type { CallRecord } from '../calls/call.ts';
import { ERROR_CLASSES, outcomeOf, outcomeOfStatus, type Blame, type ErrorClass } from '../calls/outcome.ts';
import type { Ms } from '../units.ts';
import type { CallOutcome } from '../words.ts';

/** A line longer than this many characters is bad. */
export const LINE_LENGTH_MAX = 65_536;
/** How far ahead of our clock a line's time may be. */
const AHEAD_MS_MAX: Ms = 300_000;
/** Nothing was recorded of this API before (Kling's API opened in 2024). */
const EARLIEST_AT = Date.UTC(2023, 0, 1);
const TEXT_LENGTH_MAX = 200;

export interface ImportOptions {
  /** Who recorded the calls; part of their identity. */
  source: string;
  /** The host they were made to, where a line does not say. */
  host: string;
  now: Ms;
  /** Gives our template for a method and path without query, or `unmatched`. */
  routeOf(method: string, path: string): string;
}

/** What a line says, checked; identity and defaults still to be added. */
export interface LineFields {
  at: Ms;
  method: string;
  path: string;
  status: number | null;
  error: string | null;
  outcome: CallOutcome;
  errorClass: ErrorClass | null;
  blame: Blame | null;
  latencyMs: Ms;
  requestId: string | null;
  klingRequestId: string | null;
  code: number | null;
  app: string | null;
  attempt: number;
  id: string | null;
  source: string | null;
  route: string | null;
  host: string | null;
  taskId: string | null;
  tag: string | null;
  origin: CallRecord['origin'];
  evidence: CallRecord['evidence'];
}

/** Why a line is bad. */
export class BadLine extends Error {
  override readonly name = 'BadLine';
}

/** Reads one line. @throws BadLine with the reason where it is none. */
export function readLine(text: string, now: Ms): LineFields {
  const line = parseObject(text);
  const at = readTime(line['time'], now);
  const method = readMatching(line, 'method', /^[A-Z]{3,10}$/, 'a method such as GET');
  const path = readMatching(line, 'path', /^\/[^\s]{0,2000}$/, 'a path that begins with /');
  const status = readStatus(line);
  const error = readText(line, 'error');
  if ((status === null) === (error === null)) throw new BadLine('exactly one of status and error is needed');
  const blame = readWord(line, 'blame', ['upstream', 'local', 'unknown'] as const);
  if (blame !== null && error === null)
    throw new BadLine('blame is for lines with error, not for answered ones');
  const told =
    error === null ? { outcome: outcomeOfStatus(status ?? 0), errorClass: null } : failed(error, blame);
  const outcome = readOutcome(line, status) ?? told.outcome;
  if (blame !== null && outcome !== 'unreachable') {
    throw new BadLine(
      outcome === 'aborted'
        ? `blame is for requests that never arrived; '${error ?? ''}' was given up on our side`
        : `blame is for requests that never arrived; '${error ?? ''}' was sent and may have arrived`,
    );
  }
  const requestId = readText(line, 'requestId');
  const id = readOwnId(line);
  return {
    at,
    method,
    path: path.split('?', 1)[0] ?? path,
    status,
    error,
    outcome,
    errorClass: readWord(line, 'errorClass', ERROR_CLASSES) ?? told.errorClass,
    blame,
    latencyMs: readNumber(line, 'latencyMs', { min: 0, max: 86_400_000 }) ?? 0,
    requestId,
    klingRequestId: readText(line, 'klingRequestId') ?? (id === null && status !== null ? requestId : null),
    code: readNumber(line, 'code', { min: 0, max: 999_999, integer: true }),
    app: readText(line, 'app'),
    attempt: readNumber(line, 'attempt', { min: 1, max: 1000, integer: true }) ?? 1,
    id,
    source: readText(line, 'source'),
    route: readText(line, 'route'),
    host: readText(line, 'host'),
    taskId: readText(line, 'taskId'),
    tag: readText(line, 'tag'),
    origin: readWord(line, 'origin', ['app', 'sidecar'] as const) ?? 'app',
    evidence: readEvidence(line, error),
  };
}

function parseObject(text: string): Record<string, unknown> {
  if (text.length > LINE_LENGTH_MAX) throw new BadLine(`longer than ${LINE_LENGTH_MAX} characters`);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new BadLine('no JSON');
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new BadLine('no JSON object');
  return value as Record<string, unknown>;
}

const ISO = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+-]\d{2}:?\d{2})$/;

function readTime(value: unknown, now: Ms): Ms {
  const at = typeof value === 'string' && ISO.test(value) ? Math.floor(Date.parse(value)) : value;
  if (typeof at !== 'number' || !Number.isFinite(at)) {
    throw new BadLine('time must be ISO 8601 with Z or an offset, or milliseconds since 1970');
  }
  if (at < EARLIEST_AT)
    throw new BadLine('time is before 2023 (are these seconds? milliseconds are expected)');
  if (at > now + AHEAD_MS_MAX) throw new BadLine('time is in the future');
  return Math.floor(at);
}

function readStatus(line: Record<string, unknown>): number | null {
  return readNumber(line, 'status', { min: 200, max: 599, integer: true });
}

function readNumber(
  line: Record<string, unknown>,
  key: string,
  bounds: { min: number; max: number; integer?: boolean },
): number | null {
  const value = line[key];
  if (value === undefined || value === null) return null;
  const isGood =
    typeof value === 'number' &&
    value >= bounds.min &&
    value <= bounds.max &&
    (bounds.integer !== true || Number.isInteger(value));
  if (!isGood) throw new BadLine(`${key} must be a number from ${bounds.min} to ${bounds.max}`);
  return value;
}

function readText(line: Record<string, unknown>, key: string): string | null {
  const value = line[key];
  if (value === undefined || value === null) return null;
  if (typeof value !== 'string' || value === '') throw new BadLine(`${key} must be text that is not empty`);
  return value.slice(0, TEXT_LENGTH_MAX);
}

function readMatching(line: Record<string, unknown>, key: string, pattern: RegExp, allowed: string): string {
  const value = line[key];
  if (typeof value !== 'string' || !pattern.test(value)) throw new BadLine(`${key} must be ${allowed}`);
  return value;
}

function readWord<W extends string>(
  line: Record<string, unknown>,
  key: string,
  words: readonly W[],
): W | null {
  const value = line[key];
  if (value === undefined || value === null) return null;
  const word = words.find((one) => one === value);
  if (word === undefined) throw new BadLine(`${key} must be one of ${words.join(', ')}`);
  return word;
}

/** An export of a sidecar names each call, so that merging it twice, or into its own store, changes nothing. */
function readOwnId(line: Record<string, unknown>): string | null {
  const value = line['id'];
  if (value === undefined || value === null) return null;
  if (typeof value !== 'string' || !/^(call|imp)_[0-9a-z]{26}$/.test(value)) {
    throw new BadLine('id must be one that a sidecar exported, such as call_ and 26 characters');
  }
  return value;
}

/** What an export says of a failure stands above what its text suggests. */
function readOutcome(line: Record<string, unknown>, status: number | null): CallOutcome | null {
  const outcome = readWord(line, 'outcome', ['unreachable', 'no_answer', 'aborted'] as const);
  return status === null ? outcome : null;
}

function readEvidence(line: Record<string, unknown>, error: string | null): CallRecord['evidence'] {
  const evidence = {
    date: readText(line, 'date'),
    server: readText(line, 'server'),
    via: readText(line, 'via'),
    cause: readText(line, 'cause') ?? error,
  };
  return Object.values(evidence).some((value) => value !== null) ? evidence : null;
}

interface LineOutcome {
  outcome: CallOutcome;
  errorClass: ErrorClass | null;
}

/** The class that an error's text proves, in the words of Node, Python, Go and curl; the first that matches counts. */
const PROOFS: readonly [RegExp, ErrorClass][] = [
  [/PoolTimeout|connection pool|pool is full|EMFILE|too many open files|EADDRNOTAVAIL/i, 'no_connection'],
  [/ECONNRESET|socket hang up|reset by peer|broken pipe|EPIPE|other side closed/i, 'reset'],
  [/headers? time-?out|UND_ERR_HEADERS_TIMEOUT|read time-?d? ?out|ReadTimeout/i, 'headers_timeout'],
  [/body time-?out|UND_ERR_BODY_TIMEOUT/i, 'body_timeout'],
  [/ENOTFOUND|EAI_AGAIN|getaddrinfo|name resolution|no such host|could not resolve|NXDOMAIN/i, 'dns'],
  [/ECONNREFUSED|connection refused/i, 'refused'],
  [
    /connect ETIMEDOUT|connect(ion)? time-?d? ?out|UND_ERR_CONNECT_TIMEOUT|ConnectTimeout/i,
    'connect_timeout',
  ],
  [/certificate|handshake|\bTLS\b|\bSSL\b|ERR_TLS|DEPTH_ZERO/i, 'tls'],
  [/EHOSTUNREACH|ENETUNREACH|ENETDOWN|no route to host|network is unreachable/i, 'connect_other'],
];

/** A failure that proves nothing was sent, perhaps: it cannot be claimed unless the recorder vouches for it. */
function failed(error: string, blame: Blame | null): LineOutcome {
  const proved = PROOFS.find(([pattern]) => pattern.test(error))?.[1] ?? null;
  const errorClass = proved ?? (blame === null ? null : 'connect_other');
  return { outcome: errorClass === null ? 'no_answer' : outcomeOf({ status: null, errorClass }), errorClass };
}
