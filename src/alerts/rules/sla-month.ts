/** The progress of the present month, for the rules of its commitment. */
import { readMonthProgress, type MonthProgress } from '../../sla/progress-table.ts';
import { monthOf } from '../../sla/period.ts';
import type { ReadingResult } from '../../sla/availability.ts';
import { oncePerLook } from '../once-per-look.ts';

/** Reads the progress of the month of a look. */
export const progressOf = oncePerLook(({ at, store, config }): Promise<MonthProgress> => {
  const month = monthOf(at, config.sla.timeZone);
  return store.read(readMonthProgress, { ...config.sla, month, now: at });
});

/** The reading of a claim, chosen in the same way as for claims: `received` first, else `contract`. */
export function claimReading({ received, contract }: MonthProgress): ReadingResult & { name: string } {
  return received.compensationPercent > 0
    ? { ...received, name: 'received' }
    : { ...contract, name: 'contract' };
}
