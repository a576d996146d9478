/** The callbacks of the running app: the receiver and what it takes, with the parts that they need. Loaded only if configured. */
import { createSecretKey, randomBytes } from 'node:crypto';
import { openPost } from '../alerts/channels/post-undici.ts';
import type { Poller } from '../asking/poller.ts';
import { CallbackPaths } from '../callbacks/callback-paths.ts';
import { Callbacks } from '../callbacks/callbacks.ts';
import type { CallbacksConfig } from '../callbacks/callbacks-config.ts';
import { Receiver } from '../callbacks/receiver.ts';
import { Relay } from '../callbacks/relay.ts';
import { RelaySender } from '../callbacks/relay-sender.ts';
import { relayTargetOf } from '../callbacks/relay-target.ts';
import type { Clock } from '../clock.ts';
import type { CallbackSecrets } from '../config/callback-secrets.ts';
import type { Fact } from '../facts.ts';
import type { RouteTable } from '../kling/routes.ts';
import { Instants } from '../pacing/instants.ts';
import type { CallbackSettings } from '../proxy/settings.ts';
import type { Store } from '../store/store.ts';
import { callbackKey } from '../tasks/callback-table.ts';
import type { Telemetry } from '../telemetry/telemetry.ts';
import type { Ms } from '../units.ts';
import type { AskKling } from '../upstream/ask.ts';
import type { Upstream } from '../upstream/upstream.ts';

/** 256 bits, as many as a token has. */
const KEY_BYTES = 32;
/** How often refused callbacks are logged. */
const REPORT_MS: Ms = 60_000;
const HOUR_MS: Ms = 3_600_000;
const UNSIGNED_MAX = 10_000;

export interface AppCallbacksDeps {
  config: NonNullable<CallbacksConfig>;
  store: Pick<Store, 'read' | 'write'>;
  clock: Clock;
  secrets: () => CallbackSecrets;
  poller: Pick<Poller, 'askFor'>;
  ask: AskKling;
  routes: () => RouteTable;
  upstream: Pick<Upstream, 'line'>;
  telemetry: Pick<Telemetry, 'callbackEnded' | 'callbacksUnsigned' | 'callbackRelayed'>;
  onError: (message: string, error: unknown) => void;
}

export interface AppCallbacks {
  /** For the data plane: how creates get their address. */
  readonly settings: CallbackSettings;
  /** The receiver's addresses. */
  readonly urls: readonly string[];
  /** Callbacks that were refused for their signature in the last hour; 10,000 at most. */
  readonly unsignedInHour: number;
  follow(facts: readonly Fact[]): void;
  stop(): Promise<void>;
}

/** Reads the key of addresses, or makes it, and begins to listen. @throws SidecarError `config_invalid` for an address in use. */
export async function openCallbacks(deps: AppCallbacksDeps): Promise<AppCallbacks> {
  const { config, store, clock, secrets, poller, telemetry, onError } = deps;
  const own = randomBytes(KEY_BYTES).toString('base64url');
  const key = await store.write(callbackKey, { key: own, at: clock.now() });
  const paths = new CallbackPaths(createSecretKey(Buffer.from(key, 'base64url')), config.publicUrl);
  const relaying = config.relay ? openRelay(deps, config) : null;
  const unsigned = countUnsigned(clock, telemetry);
  const callbacks = new Callbacks({
    store,
    clock,
    keys: () => secrets().received,
    requiresSignature: () => config.requireSignature ?? secrets().received.length > 0,
    askFor: (taskId) => poller.askFor(taskId),
    onRelayed: (holdId) => relaying?.relay.look(holdId),
    onUnsigned: unsigned.note,
  });
  const { hosts, port, requestsPerSecond } = config;
  const onResult = telemetry.callbackEnded;
  const listening = { hosts, port, requestsPerSecond };
  const receiver = new Receiver({ ...listening, clock, paths, callbacks, onResult, onError });
  const urls = await receiver.start();
  await relaying?.start();
  return {
    settings: { urlFor: (holdId) => paths.urlFor(holdId), relayFault: relaying?.fault ?? null },
    urls,
    get unsignedInHour() {
      return unsigned.inHour();
    },
    follow(facts) {
      callbacks.follow(facts);
      relaying?.relay.follow(facts);
    },
    async stop() {
      await receiver.stop();
      callbacks.stop();
      await relaying?.stop();
    },
  };
}

interface Relaying {
  relay: Relay;
  /** Gives why an address is not called; null if it is. */
  fault: (url: string) => string | null;
  start(): Promise<void>;
  stop(): Promise<void>;
}

/** Makes what relays callbacks; nothing is read or sent before its start. */
function openRelay(
  { store, clock, ask, routes, upstream, secrets, telemetry, onError }: AppCallbacksDeps,
  { relayTo }: NonNullable<CallbacksConfig>,
): Relaying {
  const post = openPost({ clock });
  const sender = new RelaySender({
    store,
    clock,
    post,
    keys: () => secrets().relayed,
    relayTo,
    random: Math.random,
    onResult: telemetry.callbackRelayed,
    onError,
  });
  const credentials = (): Upstream['line']['tokens']['kind'] => upstream.line.tokens.kind;
  const onMade = (): void => sender.wake();
  const relay = new Relay({ store, clock, ask, routes, credentials, onMade, onError });
  return {
    relay,
    fault(url) {
      const target = relayTargetOf(url, relayTo);
      return typeof target === 'string' ? target : null;
    },
    async start() {
      await relay.start();
      sender.wake();
    },
    async stop() {
      await relay.stop();
      await post.close();
      await sender.stop();
    },
  };
}

/** Counts refused callbacks: the first one is logged at once, and later ones with their number once a minute. */
function countUnsigned(
  clock: Clock,
  telemetry: Pick<Telemetry, 'callbacksUnsigned'>,
): { note: (holdId: string, check: string) => void; inHour: () => number } {
  const ticks = new Instants();
  let count = 0;
  let nextTick = -Infinity;
  const inHour = (): number => {
    ticks.dropUntil(clock.monotonic() - HOUR_MS);
    return ticks.length;
  };
  const note = (holdId: string, check: string): void => {
    count += 1;
    if (inHour() < UNSIGNED_MAX) ticks.add(clock.monotonic());
    if (clock.monotonic() < nextTick) return;
    telemetry.callbacksUnsigned({ holdId, check, count });
    count = 0;
    nextTick = clock.monotonic() + REPORT_MS;
  };
  return { note, inHour };
}
