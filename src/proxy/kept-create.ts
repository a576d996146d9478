/**
 * Sends a create that no caller waits for: the next create of a task that failed.
 *
 * It passes the same steps as a create of its app, from its body on: price, rules, stops and breaker, slots, budgets, freeze, the
 * hold, the send, the look-ups. It differs in two points. Its external task id follows from the first create and the number, and it
 * neither repeats nor joins another create. Its answer goes nowhere: the ledger has its end.
 *
 * **Invariant**: one kept create makes one hold: the admission takes the waiting chain in the transaction of the hold.
 */
import { SidecarError } from '../errors.ts';
import { newId } from '../ids.ts';
import { UNKNOWN_CREATE } from '../kling/routes.ts';
import type { KeptCreate } from '../tasks/retry-table.ts';
import { HEADROOM_BYTES, type BodyBuffer } from './body.ts';
import { noRoom, type BodyPlace } from './body-room.ts';
import { SEND_MS_MIN, type Caller } from './caller.ts';
import type { CreateDeps, CreateRequest } from './create-request.ts';
import { handleCreate } from './create.ts';
import type { ProxySettings } from './settings.ts';

/**
 * Makes and sends the next create of a chain; resolves when it has its answer, or is in doubt.
 * @throws SidecarError a refusal of ours: `unknown_app` if its app is no longer configured, else as any create's; `already_resolved`
 *   if the chain does not wait for it.
 */
export async function sendKept(deps: CreateDeps, settings: ProxySettings, kept: KeptCreate): Promise<void> {
  const gone = new AbortController();
  const startedTick = deps.clock.monotonic();
  const create = createOf(deps, settings, { kept, gone: gone.signal, startedTick });
  const { trace, deadlineTick } = create;
  const waitMsMax = deadlineTick - startedTick - SEND_MS_MIN;
  const place = deps.bodyRoom.place({
    bytesTotal: settings.bodiesBytesTotal,
    waitMsMax,
    signal: gone.signal,
  });
  try {
    await handleCreate(deps, create, bufferOf(kept.body, place));
    trace?.end();
  } catch (error) {
    trace?.end(error instanceof SidecarError ? error.code : 'failed');
    throw error;
  } finally {
    place.release();
  }
}

function createOf(
  { clock, telemetry }: CreateDeps,
  settings: ProxySettings,
  { kept, gone, startedTick }: { kept: KeptCreate; gone: AbortSignal; startedTick: number },
): CreateRequest {
  const { path, firstHoldId, number } = kept;
  const caller = callerOf(settings, kept);
  const found = settings.routes.find('POST', path);
  const route = found.kind === 'match' && found.route.kind === 'create' ? found.route : UNKNOWN_CREATE;
  const headers = new Map([['content-type', 'application/json']]);
  const asked = { method: 'POST', route: route.template, path, headers, startedTick };
  const trace = telemetry.tracing?.request(asked) ?? null;
  return {
    requestId: newId('req', clock.now()),
    settings,
    frame: { method: 'POST', origin: null, headers, forward: [...headers].flat() },
    caller,
    route,
    retry: { firstHoldId, number },
    trace,
    traceIds: trace,
    path,
    startedTick,
    deadlineTick: startedTick + settings.deadlineMs,
    gone,
    unpricedCredits: settings.unknownRoute === 'pass' ? 0 : settings.unknownRouteCredits,
    // Nothing is made again in `observe` mode.
    noteWouldRefuse: () => undefined,
    noteWouldEdit: () => undefined,
    answer: () => undefined,
    progress: { prepared: null, isSent: false, watch: null },
  };
}

/** The caller of the first create, by the present settings of its app. */
function callerOf({ identify, apps }: ProxySettings, { app, tag, expectedSeconds }: KeptCreate): Caller {
  const settings = apps.get(app) ?? null;
  if (identify !== null && settings === null)
    throw new SidecarError('unknown_app', `The app ${app} of this create is no longer configured.`);
  return { app, settings, tag, expectedSeconds, timeoutMs: null, idempotencyKey: null };
}

/** Gives a kept body the form in which a received one is, in the room of all bodies. */
async function bufferOf(body: Uint8Array, place: BodyPlace): Promise<BodyBuffer> {
  const isGiven = place.growTo(body.length);
  if (isGiven !== true && !(await isGiven)) throw noRoom();
  const end = HEADROOM_BYTES + body.length;
  const buffer = Buffer.allocUnsafe(end);
  buffer.set(body, HEADROOM_BYTES);
  return { buffer, start: HEADROOM_BYTES, end };
}
