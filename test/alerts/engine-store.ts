/** An engine over SQLite in memory and a clock that is moved by hand, for tests that need no threads. */
import { alertOverview, type AlertOverview } from '../../src/alerts/alert-overview.ts';
import { Alerting, type AlertingDeps } from '../../src/alerts/alerting.ts';
import type { AlertKey, Finding } from '../../src/alerts/alert.ts';
import type { Channel } from '../../src/alerts/channel.ts';
import type { AlertSettings } from '../../src/alerts/settings.ts';
import { createManualClock, nextTurn, type ManualClock } from '../../src/clock.ts';
import { storeModules } from '../../src/app/store-operations.ts';
import type { Store } from '../../src/store/store.ts';
import type { Ms } from '../../src/units.ts';
import { createMemoryStore, type MemoryStore } from '../ledger/memory-store.ts';
import { afterTest } from '../store/test-store.ts';
import { compose, findings, NOON, settings } from './engine-making.ts';

/** Lets senders ask the store what is due. */
async function turns(): Promise<void> {
  for (let i = 0; i < 3; i += 1) await nextTurn();
}

export interface Engine {
  memory: MemoryStore;
  clock: ManualClock;
  alerting: Alerting;
  /** May be replaced, as by a reload. */
  settings: AlertSettings;
  channels: Channel[];
  /** Errors that nobody caught. */
  errors: string[];
  /** `rule channel result`, in order. */
  results: string[];
  /** Takes findings; channels were woken when it is done. */
  take(found?: readonly Finding[], over?: readonly AlertKey[], factId?: number): Promise<void>;
  /** Moves the clock in steps, with all that is due sent before each. */
  pass(ms: Ms, stepMs?: Ms): Promise<void>;
  overview(): Promise<AlertOverview>;
  /** Another engine over the same store, as after a restart; the first one is left as it is. */
  restart(): Alerting;
}

/** Opens an engine with channels of those names, which is closed after the test. */
export function openEngine(channels: Channel[], over: Partial<AlertingDeps> = {}): Engine {
  const memory = createMemoryStore(storeModules);
  const clock = createManualClock(NOON);
  const store: Pick<Store, 'read' | 'write'> = { read: memory.run, write: memory.run };
  const make = (): Alerting =>
    new Alerting({
      store,
      clock,
      channels: () => engine.channels,
      settings: () => engine.settings,
      compose,
      onError: (message) => void engine.errors.push(message),
      onResult: (rule, channel, result) => void engine.results.push(`${rule} ${channel} ${result}`),
      random: () => 0.5,
      ...over,
    });
  const engine: Engine = {
    memory,
    clock,
    alerting: undefined as unknown as Alerting,
    settings: settings(channels.map(({ name }) => name)),
    channels,
    errors: [],
    results: [],
    async take(found, ended, factId) {
      await engine.alerting.take(findings(found, ended), factId);
      await turns();
    },
    async pass(ms, stepMs = 1_000) {
      await engine.alerting.settled();
      for (let moved = 0; moved < ms; moved += stepMs) {
        await clock.advance(Math.min(stepMs, ms - moved));
        await engine.alerting.settled();
      }
    },
    overview: () => memory.run(alertOverview, { at: clock.now(), limit: 100 }),
    restart() {
      engine.alerting = make();
      engine.alerting.wake();
      return engine.alerting;
    },
  };
  engine.alerting = make();
  afterTest(async () => {
    const stopped = engine.alerting.stop();
    // An attempt that a test left without an answer ends by its time limit.
    await clock.advance(60_000);
    await stopped;
    await engine.alerting.settled();
    memory.close();
  });
  return engine;
}
