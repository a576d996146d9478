/** Lines that are judged by what `doctor` finds: the rule is doctor's, the line only takes it over. */
import type { Evidence } from './checklist-evidence.ts';
import { failed, passed, together, warned, type Verdict } from './checklist-lines.ts';
import type { Check } from './doctor-check.ts';

/** Gives doctor's checks of some names. */
export function checksOf(
  { checks }: Pick<Evidence, 'checks'>,
  ...names: readonly string[]
): readonly Check[] {
  return checks.filter(({ name }) => names.includes(name));
}

/** Takes over what doctor finds under some names; a note becomes a warning, since a line is kept or is not. */
export function byDoctor(evidence: Pick<Evidence, 'checks'>, ...names: readonly string[]): Verdict | null {
  const checks = checksOf(evidence, ...names);
  return checks.length === 0 ? null : together(checks.map(verdictOf));
}

/** Gives a line's verdict for one check of doctor's. */
export function verdictOf({ level, finding, advice }: Check): Verdict {
  if (level === 'ok') return passed(finding);
  const remedy = advice ?? 'See doctor.';
  return level === 'fail' ? failed(finding, remedy) : warned(finding, remedy);
}
