/**
 * The lines of requests: one for each attempt at Kling and one for each refusal of ours.
 *
 * The journal has every call, so these lines may be left out or thinned: `telemetry.accessLog`. Its share is of calls that
 * succeeded; what failed or was refused is written unless the setting is `off`.
 *
 * **Invariant**: a line holds our own fields only: no body, no prompt, no header, no query.
 */
import type { CallRecord, RefusalRecord } from '../calls/call.ts';
import { AUTHENTICATION_CODES, RESIGN_CODES } from '../kling/codes.ts';
import { toCredits } from '../units.ts';
import type { Log, LogLevel } from './log.ts';
import type { AccessLogSetting } from './telemetry-config.ts';
import type { TraceIds } from './tracing.ts';

/** What a line says of a call besides its record. */
export interface CallPlace {
  /** The trace it belongs to: ours, or the caller's where tracing is off. */
  trace?: TraceIds | null;
  /** Whether the same request goes out once more: then nobody was failed yet. */
  isRepeated?: boolean;
}

export interface AccessLog {
  call(call: CallRecord, place?: CallPlace): void;
  refused(refusal: RefusalRecord, trace?: TraceIds | null): void;
}

/** Makes the writer of these lines; `setting` is asked for each, since a reload may change it. */
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

/** Decides for each line; a share is kept to exactly, by counting. */
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

/** Who should care: for a refused key an operator, for what is tried again nobody yet. */
function callLevel(call: CallRecord, isRepeated: boolean): LogLevel {
  const { code, outcome } = call;
  // A token that is early or expired is made anew, and the request sent again.
  const isCured = code !== null && RESIGN_CODES.has(code) && call.attempt === 1;
  if (isRepeated || isCured) return 'debug';
  if (call.status === 401 && code !== null && AUTHENTICATION_CODES.has(code)) return 'error';
  if (outcome === 'server_error' || outcome === 'unreachable' || outcome === 'no_answer') return 'warn';
  // The poller's own reads would drown what apps do.
  return call.origin === 'sidecar' && outcome === 'ok' ? 'debug' : 'info';
}

/** Refusals that say that something is wrong here or at Kling, not with the request. */
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
