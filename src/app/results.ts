/** Wires the keeping of results: its destination, and the connections that the upstream gives. */
import type { Clock } from '../clock.ts';
import type { Config } from '../config/config.ts';
import { isLoopback } from '../listen.ts';
import type { Ledger } from '../outbox/ledger.ts';
import { openFolderStore } from '../results/folder-store.ts';
import { KeptResults } from '../results/kept-results.ts';
import type { ResultStore } from '../results/result-store.ts';
import type { Store } from '../store/store.ts';
import type { Telemetry } from '../telemetry/telemetry.ts';

const GIB = 1_073_741_824;

export interface ResultsDeps {
  store: Store;
  ledger: Pick<Ledger, 'run'>;
  /** The clock by which money is dated. */
  clock: Clock;
  config: () => Config;
  telemetry: Pick<Telemetry, 'resultTried'>;
  onError: (message: string, error: unknown) => void;
}

/** Makes the keeper of results; nothing is read or written before it is started. */
export function openResults({ config, telemetry, ...deps }: ResultsDeps): KeptResults {
  return new KeptResults({
    ...deps,
    config: () => config().results,
    destination: openDestination(config),
    reach: () => {
      const { baseUrl, proxy, caFile } = config().upstream;
      return { mayUseLoopback: isHere(baseUrl), proxy, caFile };
    },
    onTry: ({ file, ...rest }) => telemetry.resultTried({ ...file, ...rest }),
  });
}

function openDestination(config: () => Config): ResultStore {
  return openFolderStore({
    dir: config().results.dir,
    freeBytesMin: () => config().results.freeGiBMin * GIB,
  });
}

/** Returns whether an upstream is this machine, as the emulator is. */
function isHere(baseUrl: string): boolean {
  return isLoopback(new URL(baseUrl).hostname.replace(/[[\]]/g, ''));
}
