/**
 * The rows of the vendor's ledgers, which appear some time after their deductions, and the packs' reports, which lag.
 *
 * **Invariant**: a delay hides rows; it changes none. Delays are by age, dates are wall times.
 */
import type { Ms } from '../units.ts';
import type { EmulatorTime } from './emulator-time.ts';
import type { Pack, Payment } from './wallet.ts';

/** One task's charge from one pack or purse: a row of the vendor's ledger. */
export interface Deduction extends Payment {
  at: Ms;
  taskId: string;
  apiKeyName: string;
  /** The age of `at`, from which its row's delay counts. */
  ageMs: Ms;
}

/** How far the account's own reports are behind, by age. */
export interface BillingSettings {
  /** From a deduction to its row in the ledgers. */
  delayMs: Ms;
  /** The age of the packs' remaining quantities. */
  packLagMs: Ms;
}

export interface LedgerRows {
  /** Enters the rows of one charge by their time. */
  add(payments: readonly Payment[], of: { taskId: string; apiKeyName: string }, at: Ms): Deduction[];
  /** The rows that have appeared, oldest first. */
  visible(): readonly Deduction[];
  /** A pack's remaining thousandths as its report shows them: those of some time ago. */
  reportedMilli(pack: Pack): number;
  settings(): BillingSettings;
  set(settings: Partial<BillingSettings>): void;
}

/** Makes empty ledgers. */
export function createLedgerRows(
  { wallMs, ageMs }: Pick<EmulatorTime, 'wallMs' | 'ageMs'>,
  changes: Partial<BillingSettings>,
): LedgerRows {
  const all: Deduction[] = [];
  let settings: BillingSettings = { delayMs: 0, packLagMs: 0, ...changes };
  return {
    add(payments, { taskId, apiKeyName }, at) {
      const age = ageMs() - (wallMs() - at);
      const rows = payments.map((payment) => ({ at, taskId, apiKeyName, ...payment, ageMs: age }));
      all.splice(all.findLastIndex((row) => row.at <= at) + 1, 0, ...rows);
      return rows;
    },
    visible() {
      const until = ageMs() - settings.delayMs;
      return settings.delayMs === 0 ? all : all.filter((row) => row.ageMs <= until);
    },
    reportedMilli(pack) {
      const until = ageMs() - settings.packLagMs;
      const later = all.filter((row) => row.pack === pack && row.ageMs > until);
      return later.reduce((sum, row) => sum + row.amount, pack.leftMilli);
    },
    settings: () => settings,
    set: (next) => void (settings = { ...settings, ...next }),
  };
}
