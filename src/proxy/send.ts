/**
 * Sends a reserved create: one attempt, judged and noted. `send-again.ts` decides whether another one follows.
 *
 * **Invariant**: bytes leave on the line that the hold names.
 */
import type { LookedUp } from '../asking/doubt.ts';
import { askedMsOf } from '../upstream/headers.ts';
import type { Exchange } from '../upstream/upstream.ts';
import type { Ms } from '../units.ts';
import { SEND_MS_MIN } from './caller.ts';
import { leftMs, type CreateDeps, type CreateRequest } from './create-request.ts';
import { judge, type Verdict } from './judge.ts';
import { noteVerdict } from './note-verdict.ts';
import type { Reserved } from './reserve.ts';

/** What is sent, and what was sent before. */
export interface Sending {
  readonly reserved: Reserved;
  readonly body: Uint8Array;
  /** The id in `body`. */
  readonly externalTaskId: string | null;
  /** The attempts before this one. */
  readonly attempts: number;
  /** Time of Kling's before this attempt: earlier attempts, and the waits between them. */
  readonly upstreamMs: Ms;
  /** Whether an attempt before this one may have made a task; its hold is in doubt then. */
  readonly mayBeMade: boolean;
  /** The wait for the look-ups of the doubt that earlier attempts began; null without one. */
  readonly lookedUp: Promise<LookedUp> | null;
}

/** A create that was sent, with the answer to its last attempt. */
export interface Sent extends Sending {
  /** Its calls are the attempts that are not recorded yet. */
  readonly exchange: Exchange;
  readonly verdict: Verdict;
  /** The wait that the answer asked for, or null. */
  readonly retryAfterMs: Ms | null;
}

/** Sends a create once, and judges the answer. */
export async function sendOnce(deps: CreateDeps, create: CreateRequest, sending: Sending): Promise<Sent> {
  const { reserved, externalTaskId, mayBeMade } = sending;
  const exchange = await exchangeOnce(deps, create, sending);
  const { route, settings } = create;
  const verdict = judge(exchange, { route, externalTaskId, mayBeMade, price: settings.cashPrice });
  const retryAfterMs = exchange.head && askedMsOf(exchange.head.headers, deps.clock.now());
  noteVerdict(deps, create, { reserved, verdict, retryAfterMs });
  return {
    ...sending,
    exchange,
    verdict,
    retryAfterMs,
    attempts: sending.attempts + exchange.calls.length,
    upstreamMs: sending.upstreamMs + exchange.upstreamMs,
  };
}

function exchangeOnce(
  deps: CreateDeps,
  create: CreateRequest,
  { reserved, body, attempts }: Sending,
): Promise<Exchange> {
  const { frame, caller, requestId, route, settings } = create;
  const isObserving = settings.mode === 'observe';
  return deps.upstream.exchange(
    { method: 'POST', path: create.path, headers: frame.forward, body },
    {
      context: {
        requestId,
        app: caller.app,
        tag: caller.tag,
        route: route.template,
        holdId: reserved.hold?.holdId ?? null,
        origin: 'app',
        overheadMs: 0,
      },
      line: reserved.line,
      firstAttempt: attempts + 1,
      timeoutMs: settings.upstreamTimeoutMs,
      deadlineMs: leftMs(deps, create),
      repeatMsMin: isObserving ? 0 : settings.resendsCreates ? SEND_MS_MIN : Infinity,
      trace: create.trace,
    },
  );
}
