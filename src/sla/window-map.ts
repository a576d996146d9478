/** A month's windows for a picture: windows without errors that follow each other are one run, so that a month is short. */
import type { Ms } from '../units.ts';
import type { WindowRate } from './reading.ts';
import { WINDOW_MS } from './window.ts';

/** Windows with valid requests. One with errors is a run of its own. */
export interface MapRun {
  start: string;
  windows: number;
  valid: number;
  errors: number;
}

/** Joins the windows of a reading, which are in order of time. */
export function mapRuns(rates: readonly WindowRate[]): MapRun[] {
  const runs: MapRun[] = [];
  let end: Ms = 0;
  for (const { windowStart, valid, errors } of rates) {
    const last = runs.at(-1);
    if (last && errors === 0 && last.errors === 0 && windowStart === end) {
      last.windows += 1;
      last.valid += valid;
    } else runs.push({ start: new Date(windowStart).toISOString(), windows: 1, valid, errors });
    end = windowStart + WINDOW_MS;
  }
  return runs;
}
