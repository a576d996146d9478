/** The slots of the running app, and the limits of the account in use. */
import { listedPacks } from '../account/account-table.ts';
import { ForeignTasks } from '../asking/foreign-tasks.ts';
import { upstreamText } from '../budget/hold-upstream.ts';
import type { Clock } from '../clock.ts';
import type { Config } from '../config/config.ts';
import type { Fact } from '../facts.ts';
import { AccountLimits, type LimitSettings } from '../pacing/account-limits.ts';
import type { Limits } from '../pacing/limits.ts';
import type { SlotOptions } from '../pacing/slot.ts';
import { Slots } from '../pacing/slots.ts';
import { StuckSlots } from '../pacing/stuck-slots.ts';
import type { Store } from '../store/store.ts';
import type { StuckLimits } from '../tasks/stuck-limits.ts';
import type { AskKling } from '../upstream/ask.ts';
import type { Upstream } from '../upstream/upstream.ts';

export interface Pacing {
  slots: Slots;
  limits: AccountLimits;
  /** What is known of the account's slots besides our own creates. */
  slotKeepers: SlotKeepers;
}

/** The work beside requests that keeps the slots as Kling has them. */
export interface SlotKeepers {
  follow(facts: readonly Fact[]): void;
  start(): void;
  /** Begins anew: another upstream has other tasks. */
  startOver(): void;
  stop(): Promise<unknown>;
}

export interface PacingInput {
  store: Store;
  clock: Clock;
  /** The clock by which packs begin and end. */
  dated: Clock;
  config: () => Config;
  upstream: Pick<Upstream, 'line'>;
  ask: AskKling;
  /** The ages from which open tasks are stuck. */
  stuck: () => StuckLimits;
  onError: (message: string, error: unknown) => void;
}

/** Makes slots and limits; the limits know the account only after {@link beginLimits}. */
export function openPacing(input: PacingInput): Pacing {
  const { store, clock, dated, config, upstream, stuck, onError } = input;
  const limits: AccountLimits = new AccountLimits({
    store,
    clock: dated,
    settings: () => limitSettings(config()),
    upstream: () => upstreamInUse(upstream),
    pools: () => slots.pools(),
    onChange() {
      slots.limitsChanged();
      foreign.look();
    },
    onError,
  });
  const slots = new Slots(slotOptions(config(), limits), clock);
  const foreign = openForeignTasks(input, { slots, limits });
  const stuckSlots = new StuckSlots({ clock, slots, stuck, onError });
  const slotKeepers: SlotKeepers = {
    follow(facts) {
      slots.follow(facts);
      foreign.follow(facts);
    },
    start() {
      stuckSlots.start();
      foreign.start();
    },
    startOver: () => foreign.startOver(),
    stop: () => Promise.all([limits.stop(), stuckSlots.stop(), foreign.stop()]),
  };
  return { slots, limits, slotKeepers };
}

function openForeignTasks(
  { store, ask, dated, upstream, stuck, onError }: PacingInput,
  { slots, limits }: Pick<Pacing, 'slots' | 'limits'>,
): ForeignTasks {
  return new ForeignTasks({
    store,
    ask,
    clock: dated,
    credentials: () => upstream.line.tokens.kind,
    isUsed: (product) => slots.isLimited(product),
    stuck,
    onCount(product, tasks) {
      // First the slots: a limit that is raised for these tasks lets no create into them.
      slots.setElsewhere(product, tasks ?? 0);
      limits.noteForeign(product, tasks);
    },
    onError,
  });
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
