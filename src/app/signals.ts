/** Gathers the state of the running process, and the settings, for the rules of alerts. */
import type { AppCallbacks } from './callbacks.ts';
import { statfs } from 'node:fs/promises';
import path from 'node:path';
import type { LookConfig } from '../alerts/rule.ts';
import type { Signals } from '../alerts/signals.ts';
import type { StoreWatch } from '../store/store-watch.ts';
import type { Clock } from '../clock.ts';
import type { Config } from '../config/config.ts';
import type { Breaker } from '../pacing/breaker.ts';
import type { Slots } from '../pacing/slots.ts';
import type { PolledTasks } from '../asking/polled-tasks.ts';
import { monthQuestion } from '../sla/month-question.ts';
import type { StuckLimits } from '../tasks/stuck-limits.ts';
import type { KeptResults } from '../results/kept-results.ts';
import type { Store } from '../store/store.ts';
import type { BudgetForecast } from '../telemetry/forecast.ts';
import type { Ms } from '../units.ts';
import type { ClockTrust } from '../upstream/clock-trust.ts';
import type { Upstream } from '../upstream/upstream.ts';

export interface SignalDeps {
  store: Pick<Store, 'stats'>;
  clock: Clock;
  config: () => Config;
  upstream: Pick<Upstream, 'health'>;
  clockTrust: Pick<ClockTrust, 'isTrusted' | 'offsetMs'>;
  slots: Pick<Slots, 'pools'>;
  breaker: Pick<Breaker, 'state'>;
  results: { keeper: Pick<KeptResults, 'noRoom' | 'use'> };
  storeWatch: Pick<StoreWatch, 'look'>;
  polledTasks: Pick<PolledTasks, 'often'>;
  budgetForecast: BudgetForecast;
  callbacks: Pick<AppCallbacks, 'unsignedInHour'> | null;
  isStoreWritable: () => boolean;
}

export class AppSignals {
  readonly #deps: SignalDeps;
  #disk: Signals['disk'] = null;
  #untrustedSince: Ms | null = null;

  constructor(deps: SignalDeps) {
    this.#deps = deps;
  }

  /** Asks for what takes time: how full the store's disk is. Never rejects. */
  async refresh(): Promise<void> {
    const folder = path.dirname(this.#deps.config().store.path);
    // A file system without this data counts as unknown.
    const found = await statfs(folder).catch(() => null);
    this.#disk = found && { freeBytes: found.bavail * found.bsize, totalBytes: found.blocks * found.bsize };
  }

  /** Gives the present state. */
  read(): Signals {
    const { store, config, upstream, slots, breaker, isStoreWritable } = this.#deps;
    const { storeWatch, polledTasks, budgetForecast } = this.#deps;
    const { limits, alerts } = config();
    const { credentials, failing } = upstream.health;
    const { threshold } = alerts.settings.rules.poll_loop;
    return {
      credentials: credentials === 'accepted' ? null : credentials,
      clock: this.#clock(),
      budgetForecast,
      upstreamDown: failing,
      breaker: breaker.state(),
      pools: slots.pools().map((pool) => ({ ...pool, queueMax: limits.queueLengthMax })),
      polledTasks: threshold === null ? [] : polledTasks.often(threshold),
      results: this.#results(),
      unsignedCallbacks: this.#deps.callbacks?.unsignedInHour ?? 0,
      isStoreWritable: isStoreWritable(),
      storeLost: storeWatch.look(),
      walBytes: store.stats().walBytes,
      disk: this.#disk,
    };
  }

  #results(): Signals['results'] {
    const { config, results } = this.#deps;
    const { noRoom, use } = results.keeper;
    return config().results.keep ? { noRoom, ...use } : null;
  }

  #clock(): Signals['clock'] {
    const { clock, clockTrust } = this.#deps;
    const { isTrusted, offsetMs } = clockTrust;
    if (isTrusted) {
      this.#untrustedSince = null;
      return offsetMs === null ? 'unknown' : null;
    }
    this.#untrustedSince ??= clock.now();
    return { offsetMs, since: this.#untrustedSince };
  }
}

/** Gives the settings that rules need. */
export function lookConfig(config: Config, stuck: StuckLimits): LookConfig {
  const { month: _, now: __, ...sla } = monthQuestion(config, '', 0);
  return { sla, stuck, price: config.price };
}
