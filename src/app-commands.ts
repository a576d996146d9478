/** What the control plane may order and ask: the running app behind the plane's interface. */
import { hostOf, stopOnOrder } from './app-orders.ts';
import { claimCommands, slaCommands } from './app-sla-commands.ts';
import type { Clock } from './clock.ts';
import type { Config } from './config/config.ts';
import type { AppHost, ControlCommands, LiveStatus } from './control/commands.ts';
import { createPriceOne } from './control/price-one.ts';
import type { Fact } from './facts.ts';
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
  /** The process around the app; null in the demo and in tests. */
  host: AppHost | null;
  store: Store;
  upstream: Upstream;
  clockTrust: ClockTrust;
  slots: Slots;
  config: () => Config;
  settings: () => ProxySettings;
  readiness: () => { ready: boolean; reasons: string[] };
  wouldHave: ReadonlyMap<string, number>;
  publish: (facts: readonly Fact[]) => void;
}

/** Makes the commands of a running app. */
export function controlCommands(deps: CommandsDeps): ControlCommands {
  const { store, clock } = deps;
  const at = (): number => clock.now();
  const sla = { clock, config: deps.config, reader: store, writer: store, publish: deps.publish };
  return {
    reader: store,
    now: at,
    get stuckAfterMs() {
      return deps.config().tasks.stuckAfterMs;
    },
    status: () => liveStatus(deps),
    readiness: deps.readiness,
    price: createPriceOne(deps.settings),
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
    reload: async (order) => await hostOf(deps.host).reload(order),
    async stop(order) {
      await stopOnOrder(deps, order);
      return { pid: process.pid, drainMs: deps.config().listen.drainMs };
    },
    sla: slaCommands(sla),
    claims: claimCommands(sla),
  };
}

function liveStatus(deps: CommandsDeps): LiveStatus {
  const config = deps.config();
  return {
    version: deps.version,
    mode: config.mode,
    environment: config.environment,
    upstream: config.upstream.baseUrl,
    pid: process.pid,
    uptimeSeconds: Math.floor((deps.clock.monotonic() - deps.startedTick) / 1000),
    pools: deps.slots.pools(),
    breaker: null,
    clockOffsetMs: deps.upstream.clockOffsetMs,
    store: deps.store.stats(),
    wouldHave: [...deps.wouldHave].map(([word, count]) => ({ word, count })),
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
