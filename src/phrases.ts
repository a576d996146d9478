/** Parts of English sentences for people: counted nouns, durations, days. */
import type { Ms } from './units.ts';

const UNITS: readonly [Ms, string][] = [
  [86_400_000, 'day'],
  [3_600_000, 'hour'],
  [60_000, 'minute'],
];

/** Ends a text as a sentence. */
export function sentence(text: string): string {
  return /[.!?]$/.test(text) ? text : `${text}.`;
}

/** Gives a duration in its largest unit: `3 hours`; below a minute `less than a minute`. */
export function durationText(durationMs: Ms): string {
  const found = UNITS.find(([unit]) => durationMs >= unit);
  return found ? countText(Math.floor(durationMs / found[0]), found[1]) : 'less than a minute';
}

/** Gives a number with its noun: `1 hold`, `2 holds`. */
export function countText(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

/** Gives a day of an instant, UTC. */
export function dayText(at: Ms): string {
  return new Date(at).toISOString().slice(0, 10);
}
