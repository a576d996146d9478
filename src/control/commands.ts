/** The commands of the control plane: the app supplies them, and the plane uses nothing else of the program. */
import type { AlertCommands } from './alert-commands.ts';
import type { BudgetRow } from '../budget/budget-table.ts';
import type { Checklist } from './checklist-schemas.ts';
import type { MoneyStatus, StatusArgs } from '../ledger/status.ts';
import type { DatesReset } from '../ledger/time.ts';
import type { PackPrice } from '../claims/billing-fee.ts';
import type { BreakerState } from '../pacing/breaker.ts';
import type { PoolState, WaitingCreate } from '../pacing/slot.ts';
import type { StopState } from '../pacing/stops.ts';
import type { ResultRef } from '../results/result-links.ts';
import type { Store } from '../store/store.ts';
import type { ResultPlace } from '../tasks/result-file-table.ts';
import type { StuckLimits } from '../tasks/stuck-limits.ts';
import type { MilliCredits, Ms } from '../units.ts';
import type { EnforceMode } from '../words.ts';
import type { PriceOne } from './estimate.ts';
import type { Order } from './order.ts';
import type { JobCommands } from './job-commands.ts';
import type { ClaimCommands, SlaCommands } from './sla-commands.ts';

/** The status of the running process without the state of money. */
export interface LiveStatus {
  version: string;
  mode: EnforceMode;
  environment: string;
  /** The configured origin. */
  upstream: string;
  /** The account of the credentials in use, by a name that shows nothing of the key; null if no sidecar runs. */
  account: string | null;
  /** 0 if no sidecar runs and only the store is read. */
  uptimeSeconds: number;
  /** The running process; null if there is none. */
  pid: number | null;
  pools: readonly PoolState[];
  breaker: BreakerState;
  stops: readonly StopState[];
  /** Kling's clock less ours; null before the first answer. */
  clockOffsetMs: Ms | null;
  /** Kling's state by the last calls; times are instants. */
  kling: {
    credentials: 'unknown' | 'accepted' | 'refused';
    refusal: { code: number; message: string; since: Ms } | null;
    unreachable: { errorClass: string; cause: string; since: Ms } | null;
    lastAnswer: { at: Ms; status: number; code: number | null } | null;
  };
  /** When the metrics were last read; null if not since the start. */
  metricsReadAt: Ms | null;
  /** Where Kling calls; null if nowhere. */
  callbacks: { publicUrl: string } | null;
  /** Whether files of results are kept, and where new ones go. */
  results: { keep: boolean; place: ResultPlace; where: string };
  store: { path: string; bytes: number };
}

/** The result of a reload of config and secrets. */
export interface ReloadOutcome {
  /** Every key whose value differs. */
  changed: string[];
  /** Those of them that need a restart. */
  needRestart: string[];
}

/** One value of the config. */
export interface RunningConfigLine {
  key: string;
  /** Plain JSON; a secret is masked. */
  value: unknown;
  /** `file`, `default`, or `env:` and a name. */
  origin: string;
}

/** The config in use. */
export interface ConfigInUse {
  /** Null: no file was read. */
  file: string | null;
  readAt: Ms;
  lines: readonly RunningConfigLine[];
  /** Values that wait for a restart. */
  afterRestart: readonly RunningConfigLine[];
}

/** Verdicts, and when they were made. */
export interface JudgedChecklist {
  checklist: Checklist;
  startedAt: Ms;
  tookMs: Ms;
}

/** Which verdicts somebody wants. */
export interface AskedChecklist {
  /** They are no older than this instant; than a minute if absent. */
  since?: Ms | undefined;
  /** Waits for a judging that goes on. */
  wait: boolean;
  /** Begins a judging that is needed, which is the default. */
  begin?: boolean;
}

/** What is known of the checklist. */
export interface ChecklistState {
  isJudging: boolean;
  /** When the last judging began; null: none yet. */
  startedAt: Ms | null;
  /** The earliest beginning of another judging; null: now. */
  nextAt: Ms | null;
  /** Why the last judging gave no verdicts. */
  problem: string | null;
  /** The last verdicts. */
  judged: JudgedChecklist | null;
}

