/** The callbacks of the running app: the receiver and what it takes, with the parts that they need. Loaded only if configured. */
import { createSecretKey, randomBytes } from 'node:crypto';
import type { Poller } from '../asking/poller.ts';
import { CallbackPaths } from '../callbacks/callback-paths.ts';
import { Callbacks } from '../callbacks/callbacks.ts';
import type { CallbacksConfig } from '../callbacks/callbacks-config.ts';
import { Receiver } from '../callbacks/receiver.ts';
import type { Clock } from '../clock.ts';
import type { CallbackSecrets } from '../config/callback-secrets.ts';
import type { Fact } from '../facts.ts';
import type { CallbackSettings } from '../proxy/settings.ts';
import type { Store } from '../store/store.ts';
import { callbackKey } from '../tasks/callback-table.ts';
import type { Telemetry } from '../telemetry/telemetry.ts';
import type { Ms } from '../units.ts';

/** 256 bits, as many as a token has. */
const KEY_BYTES = 32;
/** How often refused callbacks are logged. */
const REPORT_MS: Ms = 60_000;

export interface AppCallbacksDeps {
  config: NonNullable<CallbacksConfig>;
  store: Pick<Store, 'read' | 'write'>;
  clock: Clock;
  secrets: () => CallbackSecrets;
  poller: Pick<Poller, 'askFor'>;
  telemetry: Pick<Telemetry, 'callbackEnded' | 'callbacksUnsigned'>;
  onError: (message: string, error: unknown) => void;
}

export interface AppCallbacks {
  /** For the data plane: how creates get their address. */
  readonly settings: CallbackSettings;
  /** The receiver's addresses. */
  readonly urls: readonly string[];
  follow(facts: readonly Fact[]): void;
  stop(): Promise<void>;
}

/** Reads the key of addresses, or makes it, and begins to listen. @throws SidecarError `config_invalid` for an address in use. */
export async function openCallbacks(deps: AppCallbacksDeps): Promise<AppCallbacks> {
  const { config, store, clock, secrets, poller, telemetry, onError } = deps;
  const own = randomBytes(KEY_BYTES).toString('base64url');
  const key = await store.write(callbackKey, { key: own, at: clock.now() });
  const paths = new CallbackPaths(createSecretKey(Buffer.from(key, 'base64url')), config.publicUrl);
  const callbacks = new Callbacks({
    store,
    clock,
    keys: () => secrets().received,
    requiresSignature: () => config.requireSignature ?? secrets().received.length > 0,
    askFor: (taskId) => poller.askFor(taskId),
    onRelayed: () => undefined,
    onUnsigned: reportNowAndThen(clock, telemetry),
  });
  const { hosts, port, requestsPerSecond } = config;
  const onResult = telemetry.callbackEnded;
  const listening = { hosts, port, requestsPerSecond };
  const receiver = new Receiver({ ...listening, clock, paths, callbacks, onResult, onError });
  const urls = await receiver.start();
  return {
    settings: { urlFor: (holdId) => paths.urlFor(holdId), relayFault: null },
    urls,
    follow: (facts) => callbacks.follow(facts),
    async stop() {
      await receiver.stop();
      callbacks.stop();
    },
  };
}

/** Reports the first refused callback at once, and later ones with their number once a minute. */
function reportNowAndThen(
  clock: Clock,
  telemetry: Pick<Telemetry, 'callbacksUnsigned'>,
): (holdId: string, check: string) => void {
  let count = 0;
  let nextTick = -Infinity;
  return (holdId, check) => {
    count += 1;
    if (clock.monotonic() < nextTick) return;
    telemetry.callbacksUnsigned({ holdId, check, count });
    count = 0;
    nextTick = clock.monotonic() + REPORT_MS;
  };
}
