/** The slots of the running app, and the limits of the account in use. */
import { listedPacks } from '../account/account-table.ts';
import { upstreamText } from '../budget/hold-upstream.ts';
import type { Clock } from '../clock.ts';
import type { Config } from '../config/config.ts';
import { AccountLimits, type LimitSettings } from '../pacing/account-limits.ts';
import type { Limits } from '../pacing/limits.ts';
import type { SlotOptions } from '../pacing/slot.ts';
import { Slots } from '../pacing/slots.ts';
import { StuckSlots } from '../pacing/stuck-slots.ts';
import type { Store } from '../store/store.ts';
import type { Upstream } from '../upstream/upstream.ts';

export interface Pacing {
  slots: Slots;
  limits: AccountLimits;
  stuckSlots: StuckSlots;
}

export interface PacingInput {
  store: Store;
  clock: Clock;
  /** The clock by which packs begin and end. */
  dated: Clock;
  config: () => Config;
  upstream: Pick<Upstream, 'line'>;
  onError: (message: string, error: unknown) => void;
}

/** Makes slots and limits; nothing is timed before a start, and the limits know the account only after {@link beginLimits}. */
export function openPacing({ clock, dated, config, upstream, ...rest }: PacingInput): Pacing {
  const limits: AccountLimits = new AccountLimits({
    ...rest,
    clock: dated,
    settings: () => limitSettings(config()),
    upstream: () => upstreamInUse(upstream),
    pools: () => slots.pools(),
    onChange: () => slots.limitsChanged(),
  });
  const slots = new Slots(slotOptions(config(), limits), clock);
  const stuckAfterMs = (): number => config().tasks.stuckAfterMs;
  const stuckSlots = new StuckSlots({ clock, slots, stuckAfterMs, onError: rest.onError });
  return { slots, limits, stuckSlots };
}

/** Gives what the config says of limits. */
export function limitSettings({
  limits: { concurrency, tier },
  account,
}: Pick<Config, 'limits' | 'account'>): LimitSettings {
  return { concurrency, tier, usesPacks: account.poll };
}

/** Gives the limits what the store knows of the upstream in use. */
export async function beginLimits({
  store,
  upstream,
  limits,
}: {
  store: Store;
  upstream: Pick<Upstream, 'line'>;
  limits: AccountLimits;
}): Promise<void> {
  await limits.begin(await store.read(listedPacks, { upstream: upstreamInUse(upstream) }));
}

/** Gives the options of the slots; in `observe` mode nobody waits. */
export function slotOptions({ limits: given, mode }: Config, limits: Limits): SlotOptions {
  const { requestsPerMinute, queueWaitMsMax, queueLengthMax } = given;
  return { isPaced: mode === 'protect', limits, requestsPerMinute, queueWaitMsMax, queueLengthMax };
}

/** Gives host and account of the upstream in use, as packs and learned limits are kept under. */
function upstreamInUse({ line: { host, account } }: Pick<Upstream, 'line'>): string {
  return upstreamText({ upstream_host: host, upstream_account: account });
}
