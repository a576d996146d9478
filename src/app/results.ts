/** Wires the keeping of results, and the connections that the upstream gives. */
import { ResultAsks, type ResultAsksDeps } from '../asking/result-asks.ts';
import type { Config } from '../config/config.ts';
import type { Fact } from '../facts.ts';
import { isLoopback } from '../listen.ts';
import { KeptResults } from '../results/kept-results.ts';
import type { ResultStore } from '../results/result-store.ts';
import type { Store } from '../store/store.ts';
import type { Telemetry } from '../telemetry/telemetry.ts';

export interface ResultsDeps extends Omit<ResultAsksDeps, 'isOn' | 'onRenewed' | 'store'> {
  store: Store;
  config: () => Config;
  /** Where new files go. */
  destination: ResultStore;
  telemetry: Pick<Telemetry, 'resultTried'>;
}

/** The parts that keep results, as one. */
export interface AppResults {
  keeper: KeptResults;
  start(): void;
  follow(facts: readonly Fact[]): void;
  applyConfig(): void;
  /** Asks and downloads what is due, and waits for it. */
  runDue(): Promise<void>;
  stop(): Promise<void>;
}

/** Makes the parts that keep results; nothing is read or written before they are started. */
export function openResults(deps: ResultsDeps): AppResults {
  const { config } = deps;
  const keeper = openKeeper(deps);
  const isOn = (): boolean => config().results.keep;
  const asks = new ResultAsks({ ...deps, isOn, onRenewed: () => keeper.wake() });
  return {
    keeper,
    start() {
      keeper.start();
      asks.start();
    },
    follow(facts) {
      keeper.follow(facts);
      asks.follow(facts);
    },
    applyConfig() {
      keeper.wake();
      asks.start();
    },
    async runDue() {
      await asks.runDue();
      await keeper.runDue();
    },
    stop: async () => void (await Promise.all([asks.stop(), keeper.stop()])),
  };
}

function openKeeper({ config, telemetry, ...deps }: ResultsDeps): KeptResults {
  return new KeptResults({
    ...deps,
    config: () => config().results,
    reach: () => {
      const { baseUrl, proxy, caFile } = config().upstream;
      return { mayUseLoopback: isHere(baseUrl), proxy, caFile };
    },
    onTry: ({ file, ...rest }) => telemetry.resultTried({ ...file, ...rest }),
  });
}

/** Returns whether an upstream is this machine, as the emulator is. */
function isHere(baseUrl: string): boolean {
  return isLoopback(new URL(baseUrl).hostname.replace(/[[\]]/g, ''));
}
