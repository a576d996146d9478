/**
 * How an attempt at Kling counts: one rule for the journal, the windows, imports and claims.
 *
 * A status line that arrived decides alone, even if the body broke off after it: Kling's log shows the request with
 * that status. Without a status the error class decides. The outcome, Kling's code and the blame then give the
 * class that the windows count, and each class says whether it is an answer and whether it is an error.
 *
 * **Invariant**: only a failure that Kling can have caused may be blamed on it. A lack of this machine or its network
 * (a free connection, a name server, a certificate authority, a proxy) is never Kling's fault by default.
 */
import type { CallOutcome } from '../words.ts';

/** The control check that can prove whose fault a failure was: an address by number, a name that resolves, or none. */
export type Proof = 'address' | 'name' | 'none';

interface FailureRule {
  outcome: Extract<CallOutcome, 'unreachable' | 'no_answer' | 'aborted'>;
  /** Only for `unreachable`: the others are never blamed on anybody. */
  proof: Proof;
}

/** The meaning of each error class without a status line. */
const FAILURES = {
  /** This side had no connection to use: all were busy until the deadline, or this machine gave no socket. */
  no_connection: { outcome: 'aborted', proof: 'none' },
  /** The name was not resolved in time, or not at all. */
  dns: { outcome: 'unreachable', proof: 'name' },
  refused: { outcome: 'unreachable', proof: 'address' },
  /** The TLS handshake failed; a TCP connection elsewhere proves nothing about that. */
  tls: { outcome: 'unreachable', proof: 'none' },
  connect_timeout: { outcome: 'unreachable', proof: 'address' },
  connect_other: { outcome: 'unreachable', proof: 'address' },
  /** The proxy between us and Kling did not carry the request. */
  proxy: { outcome: 'unreachable', proof: 'none' },
  reset: { outcome: 'no_answer', proof: 'none' },
  headers_timeout: { outcome: 'no_answer', proof: 'none' },
  body_timeout: { outcome: 'no_answer', proof: 'none' },
  truncated: { outcome: 'no_answer', proof: 'none' },
  malformed: { outcome: 'no_answer', proof: 'none' },
} as const satisfies Record<string, FailureRule>;

/** Why an attempt brought no complete answer. */
export type ErrorClass = keyof typeof FAILURES;
export const ERROR_CLASSES = Object.keys(FAILURES) as readonly ErrorClass[];

/** Gives the outcome of an attempt; without status and error class it was given up by us. */
export function outcomeOf(end: { status: number | null; errorClass: ErrorClass | null }): CallOutcome {
  if (end.status !== null) return outcomeOfStatus(end.status);
  return end.errorClass === null ? 'aborted' : FAILURES[end.errorClass].outcome;
}

/** Gives the outcome of an answer. A status of 600 or more is no HTTP error class, so it counts as answered. */
export function outcomeOfStatus(status: number): CallOutcome {
  if (isServerError(status)) return 'server_error';
  if (status === 429) return 'throttled';
  return status >= 400 && status <= 499 ? 'client_error' : 'ok';
}

/** Outcomes of calls that Kling failed, did not answer or did not get. Refusals, throttles and calls that we gave up are none. */
export const FAILED_OUTCOMES = ['server_error', 'unreachable', 'no_answer'] as const satisfies CallOutcome[];

const FAILED: ReadonlySet<CallOutcome> = new Set(FAILED_OUTCOMES);

/** Returns whether an outcome is one of {@link FAILED_OUTCOMES}. */
export function isFailed(outcome: CallOutcome): boolean {
  return FAILED.has(outcome);
}

/** Returns whether a status is a 5xx: 500 to 599, both inclusive. */
export function isServerError(status: number): boolean {
  return status >= 500 && status <= 599;
}

/** Gives the control check that can prove whose fault a failure was; none if its recorder named no class. */
export function proofOf(errorClass: ErrorClass | null): Proof {
  return errorClass === null ? 'none' : FAILURES[errorClass].proof;
}

/** Whose fault an attempt that never reached Kling was. */
export const BLAMES = ['upstream', 'local', 'unknown'] as const;
export type Blame = (typeof BLAMES)[number];

/** Kling's code for announced maintenance. */
export const MAINTENANCE_CODE = 5001;

/**
 * The classes that windows count, and how each takes part in availability. `maintenance` is a 5xx with Kling's code 5001
 * (kling-api, error codes, read 2026-09-20), kept apart from the other `server_error`s.
 */
const CLASSES = {
  ok: { isAnswer: true, isError: false },
  client_error: { isAnswer: true, isError: false },
  throttled: { isAnswer: true, isError: false },
  server_error: { isAnswer: true, isError: true },
  maintenance: { isAnswer: true, isError: true },
  unreachable_upstream: { isAnswer: false, isError: true },
  unreachable_local: { isAnswer: false, isError: false },
  unreachable_unknown: { isAnswer: false, isError: false },
  no_answer: { isAnswer: false, isError: false },
  aborted: { isAnswer: false, isError: false },
} as const satisfies Record<string, { isAnswer: boolean; isError: boolean }>;

export type CallClass = keyof typeof CLASSES;
export const CALL_CLASSES = Object.keys(CLASSES) as readonly CallClass[];

/** Gives the class of an attempt; `blame` matters only for one that never arrived. */
export function classOf(call: { outcome: CallOutcome; code: number | null }, blame: Blame): CallClass {
  if (call.outcome === 'unreachable') return `unreachable_${blame}`;
  const isMaintenance = call.outcome === 'server_error' && call.code === MAINTENANCE_CODE;
  return isMaintenance ? 'maintenance' : call.outcome;
}

/** Gives the outcome of the attempts of a class. */
export function outcomeOfClass(name: CallClass): CallOutcome {
  if (name === 'maintenance') return 'server_error';
  if (name === 'unreachable_upstream' || name === 'unreachable_local' || name === 'unreachable_unknown')
    return 'unreachable';
  return name;
}

/** The same as {@link classOf} in SQL, for columns `outcome` and `code` and an expression of the blame. */
export function classSql(table: string, blame: string): string {
  return `CASE
    WHEN ${table}.outcome = 'unreachable' THEN 'unreachable_' || ${blame}
    WHEN ${table}.outcome = 'server_error' AND ${table}.code = ${MAINTENANCE_CODE} THEN 'maintenance'
    ELSE ${table}.outcome
  END`;
}

/** Returns whether Kling answered: such attempts are valid requests. */
export function isAnswer(name: CallClass): boolean {
  return CLASSES[name].isAnswer;
}

/** Returns whether an attempt is an error request unless an exclusion covers it. */
export function isError(name: CallClass): boolean {
  return CLASSES[name].isError;
}
