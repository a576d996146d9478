/** Settles creates by the ledgers as they are known, page by page, so that no create waits long behind one. */
import { settleEstimated, settleNewDeductions, settleWaiting } from '../ledger/settle-deductions.ts';
import type { SettleArgs } from '../ledger/settlement-page.ts';
import type { Ledger } from '../outbox/ledger.ts';

/** Tasks of one transaction. */
const PAGE_TASKS = 100;

/** Compares all new rows, then settles what waits, and looks again at what has our price; ends after the running page if the signal aborts. */
export async function settleByLedgers(
  ledger: Pick<Ledger, 'run'>,
  args: Omit<SettleArgs, 'after' | 'limit'>,
  signal?: AbortSignal,
): Promise<{ settled: number; adjusted: number }> {
  const sum = { settled: 0, adjusted: 0 };
  for (const operation of [settleNewDeductions, settleWaiting, settleEstimated]) {
    for (let after: string | null = ''; after !== null;) {
      if (signal?.aborted === true) return sum;
      const page: { next: string | null; settled: number; adjusted: number } = await ledger.run(operation, {
        ...args,
        after,
        limit: PAGE_TASKS,
      });
      sum.settled += page.settled;
      sum.adjusted += page.adjusted;
      after = page.next;
    }
  }
  return sum;
}