/** The orders to the process around the app. */
export interface AppHost {
  /** Reads config and secrets again. @throws SidecarError that names what is invalid: then nothing changes. */
  reload(order: Order): Promise<ReloadOutcome>;
  /** Begins to stop; `why` goes into the log. */
  stop(why: string): void;
}

/** The price of a credit, for amounts in money beside those in credits. */
export interface CashTerms {
  perCredit: number;
  currency: string;
  /** Names of the budgets whose limit was given in US dollars. */
  usdBudgets: readonly string[];
}

export interface ControlCommands {
  /** Reads of the store; they never delay a create. */
  readonly reader: Pick<Store, 'read'>;
  /** The present instant for the dates of money. */
  now(): Ms;
  /** The ages from which open tasks are stuck. */
  stuck(): StuckLimits | Promise<StuckLimits>;
  /** Gives the address of a saved file for apps; missing where no sidecar runs. */
  resultUrl?(file: ResultRef & { contentType: string | null }): string;
  status(): LiveStatus;
  /** The creates that wait for a slot, in the order in which they leave, and the instant of this answer. */
  queue(): { at: Ms; waiting: readonly WaitingCreate[] };
  /** The holds that have slots of a pool now: of `video`, `image` or a model. */
  slotHolds(pool: string): Promise<readonly string[]>;
  /** The state of money: the sums that the process keeps, or those of the store where none runs. */
  money(when: StatusArgs): Promise<MoneyStatus>;
  cash(): CashTerms;
  /** @throws SidecarError `daemon_required` where no sidecar runs. */
  config(): Promise<ConfigInUse>;
  /**
   * Gives the last verdicts on the checklist, and has it judged if they are older than `since` (a minute ago if absent).
   * @throws SidecarError `daemon_required` where no sidecar runs that judges it.
   */
  checklist(asked: AskedChecklist): Promise<ChecklistState>;
  /**
   * Gives for each budget the seconds until its limit at the pace of the last hour: 0 if it is reached, null if the budget lasts to
   * the end of its window, or if that is not known.
   */
  exhaustion(budgets: readonly BudgetRow[], at: Ms): readonly (number | null)[];
  /** What packs cost, where it is configured. */
  packPrices(): readonly PackPrice[];
  /** Whether the sidecar can do its work, and if not, why; never because of Kling or a budget. */
  readiness(): { ready: boolean; reasons: readonly string[] };
  /** Prices one create in the same way as the data plane. */
  price: PriceOne;
  freeze(order: Order): Promise<void>;
  unfreeze(order: Order): Promise<void>;
  /**
   * Ends a hold by the operator's order; `credits` counts as spent.
   * @throws SidecarError `not_found`, `already_resolved`.
   */
  resolveHold(
    holdId: string,
    action: 'release' | 'write-off',
    order: Order,
  ): Promise<{ state: 'released' | 'written_off'; credits: MilliCredits }>;
  /**
   * Raises a budget's limit until an instant (exclusive).
   * @throws SidecarError `not_found` if no such budget is in force, `bad_usage` if `until` is in the past.
   */
  raiseBudget(raise: { name: string; byCredits: MilliCredits; until: Ms }, order: Order): Promise<void>;
  /** Accepts the present difference between our clock and Kling's (null: Kling's is not known), so that creates go on. */
  acceptClock(order: Order): Promise<{ clockOffsetMs: Ms | null }>;
  /**
   * Lets new holds be dated by the present again, after a wrong clock dated some into the future.
   * @throws SidecarError `clock_untrusted`, `upstream_unreachable`.
   */
  resetClock(order: Order): Promise<DatesReset & { datedFrom: Ms }>;
  /** Reads config and secrets again, like SIGHUP. @throws SidecarError that names what is invalid, `bad_usage` in the demo. */
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
