/**
 * The control plane's answers without a daemon: its own routes over the store, opened for reading alone.
 *
 * **Invariant**: takes no ownership and changes nothing; every order is refused as `daemon_required`.
 */
import type { Clock } from '../clock.ts';
import type { Config } from '../config/config.ts';
import { answerEstimate, type EstimateQuestion } from '../control/answers/estimate-answer.ts';
import { createApi } from '../control/api.ts';
import type { ControlCommands } from '../control/commands.ts';
import type { EstimateAnswer } from '../control/schemas.ts';
import { createPriceOne, type PriceRules } from '../control/price-one.ts';
import { SidecarError } from '../errors.ts';
import { routesWith } from '../kling/routes.ts';
import { openStoreReadOnly, type ReadOnlyStore } from '../store/read-only-store.ts';
import { createLog } from '../telemetry/log.ts';
import { packageVersion, type Ask, type Reply } from './control-client.ts';

/** The entry of the store's reading worker. */
export const STORE_READER = new URL('../store-reader.ts', import.meta.url);

export interface Offline {
  answer(ask: Ask): Promise<Reply>;
  /** The same as `POST /v1/estimate` without that request's limit in bytes. */
  estimate(question: Omit<EstimateQuestion, 'at'>): Promise<EstimateAnswer>;
  close(): Promise<void>;
}

/** Opens the store read-only. @throws SidecarError as {@link openStoreReadOnly} does. */
export async function openOffline(config: Config, clock: Clock): Promise<Offline> {
  const store = await openStoreReadOnly(config.store.path, { reader: STORE_READER, clock });
  const commands = offlineCommands(config, store, clock);
  const api = createApi({
    commands,
    telemetry: { metricsText: needsDaemon },
    version: packageVersion(),
    log: createLog({ level: 'silent', clock }),
  });
  return {
    async answer({ method, path, body }) {
      const json = body === undefined ? null : JSON.stringify(body);
      const headers = json === null ? {} : { 'content-type': 'application/json' };
      const request = new Request(`http://offline${path}`, { method, headers, body: json });
      const response = await api.fetch(request);
      return { status: response.status, body: await response.json() };
    },
    estimate: (question) => answerEstimate(store, commands.price, { ...question, at: clock.now() }),
    close: () => store.close(),
  };
}

function needsDaemon(): Promise<never> {
  return Promise.reject(
    new SidecarError('daemon_required', 'This needs a running sidecar: kling-sidecar start.'),
  );
}

function offlineCommands(config: Config, store: ReadOnlyStore, clock: Clock): ControlCommands {
  const rules = priceRules(config, clock);
  return {
    reader: store,
    now: () => clock.now(),
    stuckAfterMs: config.tasks.stuckAfterMs,
    status: () => ({
      version: packageVersion(),
      mode: config.mode,
      environment: config.environment,
      upstream: config.upstream.baseUrl,
      uptimeSeconds: 0,
      pools: [],
      breaker: null,
      clockOffsetMs: null,
      store: store.stats(),
      wouldHave: [],
    }),
    readiness: () => ({ ready: false, reasons: ['no sidecar is running'] }),
    price: createPriceOne(() => rules),
    freeze: needsDaemon,
    unfreeze: needsDaemon,
    resolveHold: needsDaemon,
    raiseBudget: needsDaemon,
    acceptClock: needsDaemon,
  };
}

function priceRules({ pricing, creates, listen }: Config, clock: Clock): PriceRules {
  const { unknownRoute, unknownRouteCredits, maxCreditsEach } = creates;
  return {
    routes: routesWith(pricing.overrides),
    pricing: { ...pricing, unknownRouteCredits, nowMs: clock.now() },
    unknownRoute,
    unknownRouteCredits,
    maxCreditsEach,
    stripPrefixes: listen.stripPrefixes,
  };
}
