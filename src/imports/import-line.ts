/**
 * One line of an import: a call to Kling recorded elsewhere, as JSON (contract, "lines of `import`").
 *
 * **Invariant**: the result depends only on the line, the options and how often the same line came before in the file.
 * A line whose time, outcome or host is unclear is bad, with a reason; nothing is guessed.
 */
import type { CallRecord } from '../calls/call.ts';
import { ERROR_CLASSES, outcomeOf, outcomeOfStatus, type Blame, type ErrorClass } from '../calls/outcome.ts';
import type { Ms } from '../units.ts';
import type { CallOutcome } from '../words.ts';
import { checkKeys, findTwice } from './line-keys.ts';
import { LINE_LENGTH_MAX } from './records.ts';
import {
  BadLine,
  readMethod,
  readName,
  readNumber,
  readTarget,
  readText,
  readTime,
  readWord,
  type Line,
} from './line-values.ts';

export interface ImportOptions {
  /** Who recorded the calls; part of their identity. */
  source: string;
  /** The host of calls whose line names none. */
  host: string;
  now: Ms;
  /** Gives our template for a method and path without query, or `unmatched`. */
  routeOf(method: string, path: string): string;
}

/** The checked fields of a line, before identity and defaults are added. */
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
  /** Kling's own id as the line gives it, apart from `requestId`. */
  givenKlingId: string | null;
  klingRequestId: string | null;
  code: number | null;
  app: string | null;
  attempt: number;
  id: string | null;
  source: string | null;
  route: string | null;
  /** In one spelling. */
  host: string | null;
  /** As the line spells it: part of the identity of calls that were imported before there was one spelling. */
  hostText: string | null;
  taskId: string | null;
  tag: string | null;
  origin: CallRecord['origin'];
  evidence: CallRecord['evidence'];
}

/** Reads one line. @throws BadLine with the reason if it is none. */
export function readLine(text: string, now: Ms): LineFields {
  const line = parseLine(text);
  checkKeys(line);
  const at = readTime(line['time'], now);
  const method = readMethod(line);
  const { path, host } = readTarget(line);
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
  const requestId = readName(line, 'requestId');
  const givenKlingId = readName(line, 'klingRequestId');
  const id = readOwnId(line);
  return {
    at,
    method,
    path,
    status,
    error,
    outcome,
    errorClass: readWord(line, 'errorClass', ERROR_CLASSES) ?? told.errorClass,
    blame,
    latencyMs: readNumber(line, 'latencyMs', { min: 0, max: 86_400_000 }) ?? 0,
    requestId,
    givenKlingId,
    // If another program says that its request id is not Kling's, the key is present and null.
    klingRequestId:
      givenKlingId ?? (id === null && status !== null && line['klingRequestId'] !== null ? requestId : null),
    code: readNumber(line, 'code', { min: 0, max: 999_999, integer: true }),
    app: readText(line, 'app'),
    attempt: readNumber(line, 'attempt', { min: 1, max: 1000, integer: true }) ?? 1,
    id,
    source: readName(line, 'source'),
    route: readText(line, 'route'),
    host,
    hostText: readText(line, 'host'),
    taskId: readName(line, 'taskId'),
    tag: readText(line, 'tag'),
    origin: readWord(line, 'origin', ['app', 'sidecar'] as const) ?? 'app',
    evidence: readEvidence(line, error),
  };
}

/** Parses a JSON object. @throws BadLine if the text is none, or has a key twice. */
export function parseLine(text: string): Line {
  if (text.length > LINE_LENGTH_MAX) throw new BadLine(`longer than ${LINE_LENGTH_MAX} characters`);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new BadLine('no JSON');
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new BadLine('no JSON object');
  const twice = findTwice(text);
  if (twice !== null) throw new BadLine(`the key ${JSON.stringify(twice.slice(0, 60))} appears twice`);
  return value as Line;
}

function readStatus(line: Line): number | null {
  return readNumber(line, 'status', { min: 200, max: 599, integer: true });
}

/** An export of a sidecar names each call, so that a second merge, or a merge into its own store, changes nothing. */
function readOwnId(line: Line): string | null {
  const value = line['id'];
  if (value === undefined || value === null) return null;
  if (typeof value !== 'string' || !/^(call|imp)_[0-9a-z]{26}$/.test(value)) {
    throw new BadLine('id must be one that a sidecar exported, such as call_ and 26 characters');
  }
  return value;
}

/** The outcome in an export overrides the class that the error's text suggests. */
function readOutcome(line: Line, status: number | null): CallOutcome | null {
  const outcome = readWord(line, 'outcome', ['unreachable', 'no_answer', 'aborted'] as const);
  return status === null ? outcome : null;
}

function readEvidence(line: Line, error: string | null): CallRecord['evidence'] {
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

/** The class that an error's text proves, by the messages of Node, Python, Go, curl and browsers; the first match counts. */
const PROOFS: readonly [RegExp, ErrorClass][] = [
  [/PoolTimeout|connection pool|pool is full|EMFILE|too many open files|EADDRNOTAVAIL/i, 'no_connection'],
  [
    /ECONNRESET|ERR_CONNECTION_(RESET|CLOSED)|socket hang up|reset by peer|broken pipe|EPIPE|other side closed/i,
    'reset',
  ],
  [/headers? time-?out|UND_ERR_HEADERS_TIMEOUT|read time-?d? ?out|ReadTimeout/i, 'headers_timeout'],
  [/body time-?out|UND_ERR_BODY_TIMEOUT/i, 'body_timeout'],
  [
    /ENOTFOUND|EAI_AGAIN|getaddrinfo|name resolution|no such host|could not resolve|NXDOMAIN|ERR_NAME_/i,
    'dns',
  ],
  [/ECONNREFUSED|connection[ _]refused/i, 'refused'],
  [
    /connect ETIMEDOUT|connect(ion)?[ _]time-?d?[ _]?out|UND_ERR_CONNECT_TIMEOUT|ConnectTimeout/i,
    'connect_timeout',
  ],
  [/certificate|ERR_CERT_|handshake|\bTLS\b|\bSSL\b|ERR_TLS|DEPTH_ZERO/i, 'tls'],
  [
    /ERR_ADDRESS_UNREACHABLE|ERR_INTERNET_DISCONNECTED|EHOSTUNREACH|ENETUNREACH|ENETDOWN|no route to host|network is unreachable/i,
    'connect_other',
  ],
];

/** A failure after which something may have been sent: it enters a claim only if the recorder confirms that it never arrived. */
function failed(error: string, blame: Blame | null): LineOutcome {
  const proved = PROOFS.find(([pattern]) => pattern.test(error))?.[1] ?? null;
  const errorClass = proved ?? (blame === null ? null : 'connect_other');
  return { outcome: errorClass === null ? 'no_answer' : outcomeOf({ status: null, errorClass }), errorClass };
}
