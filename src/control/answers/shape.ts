/** The form of values in answers: instants as ISO 8601 in UTC, credits as decimals. */
import type { Ms } from '../../units.ts';

/** Gives an instant as ISO 8601 in UTC. */
export function iso(at: Ms): string {
  return new Date(at).toISOString();
}

/** The same, or null. */
export function isoOrNull(at: Ms | null): string | null {
  return at === null ? null : iso(at);
}

/** Gives how far a page of a list was looked for. */
export function shapeSearched(
  searched: { rows: number; backTo: Ms } | null,
): { rows: number; backTo: string } | null {
  return searched && { rows: searched.rows, backTo: iso(searched.backTo) };
}

/** The fields of `args` that are not undefined: store operations accept absent fields, but no undefined ones. */
export function given<T extends object>(args: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  const kept: { [K in keyof T]?: Exclude<T[K], undefined> } = {};
  for (const key of Object.keys(args) as (keyof T)[]) {
    const value = args[key];
    if (value !== undefined) kept[key] = value as Exclude<T[typeof key], undefined>;
  }
  return kept;
}
