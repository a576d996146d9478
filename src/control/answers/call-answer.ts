/** `GET /v1/calls`: attempts at Kling, or with `?kind=refused` the sidecar's own refusals. */
import type { CallRecord, RefusalRecord } from '../../calls/call.ts';
import { listCalls, listRefusals } from '../../calls/call-table.ts';
import type { Store } from '../../store/store.ts';
import { toCredits } from '../../units.ts';
import type { CallsQuery } from '../questions.ts';
import type { CallsAnswer, RefusalsAnswer } from '../call-schemas.ts';
import { given, iso } from './shape.ts';

/** Lists attempts at Kling, newest first. */
export async function answerCalls(reader: Pick<Store, 'read'>, query: CallsQuery): Promise<CallsAnswer> {
  const { kind: _, limit, cursor = null, ...filters } = query;
  const { calls, ...rest } = await reader.read(listCalls, { limit, cursor, ...given(filters) });
  return { calls: calls.map(shapeCall), ...rest };
}

/** Lists the sidecar's own refusals, also those of observe mode that were not carried out, newest first. */
export async function answerRefusals(
  reader: Pick<Store, 'read'>,
  query: CallsQuery,
): Promise<RefusalsAnswer> {
  const { kind, limit, cursor = null, ...asked } = query;
  const filters = { ...asked, wouldOnly: kind === 'would-refuse' };
  const { refusals, ...rest } = await reader.read(listRefusals, { limit, cursor, ...given(filters) });
  return { calls: refusals.map(shapeRefusal), ...rest };
}

function shapeCall(call: CallRecord): CallsAnswer['calls'][number] {
  return {
    id: call.id,
    at: iso(call.at),
    app: call.app,
    tag: call.tag,
    method: call.method,
    route: call.route,
    status: call.status,
    code: call.code,
    requestId: call.requestId,
    klingRequestId: call.klingRequestId,
    taskId: call.taskId,
    holdId: call.holdId,
    attempt: call.attempt,
    outcome: call.outcome,
    errorClass: call.errorClass,
    durationMs: call.durationMs,
    overheadMs: call.overheadMs,
    bytesSent: call.bytesSent,
    bytesReceived: call.bytesReceived,
    clockOffsetMs: call.clockOffsetMs,
    origin: call.origin,
  };
}

function shapeRefusal(refusal: RefusalRecord): RefusalsAnswer['calls'][number] {
  return {
    id: refusal.id,
    at: iso(refusal.at),
    app: refusal.app,
    tag: refusal.tag,
    method: refusal.method,
    route: refusal.route,
    status: refusal.status,
    requestId: refusal.requestId,
    word: refusal.word,
    message: refusal.message,
    credits: refusal.credits === null ? null : toCredits(refusal.credits),
    budget: refusal.budget,
    wouldOnly: refusal.wouldOnly,
  };
}
