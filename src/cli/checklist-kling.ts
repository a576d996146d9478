/**
 * Kling's answer to the present credentials, by free reads only.
 *
 * If a sidecar runs, the read goes through its data plane, like an app's read: the sidecar signs and records it. Else it goes to
 * the configured upstream with the present credentials, and nothing is recorded.
 *
 * **Invariant**: one request, `GET /account/costs`, which costs nothing; of Kling's answer only its code, its message and its
 * packs are shown.
 */
import type { Pack } from '../account/account.ts';
import { openLine } from '../app/upstream.ts';
import { COSTS_ROUTE, costsPath, readPacks } from '../kling/account.ts';
import { readEnvelope, type Envelope } from '../kling/envelope.ts';
import type { Credentials } from '../kling/token.ts';
import { createAsk } from '../upstream/ask.ts';
import { Upstream } from '../upstream/upstream.ts';
import type { Ms } from '../units.ts';
import type { Context } from './context.ts';
import { openDataPlaneClient } from './data-plane-client.ts';

export type KlingSeen =
  | {
      kind: 'answered';
      by: 'sidecar' | 'direct';
      /** Of Kling's envelope; 0 is a success. */
      code: number;
      message: string;
      packs: readonly Pack[];
      /** Kling's clock less ours; null if its answer shows no time. */
      offsetMs: Ms | null;
    }
  /** No request was sent, or no answer of Kling's came: the reason, and whether something failed. */
  | { kind: 'unknown'; why: string; isFailure: boolean };

/** Makes the value for the case without a request. */
export function notAsked(why: string): KlingSeen {
  return { kind: 'unknown', why, isFailure: false };
}

function noAnswer(why: string): KlingSeen {
  return { kind: 'unknown', why, isFailure: true };
}

const DAY_MS = 86_400_000;
const PACKS_BACK_MS = 400 * DAY_MS;
/** The longest wait for the answer. */
const ANSWER_MS_MAX: Ms = 20_000;

/** Asks Kling for the account's packs. */
export async function askKling(
  context: Context,
  { runs, credentials }: { runs: boolean; credentials: Credentials | null },
): Promise<KlingSeen> {
  if (runs) return await askThroughSidecar(context);
  if (credentials === null)
    return notAsked('No sidecar runs, and there are no credentials here to ask with.');
  return await askDirectly(context, credentials);
}

function target({ terminal }: Context): string {
  const at = terminal.clock.now();
  return costsPath(at - PACKS_BACK_MS, at);
}

async function askThroughSidecar(context: Context): Promise<KlingSeen> {
  try {
    const plane = openDataPlaneClient(context);
    const answer = await plane.ask({ method: 'GET', path: target(context) });
    const envelope = readEnvelope(answer.bytes);
    const word = answer.headers['x-kling-sidecar'];
    if (word === undefined)
      return seenIn(envelope, {
        by: 'sidecar',
        status: answer.status,
        offsetMs: offsetOf(context, answer.headers['date']),
      });
    return noAnswer(`The sidecar answered ${word}: ${envelope?.message ?? 'without a message'}`);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    return noAnswer(`The sidecar’s data plane could not be asked: ${code ?? message}.`);
  }
}

function offsetOf({ terminal }: Context, date: string | undefined): Ms | null {
  const at = Date.parse(date ?? '');
  return Number.isNaN(at) ? null : at - terminal.clock.now();
}

async function askDirectly(context: Context, kling: Credentials): Promise<KlingSeen> {
  const { clock } = context.terminal;
  const { config } = context.loaded();
  let upstream: Upstream;
  try {
    upstream = new Upstream({ clock, ...openLine({ config, kling }, { clock }) });
  } catch (error) {
    return noAnswer(`upstream.caFile cannot be read: ${(error as Error).message}.`);
  }
  try {
    // There is no journal here.
    const ask = createAsk({ upstream, clock, journal: () => undefined });
    const { answer, failure } = await ask({
      path: target(context),
      route: COSTS_ROUTE,
      deadlineMs: ANSWER_MS_MAX,
    });
    if (!answer) {
      const why = failure === null ? 'no answer' : `${failure.errorClass}: ${failure.cause ?? 'no cause'}`;
      return noAnswer(`Kling could not be reached (${why}).`);
    }
    return seenIn(answer.envelope, {
      by: 'direct',
      status: answer.status,
      offsetMs: upstream.klingClock.offsetMs,
    });
  } finally {
    await upstream.end();
  }
}

function seenIn(
  envelope: Envelope | null,
  { by, status, offsetMs }: { by: 'sidecar' | 'direct'; status: number; offsetMs: Ms | null },
): KlingSeen {
  if (envelope === null || envelope.code === null) {
    return noAnswer(`Something answered HTTP ${status} without Kling’s envelope.`);
  }
  const read = readPacks(envelope);
  const packs = 'ok' in read ? read.ok : [];
  return { kind: 'answered', by, code: envelope.code, message: envelope.message ?? '', packs, offsetMs };
}
