/** How the present month goes, for the rules of its commitment: read once in a look. */
import { readMonthProgress, type MonthProgress } from '../../sla/progress-table.ts';
import { monthOf } from '../../sla/period.ts';
import type { ReadingResult } from '../../sla/availability.ts';
import type { Look } from '../rule.ts';

const known = new WeakMap<Look, Promise<MonthProgress>>();

/** Reads how the month of a look goes; rules of the same look share the answer. */
export function progressOf(look: Look): Promise<MonthProgress> {
  const before = known.get(look);
  if (before) return before;
  const { at, store, config } = look;
  const month = monthOf(at, config.sla.timeZone);
  const progress = store.read(readMonthProgress, { ...config.sla, month, now: at });
  known.set(look, progress);
  return progress;
}

/** The reading that a claim would rest on, as claims choose it: `received` first, else `contract`. */
export function claimReading({ received, contract }: MonthProgress): ReadingResult & { name: string } {
  return received.compensationPercent > 0
    ? { ...received, name: 'received' }
    : { ...contract, name: 'contract' };
}
