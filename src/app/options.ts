/** The running sidecar as others see it: what it is made of, and what can be asked of it. */
import type { Clock } from '../clock.ts';
import type { LoadedConfig } from '../config/config.ts';
import type { Secrets } from '../config/secrets.ts';
import type { Judge } from './kept-checklist.ts';
import type { AppHost, ReloadOutcome } from '../control/commands.ts';
import type { Order } from '../control/order.ts';
import type { ControlUrls } from '../control/plane.ts';
import type { SidecarError } from '../errors.ts';
import type { OpenListeners } from '../proxy/open-listeners.ts';
import type { LoadedWorkers } from '../store/sqlite/open-store.ts';
import type { Log } from '../telemetry/log.ts';

export type { ReloadOutcome };

export interface AppOptions {
  loaded: LoadedConfig;
  secrets: Secrets;
  version: string;
  log: Log;
  clock?: Clock;
  /** The instance's name where several share one database; absent: the store's own. */
  instance?: string;
  /** The store's threads, where they were loaded before. */
  storeThreads?: LoadedWorkers;
  /** Called when the store fails for good: the process should end. */
  onFatal?: (error: SidecarError) => void;
  /** Judges the production checklist of this sidecar; absent where the app is a part of a program that does not. */
  judge?: Judge;
  /** What the process around the app can do on an operator's order; absent where the app is a part of another program. */
  host?: AppHost;
}

export interface AppUrls {
  data: string;
  dataTls: string | null;
  control: string;
  probes: string | null;
  /** Every address of each listener, the one above first: both loopbacks, where the machine has both. */
  all: { data: string[]; dataTls: string[]; control: string[]; probes: string[] };
}

export interface App {
  /** @throws SidecarError of the store, or an error of a listener whose address is taken. */
  start(): Promise<AppUrls>;
  stop(): Promise<void>;
  /** Takes a config and secrets that were read again; listeners and the store's path stay. `order` goes into the audit. */
  reload(loaded: LoadedConfig, secrets: Secrets, order: Order): Promise<ReloadOutcome>;
  /** Counts a reading of config or secrets that was not taken. */
  noteReloadFailed(): void;
  /** Asks at once for all that is due: open tasks, look-ups, jobs. For tests and the demo. */
  runDue(): Promise<void>;
}

/** Gives the addresses of everything that listens. */
export function urlsOf(data: Pick<OpenListeners, 'urls' | 'tlsUrls'>, control: ControlUrls): AppUrls {
  return {
    data: data.urls[0] ?? '',
    dataTls: data.tlsUrls[0] ?? null,
    control: control.url,
    probes: control.probesUrl,
    all: {
      data: data.urls,
      dataTls: data.tlsUrls,
      control: [...control.urls],
      probes: [...control.probesUrls],
    },
  };
}
