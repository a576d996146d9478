/**
 * Errors of the control plane as RFC 9457 problem details.
 *
 * **Invariant**: `word` names the kind of problem for programs, `detail` names the problem and the remedy for people;
 * an unexpected error's own text stays in the log and never reaches a caller.
 */
import { isRefusal, SidecarError, type ErrorCode } from '../errors.ts';

/** The plane's own refusals, in addition to the codes of {@link SidecarError}. */
export type PlaneWord =
  | 'bad_request'
  | 'token_required'
  | 'forbidden'
  | 'not_found'
  | 'method_not_allowed'
  | 'length_required'
  | 'body_too_large'
  | 'media_type_refused'
  | 'host_refused'
  | 'browser_refused'
  | 'busy'
  | 'unexpected';

const PLANE_STATUS: Readonly<Record<PlaneWord, number>> = {
  bad_request: 400,
  token_required: 401,
  forbidden: 403,
  not_found: 404,
  method_not_allowed: 405,
  length_required: 411,
  body_too_large: 413,
  media_type_refused: 415,
  host_refused: 421,
  browser_refused: 403,
  busy: 503,
  unexpected: 500,
};

const TITLES: Readonly<Record<number, string>> = {
  400: 'Bad request',
  401: 'Control token required',
  403: 'Forbidden',
  404: 'Not found',
  405: 'Method not allowed',
  409: 'Conflict',
  411: 'Length required',
  413: 'Body too large',
  415: 'Unsupported media type',
  421: 'Misdirected request',
  500: 'Internal error',
  503: 'Unavailable',
};

/** The problem details of an answer; `word` is the extension that programs compare. */
export interface Problem {
  type: string;
  title: string;
  status: number;
  detail: string;
  word: string;
}

/** Gives a problem as an answer. */
export function problemAnswer(problem: Problem): Response {
  return new Response(JSON.stringify(problem), {
    status: problem.status,
    headers: {
      'content-type': 'application/problem+json',
      ...(problem.word === 'busy' && { 'retry-after': '1' }),
    },
  });
}

/** Thrown if the plane refuses a request itself. */
export class PlaneRefusal extends Error {
  override readonly name = 'PlaneRefusal';
  readonly problem: Problem;

  constructor(word: PlaneWord, detail: string) {
    super(detail);
    this.problem = problemOf(word, PLANE_STATUS[word], detail);
  }
}

/** Makes problem details of a thrown value; null if it is none of our errors and must be logged. */
export function knownProblem(error: unknown): Problem | null {
  if (error instanceof PlaneRefusal) return error.problem;
  if (!(error instanceof SidecarError)) return null;
  return problemOf(error.code, statusOf(error), error.message);
}

/** A caller's view of an unexpected error. */
export function unexpectedProblem(): Problem {
  return problemOf('unexpected', 500, 'The sidecar failed to answer this; its log says why.');
}

function problemOf(word: string, status: number, detail: string): Problem {
  return { type: `urn:kling-sidecar:${word}`, title: TITLES[status] ?? 'Error', status, detail, word };
}

const CODE_STATUS: Partial<Record<ErrorCode, number>> = {
  not_found: 404,
  already_resolved: 409,
  already_running: 409,
  bad_usage: 400,
  config_invalid: 400,
  secret_invalid: 400,
  daemon_required: 503,
  store_owned: 503,
  store_corrupt: 503,
  store_unwritable: 503,
};

function statusOf(error: SidecarError): number {
  return CODE_STATUS[error.code] ?? (isRefusal(error.code) ? error.status : 500);
}
