/**
 * Sends a reserved create: once, and a second time only if Kling's answer proves that the first made nothing.
 *
 * **Invariant**: bytes leave on the line that the hold names. Before the received bytes are sent without our external task id, the
 * id is removed from the hold: Kling never gets it, so a look-up that does not find it would prove nothing.
 */
import { refusesExternalId } from '../kling/envelope.ts';
import { dropExternalId } from '../ledger/drop-external-id.ts';
import type { Exchange } from '../upstream/upstream.ts';
import { SEND_MS_MIN } from './caller.ts';
import { lacksTime, leftMs, type CreateDeps, type CreateRequest } from './create-request.ts';
import type { Reserved } from './reserve.ts';

/** A create that was sent, with its answer. */
export interface Sent {
  readonly reserved: Reserved;
  readonly exchange: Exchange;
  /** The id in the bytes that were sent last. */
  readonly externalTaskId: string | null;
}

/** Sends a create and reads its answer; if Kling refuses the field of the added id, sends it once more without the id. */
export async function send(deps: CreateDeps, create: CreateRequest, reserved: Reserved): Promise<Sent> {
  const { bytes, original, externalTaskId } = reserved.prepared;
  const exchange = await exchangeOnce(deps, create, { reserved, body: bytes, firstAttempt: 1 });
  const sent = { reserved, exchange, externalTaskId };
  if (original === null || !isFieldRefused(exchange)) return sent;
  deps.injection.stop(create.route.template);
  if (lacksTime(deps, create) || !(await isIdDropped(deps, reserved))) return sent;
  deps.telemetry.retried('external_task_id_refused');
  const firstAttempt = exchange.calls.length + 1;
  const second = await exchangeOnce(deps, create, { reserved, body: original(), firstAttempt });
  return {
    reserved,
    exchange: {
      ...second,
      calls: [...exchange.calls, ...second.calls],
      upstreamMs: exchange.upstreamMs + second.upstreamMs,
    },
    externalTaskId: null,
  };
}

function isFieldRefused({ answer }: Exchange): boolean {
  return answer !== null && refusesExternalId(answer.status, answer.envelope);
}

/** Removes the id from the hold; false if that is not durable: then nothing more is sent. */
async function isIdDropped({ store }: CreateDeps, { hold }: Reserved): Promise<boolean> {
  if (hold === null) return true;
  try {
    await store.write(dropExternalId, { holdId: hold.holdId });
    return true;
  } catch {
    return false;
  }
}

function exchangeOnce(
  deps: CreateDeps,
  create: CreateRequest,
  { reserved, body, firstAttempt }: { reserved: Reserved; body: Uint8Array; firstAttempt: number },
): Promise<Exchange> {
  const { frame, caller, requestId, route, settings } = create;
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
      firstAttempt,
      timeoutMs: settings.upstreamTimeoutMs,
      deadlineMs: leftMs(deps, create),
      repeatMsMin: settings.mode === 'protect' ? SEND_MS_MIN : 0,
      trace: create.trace,
    },
  );
}
