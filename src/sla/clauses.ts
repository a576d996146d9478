/** The clauses of the agreement under which errors may be left out (Kling AI SLA, 1.2 and 2.2, read 2026-09-20). */

const NUMERALS = ['i', 'ii', 'iii', 'iv', 'v', 'vi', 'vii', 'viii', 'ix', 'x'] as const;

/** As they are written: `1.2(i)` to `1.2(iii)`, `2.2(i)` to `2.2(x)`. */
export const EXCLUSION_CLAUSES: readonly string[] = [
  ...NUMERALS.slice(0, 3).map((numeral) => `1.2(${numeral})`),
  ...NUMERALS.map((numeral) => `2.2(${numeral})`),
];

/** The allowed values, for messages. */
export const CLAUSES_ALLOWED = `a clause that excludes errors: ${EXCLUSION_CLAUSES.join(', ')}`;

/** Finds the clause that a text names, ignoring spaces and case; undefined if there is none. */
export function findClause(text: string): string | undefined {
  const wanted = text.replaceAll(/\s/g, '').toLowerCase();
  return EXCLUSION_CLAUSES.find((clause) => clause === wanted);
}
