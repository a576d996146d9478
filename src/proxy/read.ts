/**
 * Reads and free writes: relayed to Kling, and sent again where that may help.
 *
 * **Invariant**: the first try of a read waits only for its signature: not for money, the store, a slot or a freeze. What is
 * sent again, and when, is decided in `read-again.ts`.
 */
import type { OutboundRequest } from '../upstream/attempt.ts';
import { dropBody } from './body.ts';
import { answerCapped } from './capped-read.ts';
import { mayRepeat, noAnswerError, waitForAgain } from './read-again.ts';
import { readRoom, receiveBody } from './read-body.ts';
import type { ReadRequest } from './read-request.ts';
import { Relay, RESIGN, type ReadDeps } from './relay.ts';

/** Handles one read or free write; refusals are thrown as SidecarError before anything was answered. */
export async function handleRead(deps: ReadDeps, read: ReadRequest): Promise<void> {
  if (read.frame.method !== 'POST') {
    const dropping = dropBody(read.request);
    if (dropping !== null) await dropping;
    return answerCapped(deps, read) ? undefined : relay(deps, read, null);
  }
  const place = deps.bodyRoom.place(readRoom(read));
  try {
    await relay(deps, read, await receiveBody(read, place));
  } finally {
    place.release();
  }
}

/** Relays a read; sends it again if no answer had begun, or if Kling's answer may be another one soon. */
async function relay(deps: ReadDeps, read: ReadRequest, body: Uint8Array | null): Promise<void> {
  const { frame } = read;
  const outbound: OutboundRequest = {
    method: frame.method,
    path: read.target,
    headers: frame.forward,
    body,
  };
  let earlierMs = 0;
  for (let attempt = 1; ; attempt += 1) {
    const relayed = new Relay(deps, read, { attempt, earlierMs });
    const end = await relayed.run(outbound);
    if (end === null || read.response.destroyed) return;
    if (end === RESIGN) await deps.upstream.line.tokens.resign();
    else if ('waitMs' in end) {
      await waitForAgain(deps, read, end);
      if (read.response.destroyed) return;
      if (deps.slots.isClosed) return relayed.passHeldBack();
      deps.telemetry.retried(end.reason);
    } else {
      if (read.response.headersSent) return;
      if (!mayRepeat(deps, read, { failure: end, attempt })) throw noAnswerError(end);
      deps.telemetry.retried(end.errorClass);
    }
    earlierMs += deps.clock.monotonic() - relayed.sentTick;
  }
}
