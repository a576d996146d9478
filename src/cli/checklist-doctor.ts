/** Lines that are judged by what `doctor` finds: the rule is doctor's, the line only takes it over. */
import type { Evidence } from './checklist-evidence.ts';
import { together, verdictOf, type Check, type LineVerdict } from '../check.ts';

/** Gives doctor's checks of some names. */
export function checksOf(
  { checks }: Pick<Evidence, 'checks'>,
  ...names: readonly string[]
): readonly Check[] {
  return checks.filter(({ name }) => names.includes(name));
}

/** Takes over what doctor finds under some names; a note becomes a warning, since a line is kept or is not. */
export function byDoctor(
  evidence: Pick<Evidence, 'checks'>,
  ...names: readonly string[]
): LineVerdict | null {
  const checks = checksOf(evidence, ...names);
  return checks.length === 0 ? null : together(checks.map(verdictOf));
}
