/**
 * What is recorded of a read's attempt: in the journal, the metrics, the trace and the health of the upstream.
 *
 * **Invariant**: each attempt is recorded once, also one that its caller gave up.
 */
import type { CallRecord } from '../calls/call.ts';
import type { Envelope } from '../kling/envelope.ts';
import type { AttemptSpan } from '../telemetry/tracing.ts';
import type { Ms } from '../units.ts';
import type { AnswerHead, AttemptFailure, OutboundRequest } from '../upstream/attempt.ts';
import type { Line } from '../upstream/line.ts';
import type { CreateDeps } from './create-request.ts';
import { mayRepeat } from './read-again.ts';
import type { ReadRequest } from './read-request.ts';
import { overheadOf } from './reply.ts';

export interface ReadRecordDeps extends Pick<CreateDeps, 'clock' | 'upstream' | 'telemetry' | 'slots'> {
  journal: (call: CallRecord) => void;
}

/** An attempt that has ended. */
export interface EndedRead {
  outbound: OutboundRequest;
  line: Line;
  span: AttemptSpan | null;
  head: AnswerHead | null;
  envelope: Envelope | null;
  failure: AttemptFailure | null;
  /** Whether the caller went away, or the read is sent again though Kling answered. */
  end: 'aborted' | 'repeated' | null;
  attempt: number;
  bytesReceived: number;
  startedAt: Ms;
  sentTick: Ms;
  /** 0 if no answer began. */
  headTick: Ms;
  /** The time of earlier attempts and of the waits after them, which is not ours. */
  earlierMs: Ms;
}

/** Names the route in the journal. */
export function routeOf({ route }: ReadRequest): string {
  return route?.template ?? 'unmatched';
}

/** Records an attempt that has ended. */
export function recordRead(deps: ReadRecordDeps, read: ReadRequest, ended: EndedRead): void {
  const { clock, upstream, telemetry, journal } = deps;
  const { requestId, caller, startedTick, response, traceIds } = read;
  const { outbound, line, head, envelope, failure, startedAt, attempt, sentTick, headTick } = ended;
  const isAborted = ended.end === 'aborted';
  if (!isAborted) {
    const mayBeCured = attempt === 1;
    upstream.noteEnd(
      { path: outbound.path, kind: 'read', head, envelope, failure, startedAt },
      { line, mayBeCured },
    );
  }
  const endedTick = clock.monotonic();
  const answeredTick = headTick === 0 ? endedTick : headTick;
  const upstreamMs = ended.earlierMs + answeredTick - sentTick;
  const totalMs = answeredTick - startedTick;
  const call = upstream.record(
    {
      requestId,
      app: caller.app,
      tag: caller.tag,
      route: routeOf(read),
      holdId: null,
      origin: 'app',
      overheadMs: overheadOf({ upstreamMs, queueMs: 0, totalMs }),
    },
    outbound,
    {
      line,
      head,
      envelope,
      failure,
      bytesReceived: ended.bytesReceived,
      isAborted,
      startedAt,
      durationMs: endedTick - sentTick,
      attempt,
    },
  );
  ended.span?.end(call);
  journal(call);
  const isAnswered = response.headersSent || response.destroyed;
  const isRetried = failure !== null && !isAnswered && mayRepeat(deps, read, { failure, attempt });
  telemetry.callEnded(call, { trace: traceIds, isRepeated: ended.end === 'repeated' || isRetried });
}
