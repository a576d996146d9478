/** `GET /v1/calls`: attempts at Kling, or with `?kind=refused` the sidecar's own refusals; `GET /v1/routes`: their sums. */
import type { CallRecord, RefusalRecord } from '../../calls/call.ts';
import { listCalls } from '../../calls/call-list.ts';
import { listRefusals } from '../../calls/refusal-list.ts';
import { FAILED_OUTCOMES } from '../../calls/outcome.ts';
import { sumRoutes } from '../../calls/route-sums.ts';
import { SidecarError } from '../../errors.ts';
import { listCountedCalls } from '../../sla/counted-calls.ts';
import type { Store } from '../../store/store.ts';
import { toCredits, type Ms } from '../../units.ts';
import type { ControlCommands } from '../commands.ts';
import type { CallsQuery, RoutesQuery } from '../questions.ts';
import type { CallsAnswer, RefusalsAnswer, RoutesAnswer } from '../call-schemas.ts';
import { given, iso, isoOrNull, shapeSearched } from './shape.ts';

/**
 * Lists attempts at Kling, newest first.
 * @throws SidecarError `bad_usage` on a filter of refusals.
 */
export async function answerCalls({ reader, sla }: CallsDeps, query: CallsQuery): Promise<CallsAnswer> {
  const { kind: _, word, budget, counted, reading, blame, month, ...asked } = query;
  const { limit, cursor = null, task: ofTask, failed, outcome, ...filters } = asked;
  refuse({ word, budget }, 'kind=refused and kind=would-refuse');
  if (counted === undefined) refuse({ reading }, 'a list with "counted"');
  const outcomes = failed ? FAILED_OUTCOMES.filter((one) => outcome?.includes(one) ?? true) : outcome;
  const args = { limit, cursor, ...given({ ...filters, ofTask, outcomes }) };
  const counting = given({
    counted,
    reading,
    blame,
    month: month === undefined ? month : sla.question(month),
  });
  const { calls, searched, keptFrom, ...page } =
    Object.keys(counting).length === 0
      ? await reader.read(listCalls, args)
      : await reader.read(listCountedCalls, { ...args, counting });
  return {
    calls: calls.map(shapeCall),
    searched: shapeSearched(searched),
    keptFrom: isoOrNull(keptFrom),
    ...page,
  };
}

/** What the list of attempts is made of. */
export type CallsDeps = Pick<ControlCommands, 'reader' | 'sla'>;

/**
 * Lists the sidecar's own refusals, also those of observe mode that were not carried out, newest first.
 * @throws SidecarError `bad_usage` on a filter of calls that were sent.
 */
export async function answerRefusals({ reader }: CallsDeps, query: CallsQuery): Promise<RefusalsAnswer> {
  const { kind, task, failed, outcome, code, counted, reading, blame, month, ...rest } = query;
  refuse({ task, failed, outcome, code, counted, reading, blame, month }, 'kind=sent');
  const { limit, cursor = null, ...asked } = rest;
  const filters = { ...asked, wouldOnly: kind === 'would-refuse' };
  const { refusals, ...page } = await reader.read(listRefusals, { limit, cursor, ...given(filters) });
  return { calls: refusals.map(shapeRefusal), ...page };
}

/** Refuses the filters that a kind of calls does not have. */
function refuse(filters: Readonly<Record<string, unknown>>, kind: string): void {
  const name = Object.keys(filters).find((each) => filters[each] !== undefined);
  if (name === undefined) return;
  throw new SidecarError('bad_usage', `"${name}" is a filter of ${kind}; leave it out.`);
}

/** The span of route sums, if the question names none. */
const HOUR_MS: Ms = 3_600_000;

/** Sums calls by route: those from `from` to `to`, or of the last hour before it. */
export async function answerRoutes(
  reader: Pick<Store, 'read'>,
  query: RoutesQuery,
  now: Ms,
): Promise<RoutesAnswer> {
  const to = query.to ?? now + 1;
  const from = query.from ?? to - HOUR_MS;
  const { routes, summedFrom } = await reader.read(sumRoutes, { from, to });
  return { from: iso(from), to: iso(to), summedFrom: isoOrNull(summedFrom), routes };
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
