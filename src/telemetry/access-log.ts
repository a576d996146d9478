/**
 * The lines of requests: one for each attempt at Kling and one for each refusal of ours.
 *
 * The journal has every call, so these lines may be reduced or left out: `telemetry.accessLog`. Its share applies to calls
 * that succeeded; failed and refused ones are written unless the setting is `off`.
 *
 * **Invariant**: a line holds our own fields only: no body, no prompt, no header, no query.
 */
import type { CallRecord, RefusalRecord } from '../calls/call.ts';
import { isFailed } from '../calls/outcome.ts';
import { AUTHENTICATION_CODES, RESIGN_CODES } from '../kling/codes.ts';
import { toCredits } from '../units.ts';
import type { Log, LogLevel } from './log.ts';
import type { AccessLogSetting } from './telemetry-config.ts';
import type { TraceIds } from './tracing.ts';

/** The fields of a line in addition to the call's record. */
export interface CallPlace {
  /** The trace of the call: ours, or the caller's if tracing is off. */
  trace?: TraceIds | null;
  /** Whether the same request is sent once more: then the caller has no failure yet. */
  isRepeated?: boolean;
}

export interface AccessLog {
  call(call: CallRecord, place?: CallPlace): void;
  refused(refusal: RefusalRecord, trace?: TraceIds | null): void;
}

/** Makes the writer of these lines; it reads `setting` for each, since a reload may change it. */
export function createAccessLog(log: Log, setting: () => AccessLogSetting): AccessLog {
  const isWritten = createSampling(setting);
  return {
    call(call, { trace = null, isRepeated = false } = {}) {
      if (!isWritten(call.outcome === 'ok')) return;
      log[callLevel(call, isRepeated)]('call', {
        event: 'call',
        traceId: trace?.traceId,
        spanId: trace?.spanId,
        requestId: call.requestId,
        holdId: call.holdId ?? undefined,
        taskId: call.taskId ?? undefined,
        app: call.app,
        method: call.method,
        route: call.route,
        status: call.status,
        code: call.code,
        outcome: call.outcome,
        errorClass: call.errorClass ?? undefined,
        cause: call.evidence?.cause ?? undefined,
        klingRequestId: call.klingRequestId ?? undefined,
        attempt: call.attempt,
        origin: call.origin,
        durationMs: roundMs(call.durationMs),
        overheadMs: roundMs(call.overheadMs),
      });
    },
    refused(refusal, trace = null) {
      if (!isWritten(false)) return;
      const { wouldOnly, word } = refusal;
      log[wouldOnly ? 'info' : refusalLevel(word)](wouldOnly ? 'would be refused' : 'refused', {
        event: wouldOnly ? 'would_refuse' : 'refused',
        traceId: trace?.traceId,
        spanId: trace?.spanId,
        requestId: refusal.requestId,
        app: refusal.app,
        method: refusal.method,
        route: refusal.route,
        status: refusal.status,
        word,
        credits: refusal.credits === null ? undefined : toCredits(refusal.credits),
        message: refusal.message,
      });
    },
  };
}

/** Decides for each line; a counter keeps the share exactly. */
function createSampling(setting: () => AccessLogSetting): (isRoutine: boolean) => boolean {
  let due = 0;
  return (isRoutine) => {
    const kept = setting();
    if (kept === 'all') return true;
    if (kept === 'off') return false;
    if (!isRoutine) return true;
    if (kept === 'errors') return false;
    due += kept;
    if (due < 1) return false;
    due -= 1;
    return true;
  };
}

/** Gives the level: an operator must read of a refused key, nobody yet of an attempt that is repeated. */
function callLevel(call: CallRecord, isRepeated: boolean): LogLevel {
  const { code, outcome } = call;
  // For a token that is early or expired a new one is made, and the request is sent again.
  const isCured = code !== null && RESIGN_CODES.has(code) && call.attempt === 1;
  if (isRepeated || isCured) return 'debug';
  if (call.status === 401 && code !== null && AUTHENTICATION_CODES.has(code)) return 'error';
  if (isFailed(outcome)) return 'warn';
  // The poller's own reads would hide the calls of apps.
  return call.origin === 'sidecar' && outcome === 'ok' ? 'debug' : 'info';
}

/** Refusals whose cause is here or at Kling, not in the request. */
const REFUSAL_LEVELS: Readonly<Record<string, LogLevel | undefined>> = {
  ledger_unavailable: 'error',
  clock_untrusted: 'error',
  outcome_unknown: 'warn',
  upstream_unreachable: 'warn',
  upstream_timeout: 'warn',
  account_refused: 'warn',
};

function refusalLevel(word: string): LogLevel {
  return REFUSAL_LEVELS[word] ?? 'info';
}

function roundMs(ms: number): number {
  return Math.round(ms * 1000) / 1000;
}
