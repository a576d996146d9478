/**
 * Requests of the sidecar's own: polls, look-ups, reads of the account, looks at Kling's clock, probes.
 *
 * **Invariant**: each attempt is journalled once, with origin `sidecar`. Only what Kling takes no money for is asked here:
 * nothing asks for a hold first.
 */
import type { CallRecord } from '../calls/call.ts';
import type { Clock } from '../clock.ts';
import { newId } from '../ids.ts';
import type { LaterTraces } from '../telemetry/tracing.ts';
import type { Ms } from '../units.ts';
import type { Exchange, Upstream } from './upstream.ts';

export interface AskDeps {
  upstream: Upstream;
  clock: Clock;
  journal: (call: CallRecord) => void;
  /** Only where requests have a {@link OwnRequest.trace}. */
  traces?: LaterTraces;
}

/** A free request; a GET where it has no body. */
export interface OwnRequest {
  /** Path and query. */
  path: string;
  /** The path's template, for the journal and metrics. */
  route: string;
  /** JSON, sent by POST. */
  body?: string;
  /** The hold that it is about, where it is about one alone. */
  holdId?: string | null;
  tag?: string;
  /** From the last byte sent to the answer's headers; kept under `upstream.timeoutMs`, which is the default. */
  timeoutMs?: Ms;
  /** From now to the answer's last byte; twice the time-out by default. */
  deadlineMs?: Ms;
  /** The trace that it is, linked to the creates of its holds. */
  trace?: { name: 'poll' | 'look_up'; holdIds: readonly string[] };
}

/** What came of it: exactly one of answer and failure, and which upstream was asked. */
export type OwnAnswer = Pick<Exchange, 'answer' | 'failure' | 'line'>;

/** Asks Kling and journals the attempts. Rejects only where the request could not be signed. */
export type AskKling = (request: OwnRequest) => Promise<OwnAnswer>;

/** Makes the one function by which the sidecar asks Kling for itself. */
export function createAsk({ upstream, clock, journal, traces }: AskDeps): AskKling {
  return async ({ path, route, body, holdId = null, tag = null, trace, ...limits }) => {
    const span = trace === undefined || !traces ? null : await traces.begin(trace.name, trace.holdIds);
    const context = {
      requestId: newId('req', clock.now()),
      app: 'sidecar',
      tag,
      route,
      holdId,
      origin: 'sidecar',
      overheadMs: 0,
    } as const;
    try {
      const exchange = await upstream.exchange(outbound(path, body), { ...limits, context, trace: span });
      for (const call of exchange.calls) journal(call);
      return exchange;
    } finally {
      span?.end();
    }
  };
}

function outbound(path: string, body: string | undefined): Parameters<Upstream['exchange']>[0] {
  const headers = ['accept', 'application/json'];
  if (body === undefined) return { method: 'GET', path, headers, body: null };
  return {
    method: 'POST',
    path,
    headers: [...headers, 'content-type', 'application/json'],
    body: Buffer.from(body),
  };
}
