/** Lines that use the findings of `doctor`: the rule is doctor's, the line only repeats it. */
import type { Evidence } from './checklist-evidence.ts';
import { together, verdictOf, type Check, type LineVerdict } from '../check.ts';

/** Gives doctor's checks of some names. */
export function checksOf(
  { checks }: Pick<Evidence, 'checks'>,
  ...names: readonly string[]
): readonly Check[] {
  return checks.filter(({ name }) => names.includes(name));
}

/** Gives doctor's findings of some names; a note becomes a warning, since a line of the checklist is met or not. */
export function byDoctor(
  evidence: Pick<Evidence, 'checks'>,
  ...names: readonly string[]
): LineVerdict | null {
  const checks = checksOf(evidence, ...names);
  return checks.length === 0 ? null : together(checks.map(verdictOf));
}
