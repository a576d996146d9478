/** What `doctor` says of one thing: how it stands, what was found, what to do. */
import { SidecarError } from '../errors.ts';
import type { Ms } from '../units.ts';

/** `note` is worth knowing, `warn` wants somebody to act, `fail` must not stay so. */
export type Level = 'ok' | 'note' | 'warn' | 'fail';

export interface Check {
  /** A thing may have several lines. */
  name: string;
  level: Level;
  /** Whole sentences. */
  finding: string;
  /** What to do; null where all is well. */
  advice: string | null;
}

/** Makes a check of something that is as it should be. */
export function ok(name: string, finding: string): Check {
  return { name, level: 'ok', finding, advice: null };
}

/** Makes a check that wants something done, or says what could not be known. */
export function tell(level: Exclude<Level, 'ok'>, name: string, finding: string, advice: string): Check {
  return { name, level, finding, advice };
}

/** Runs checks; an error of ours becomes their failure, so that the others are still made. */
export async function checked(name: string, make: () => Check[] | Promise<Check[]>): Promise<Check[]> {
  try {
    return await make();
  } catch (error) {
    if (!(error instanceof SidecarError)) throw error;
    return [tell('fail', name, sentence(error.message), 'Mend this, and run doctor again.')];
  }
}

/** Ends a text as a sentence. */
export function sentence(text: string): string {
  return /[.!?]$/.test(text) ? text : `${text}.`;
}

const MINUTE_MS = 60_000;
const UNITS: readonly [Ms, string][] = [
  [86_400_000, 'day'],
  [3_600_000, 'hour'],
  [MINUTE_MS, 'minute'],
];

/** Gives a duration as people say it, in its largest unit: `3 hours`; below a minute `less than a minute`. */
export function durationText(durationMs: Ms): string {
  const found = UNITS.find(([unit]) => durationMs >= unit);
  return found ? counted(Math.floor(durationMs / found[0]), found[1]) : 'less than a minute';
}

/** Gives a number with its noun: `1 hold`, `2 holds`. */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

/** Gives a day of an instant, UTC. */
export function dayText(at: Ms): string {
  return new Date(at).toISOString().slice(0, 10);
}
