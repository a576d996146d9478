/** How the present month goes, for the rules of its commitment. */
import { readMonthProgress, type MonthProgress } from '../../sla/progress-table.ts';
import { monthOf } from '../../sla/period.ts';
import type { ReadingResult } from '../../sla/availability.ts';
import { oncePerLook } from '../once-per-look.ts';

/** Reads how the month of a look goes. */
export const progressOf = oncePerLook(({ at, store, config }): Promise<MonthProgress> => {
  const month = monthOf(at, config.sla.timeZone);
  return store.read(readMonthProgress, { ...config.sla, month, now: at });
});

/** The reading that a claim would rest on, as claims choose it: `received` first, else `contract`. */
export function claimReading({ received, contract }: MonthProgress): ReadingResult & { name: string } {
  return received.compensationPercent > 0
    ? { ...received, name: 'received' }
    : { ...contract, name: 'contract' };
}
