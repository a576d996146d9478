/** The stops and the breaker of the running app: made, logged once for each change, and the stops of an earlier run. */
import type { OperationWord } from '../words.ts';
import { codeInfo } from '../kling/codes.ts';
import type { RouteTable } from '../kling/routes.ts';
import { accountRefusals } from '../ledger/account-refusals.ts';
import { readUsedKeys } from '../ledger/used-keys.ts';
import type { Clock } from '../clock.ts';
import type { Config } from '../config/config.ts';
import { Breaker, type BreakerListener } from '../pacing/breaker.ts';
import { Stops, type EarlierRefusal, type StopListener, type StopState } from '../pacing/stops.ts';
import type { Store } from '../store/store.ts';
import type { Log } from '../telemetry/log.ts';
import type { Ms } from '../units.ts';
import type { Line } from '../upstream/line.ts';
import type { Upstream } from '../upstream/upstream.ts';

/** An older refusal without a later one may be over; the alert for refusals looks back as far. */
const SPAN_MS: Ms = 86_400_000;

/** What refuses creates because of what Kling did to the creates before them. */
export interface Gates {
  stops: Stops;
  breaker: Breaker;
}

/** Makes stops and breaker; the breaker follows the ends of all attempts. */
export function openGates(
  { clock, log, config }: { clock: Clock; log: Log; config: () => Config },
  upstream: Upstream,
): Gates {
  const failuresMin = (): number | null => config().breaker?.failures ?? null;
  const breaker = new Breaker({ clock, failuresMin, listener: breakerReports(log) });
  upstream.onEnd = (end) => (end.kind === 'create' ? breaker.noteCreate(end) : breaker.noteRead(end));
  return { stops: new Stops(clock, stopReports(log)), breaker };
}

/** Logs the begin and the end of each stop. */
function stopReports(log: Log): StopListener {
  const scopeOf = ({ code, product, operation, model }: StopState) => ({ code, product, operation, model });
  return {
    onBegin(stop) {
      log.warn('Kling refuses creates until something changes at Kling; one is sent every 30 s', {
        event: 'stop_began',
        ...scopeOf(stop),
        klingMessage: stop.message.slice(0, 200),
        advice: codeInfo(stop.code)?.advice,
      });
    },
    onEnd: (stop) => log.info('Kling takes these creates again', { event: 'stop_ended', ...scopeOf(stop) }),
  };
}

/** Logs each change of the breaker. */
function breakerReports(log: Log): BreakerListener {
  return {
    onOpen({ failures, cause }) {
      const message = 'creates fail at Kling: they are refused at once, and one is sent every 30 s';
      log.warn(message, { event: 'breaker_opened', failures, cause });
    },
    onClose: (openMs) => log.info('Kling takes creates again', { event: 'breaker_closed', openMs }),
  };
}

/**
 * Reads the refusals for the account that lasted when the last run ended; none if that run had another key or host. Call it
 * before the present key is noted.
 */
export async function earlierRefusals(
  store: Store,
  { line, routes, at }: { line: Pick<Line, 'host' | 'fingerprint'>; routes: RouteTable; at: Ms },
): Promise<EarlierRefusal[]> {
  const [last] = await store.read(readUsedKeys, undefined);
  if (last?.host !== line.host || last.fingerprint !== line.fingerprint) return [];
  const refusals = await store.read(accountRefusals, { from: at - SPAN_MS, at });
  const operationOf = (route: string | null): OperationWord | null =>
    route === null ? null : (routes.byTemplate(route)?.operation ?? 'unknown');
  return refusals.map(({ route, calls: _calls, ...refusal }) => ({
    ...refusal,
    operation: operationOf(route),
  }));
}
