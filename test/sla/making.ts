/** Calls, slices and questions for tests. */
import type { JournalArgs } from '../../src/sla/journal.ts';
import type { CallRecord } from '../../src/calls/call.ts';
import { classOf, outcomeOf, type Blame } from '../../src/calls/outcome.ts';
import { KLING_AGREEMENTS } from '../../src/sla/agreement.ts';
import { sliceOf, type WindowSlice } from '../../src/sla/counts.ts';
import type { MonthQuestion } from '../../src/sla/month.ts';
import type { StoredMonthQuestion } from '../../src/sla/month-table.ts';
import { SliceTally } from '../../src/sla/window-table.ts';
import { spansHold, type Span } from '../../src/sla/window.ts';

let made = 0;

/** Makes a call to Kling, answered with 200 unless told otherwise. */
export function newCall(fields: Partial<CallRecord> = {}): CallRecord {
  made += 1;
  const status = fields.status === undefined ? 200 : fields.status;
  return {
    id: `call_${String(made).padStart(26, '0')}`,
    requestId: `req-${made}`,
    at: Date.UTC(2026, 9, 5, 12),
    app: 'default',
    tag: null,
    method: 'GET',
    route: '/v1/videos/text2video/{id}',
    host: 'api-singapore.klingai.com',
    status,
    code: null,
    klingRequestId: null,
    taskId: null,
    holdId: null,
    attempt: 1,
    outcome: outcomeOf({ status, errorClass: 'reset' }),
    errorClass: status === null ? 'reset' : null,
    durationMs: 12.5,
    overheadMs: 0.2,
    bytesSent: 100,
    bytesReceived: 200,
    clockOffsetMs: null,
    origin: 'app',
    evidence: null,
    ...fields,
  };
}

/** Makes a call that never arrived. */
export function newUnreachable(fields: Partial<CallRecord> = {}): CallRecord {
  return newCall({
    status: null,
    outcome: 'unreachable',
    errorClass: 'refused',
    evidence: { date: null, server: null, via: null, cause: 'connect ECONNREFUSED' },
    ...fields,
  });
}

/** Counts calls into slices in memory, as the store does in rows. */
export function slicesOf(
  calls: readonly { call: CallRecord; blame: Blame | null }[],
  excluded: readonly Span[] = [],
): WindowSlice[] {
  const tally = new SliceTally();
  for (const { call, blame } of calls) {
    tally.countsOf(sliceOf(call, spansHold(excluded, call.at)))[classOf(call, blame ?? 'unknown')] += 1;
  }
  return [...tally.slices];
}

/** Asks for a month in UTC without terms, long after its end. */
export function ask(fields: Partial<MonthQuestion> = {}): StoredMonthQuestion {
  return {
    month: '2026-10',
    timeZone: 'UTC',
    terms: { source: 'none', terms: [] },
    agreements: KLING_AGREEMENTS,
    now: Date.UTC(2027, 5, 1),
    hosts: null,
    ...fields,
  };
}

/** Calls as the instance with the store's own name journals them. */
export function journalled(calls: CallRecord[], instance: string | null = null): JournalArgs {
  return { instance, calls };
}
