/** What the control plane asks of the program: the app supplies it, the plane never reaches past it. */
import type { AlertCommands } from './alert-commands.ts';
import type { DatesReset } from '../ledger/time.ts';
import type { Store } from '../store/store.ts';
import type { MilliCredits, Ms } from '../units.ts';
import type { EnforceMode } from '../words.ts';
import type { PriceOne } from './estimate.ts';
import type { Order } from './order.ts';
import type { JobCommands } from './job-commands.ts';
import type { ClaimCommands, SlaCommands } from './sla-commands.ts';

/** The part of the status that lives in the running process; money comes from the store. */
export interface LiveStatus {
  version: string;
  mode: EnforceMode;
  environment: string;
  /** The configured origin. */
  upstream: string;
  /** 0 where no sidecar runs and the store alone is read. */
  uptimeSeconds: number;
  /** The process that runs; null where none does. */
  pid: number | null;
  pools: readonly { name: string; inUse: number; limit: number | null; queued: number }[];
  breaker: string | null;
  /** Kling's clock less ours; null before the first answer. */
  clockOffsetMs: Ms | null;
  /** What the last calls showed of Kling; times are instants. */
  kling: {
    credentials: 'unknown' | 'accepted' | 'refused';
    refusal: { code: number; message: string; since: Ms } | null;
    unreachable: { errorClass: string; cause: string; since: Ms } | null;
  };
  /** When somebody read the metrics last; null where nobody did since the start. */
  metricsReadAt: Ms | null;
  store: { path: string; bytes: number };
}

/** What reading config and secrets again brought. */
export interface ReloadOutcome {
  /** Every key whose value differs. */
  changed: string[];
  /** Those of them that wait for a restart. */
  needRestart: string[];
}

/** What the process around the app does on an order. */
export interface AppHost {
  /** Reads config and secrets again. @throws SidecarError with what is invalid: then nothing changes. */
  reload(order: Order): Promise<ReloadOutcome>;
  /** Begins to stop; `why` goes into the log. */
  stop(why: string): void;
}

/** What a credit costs, for amounts in money beside those in credits. */
export interface CashTerms {
  perCredit: number;
  currency: string;
  /** Names of the budgets whose limit was given in US dollars. */
  usdBudgets: readonly string[];
}

export interface ControlCommands {
  /** Reads of the store; they never delay a create. */
  readonly reader: Pick<Store, 'read'>;
  /** The instant by which money is dated. */
  now(): Ms;
  /** Tasks open for longer than this are stuck (`tasks.stuckAfterMs`). */
  readonly stuckAfterMs: Ms;
  status(): LiveStatus;
  cash(): CashTerms;
  /** Whether the sidecar can do its work, and if not, why; never because of Kling, a budget or a breaker. */
  readiness(): { ready: boolean; reasons: readonly string[] };
  /** Prices one create as the data plane would. */
  price: PriceOne;
  freeze(order: Order): Promise<void>;
  unfreeze(order: Order): Promise<void>;
  /**
   * Ends a hold on the operator's word; `credits` is what counts as spent.
   * @throws SidecarError `not_found`, `already_resolved`.
   */
  resolveHold(
    holdId: string,
    action: 'release' | 'write-off',
    order: Order,
  ): Promise<{ state: 'released' | 'written_off'; credits: MilliCredits }>;
  /**
   * Raises a budget's limit until an instant (exclusive).
   * @throws SidecarError `not_found` where no such budget is in force, `bad_usage` where `until` has passed.
   */
  raiseBudget(raise: { name: string; byCredits: MilliCredits; until: Ms }, order: Order): Promise<void>;
  /** Accepts the difference between our clock and Kling's as it is (null: Kling's is not known), so that creates go on. */
  acceptClock(order: Order): Promise<{ clockOffsetMs: Ms | null }>;
  /**
   * Lets new holds be dated by the present again, after a wrong clock dated some into the future.
   * @throws SidecarError `clock_untrusted`, `upstream_unreachable`.
   */
  resetClock(order: Order): Promise<DatesReset & { datedFrom: Ms }>;
  /** Reads config and secrets again, as SIGHUP does. @throws SidecarError with what is invalid, `bad_usage` in the demo. */
  reload(order: Order): Promise<ReloadOutcome>;
  /**
   * Stops as SIGTERM does, and gives the process that ends and how long it may take to finish what is in flight.
   * @throws SidecarError `bad_usage` in the demo.
   */
  stop(order: Order): Promise<{ pid: number; drainMs: Ms }>;
  readonly alerts: AlertCommands;
  readonly sla: SlaCommands;
  readonly claims: ClaimCommands;
  readonly jobs: JobCommands;
}
