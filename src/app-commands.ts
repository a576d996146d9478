/** What the control plane may order and ask: the running app behind the plane's interface. */
import type { Clock } from './clock.ts';
import type { Config } from './config/config.ts';
import type { ControlCommands, LiveStatus } from './control/commands.ts';
import type { PricedRequest, PriceOne } from './control/estimate.ts';
import { SidecarError } from './errors.ts';
import type { Fact } from './facts.ts';
import { cheaperStandard, priceCreate } from './kling/price.ts';
import { UNKNOWN_CREATE } from './kling/routes.ts';
import { scanBody } from './kling/strict-json.ts';
import { raiseBudget } from './budget/budget-table.ts';
import { recordOrder } from './ledger/audit.ts';
import { freeze, unfreeze } from './ledger/freeze.ts';
import { resolveHold } from './ledger/resolve.ts';
import type { Slots } from './pacing/slots.ts';
import type { ProxySettings } from './proxy/settings.ts';
import type { Store } from './store/store.ts';
import type { ClockTrust } from './upstream/clock-trust.ts';
import type { Upstream } from './upstream/upstream.ts';

export interface CommandsDeps {
  version: string;
  clock: Clock;
  startedTick: number;
  store: Store;
  upstream: Upstream;
  clockTrust: ClockTrust;
  slots: Slots;
  config: () => Config;
  settings: () => ProxySettings;
  readiness: () => { ready: boolean; reasons: string[] };
  wouldHave: ReadonlyMap<string, number>;
  publish: (facts: Fact[]) => void;
}

/** Makes the commands of a running app. */
export function controlCommands(deps: CommandsDeps): ControlCommands {
  const { store, clock } = deps;
  const at = (): number => clock.now();
  return {
    reader: store,
    now: at,
    get stuckAfterMs() {
      return deps.config().tasks.stuckAfterMs;
    },
    status: () => liveStatus(deps),
    readiness: deps.readiness,
    price: priceOne(deps.settings),
    async freeze(order) {
      deps.publish((await store.write(freeze, { ...order, at: at() })).facts);
    },
    async unfreeze(order) {
      deps.publish((await store.write(unfreeze, { ...order, at: at() })).facts);
    },
    async resolveHold(holdId, action, order) {
      const resolved = await store.write(resolveHold, { holdId, action, ...order, at: at() });
      deps.publish(resolved.facts);
      return { state: resolved.state, credits: resolved.credits };
    },
    async raiseBudget(raise, order) {
      await store.write(raiseBudget, { ...raise, ...order, at: at() });
    },
    acceptClock: (order) => acceptClock(deps, order),
  };
}

function liveStatus(deps: CommandsDeps): LiveStatus {
  const config = deps.config();
  return {
    version: deps.version,
    mode: config.mode,
    environment: config.environment,
    upstream: config.upstream.baseUrl,
    uptimeSeconds: Math.floor((deps.clock.monotonic() - deps.startedTick) / 1000),
    pools: deps.slots.pools(),
    breaker: null,
    clockOffsetMs: deps.upstream.clockOffsetMs,
    store: deps.store.stats(),
    wouldHave: [...deps.wouldHave].map(([word, count]) => ({ word, count })),
  };
}

/** Prices one create as the data plane would, from its path and its body as a value. */
export function priceOne(settings: () => ProxySettings): PriceOne {
  return (request) => {
    const { routes, pricing, unknownRouteCredits, unknownRoute, maxCreditsEach } = settings();
    const bytes = Buffer.from(JSON.stringify(request.body));
    const found = routes.find('POST', request.path);
    const route = found.kind === 'match' ? found.route : UNKNOWN_CREATE;
    const unpriced = unknownRoute === 'pass' ? 0 : unknownRouteCredits;
    try {
      const body = scanBody(bytes);
      const input = { route, bytes, body, options: pricing, expectedSeconds: null };
      const price = priceCreate(input);
      const heldCredits = price.credits ?? unpriced;
      return {
        operation: price.operation,
        model: price.model,
        mode: price.mode,
        basis: price.basis,
        credits: price.basis === 'unknown' ? null : price.credits,
        heldCredits,
        heldCreditsIfStandard: Math.min(heldCredits, cheaperStandard(input).credits ?? heldCredits),
        refusal: refusalOf(
          price.basis === 'unknown' && unknownRoute === 'refuse',
          heldCredits,
          maxCreditsEach,
        ),
      };
    } catch (error) {
      if (!(error instanceof SidecarError)) throw error;
      return broken(route.operation, error.message);
    }
  };
}

function refusalOf(isUnpriced: boolean, heldCredits: number, maxCreditsEach: number | null): string | null {
  if (isUnpriced) return 'route_not_priced';
  return maxCreditsEach !== null && heldCredits > maxCreditsEach ? 'task_too_expensive' : null;
}

function broken(operation: PricedRequest['operation'], refusal: string): PricedRequest {
  return {
    operation,
    model: null,
    mode: null,
    basis: 'unknown',
    credits: null,
    heldCredits: 0,
    heldCreditsIfStandard: 0,
    refusal,
  };
}

async function acceptClock(
  deps: CommandsDeps,
  order: { actor: string; reason: string },
): Promise<{ clockOffsetMs: number }> {
  const clockOffsetMs = deps.clockTrust.accept();
  await deps.store.write(recordOrder, {
    at: deps.clock.now(),
    actor: order.actor,
    action: 'clock.accept',
    subject: 'clock',
    before: null,
    after: `offset ${clockOffsetMs} ms accepted`,
    reason: order.reason,
  });
  return { clockOffsetMs };
}
