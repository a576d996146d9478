/**
 * What the config can say and this version cannot do: refused plainly, never accepted and ignored.
 *
 * A feature that arrives deletes its line here.
 */

export interface UnavailableKey {
  /** A key of the config, with its section first. */
  path: readonly [section: 'limits', name: string];
  /** Said before "is not available in this version". */
  what: string;
  /** The one value allowed. */
  only: unknown;
}

/** Keys that exist with a default, and may hold nothing else yet. */
export const UNAVAILABLE_KEYS: readonly UnavailableKey[] = [
  { path: ['limits', 'tier'], what: 'limits by tier (set limits.concurrency)', only: null },
];

/** Sections that do not exist yet, by name. */
export const ABSENT_SECTIONS: Readonly<Record<string, string | undefined>> = {
  callbacks: 'the callback receiver',
  results: 'keeping results',
};
