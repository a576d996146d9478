/**
 * A check: its subject, its level, its finding and the remedy.
 *
 * Each folder exports the checks of its subject as functions of plain values; `doctor`, its checklist and `smoke` gather
 * those values and print the results.
 *
 * **Invariant**: a check shows no secret. An unknown result is never `ok`.
 */
import { SidecarError } from './errors.ts';
import { sentence } from './phrases.ts';

/** `note` is information, `warn` needs an action, `fail` must be corrected. */
export type Level = 'ok' | 'note' | 'warn' | 'fail';
/** Of a line of the checklist, which is kept or is not; `not ours` is one that only the app can keep. */
export type LineLevel = Exclude<Level, 'note'> | 'not ours';

/** The result of one check. */
export interface LineVerdict<Of extends Level | LineLevel = LineLevel> {
  level: Of;
  /** Whole sentences. */
  finding: string;
  /** The remedy; null if none is needed. */
  advice: string | null;
}

export interface Check extends LineVerdict<Level> {
  /** One subject may have several lines. */
  name: string;
}

/** Makes a check without a problem. */
export function ok(name: string, finding: string): Check {
  return { name, level: 'ok', finding, advice: null };
}

/** Makes a check that needs an action, or whose result is unknown. */
export function notOk(level: Exclude<Level, 'ok'>, name: string, finding: string, advice: string): Check {
  return { name, level, finding, advice };
}

/** Runs checks; an error of ours becomes their failure, so that the others are still made. */
export async function checked(name: string, make: () => Check[] | Promise<Check[]>): Promise<Check[]> {
  try {
    return await make();
  } catch (error) {
    if (!(error instanceof SidecarError)) throw error;
    return [notOk('fail', name, sentence(error.message), 'Mend this, and run doctor again.')];
  }
}

/** Makes the verdict on a line that is kept. */
export function passed(finding: string): LineVerdict {
  return { level: 'ok', finding, advice: null };
}

/** Makes the verdict on a line that is not kept, or of which that is not known. */
export function warned(finding: string, advice: string): LineVerdict {
  return { level: 'warn', finding, advice };
}

/** Makes the verdict on a line that must be kept, and is not. */
export function failed(finding: string, advice: string): LineVerdict {
  return { level: 'fail', finding, advice };
}

/** Makes the verdict on a line that only the app can keep. */
export function notOurs(finding: string, advice: string): LineVerdict {
  return { level: 'not ours', finding, advice };
}

/** Gives a line's verdict for one check; a note becomes a warning. */
export function verdictOf({ level, finding, advice }: Check): LineVerdict {
  if (level === 'ok') return passed(finding);
  const remedy = advice ?? 'See doctor.';
  return level === 'fail' ? failed(finding, remedy) : warned(finding, remedy);
}

const WORST_FIRST: readonly LineLevel[] = ['fail', 'warn', 'not ours', 'ok'];

/** Joins the checks of one line, in their order; the worst level counts. */
export function together(verdicts: readonly LineVerdict[]): LineVerdict {
  const level = WORST_FIRST.find((one) => verdicts.some((verdict) => verdict.level === one)) ?? 'ok';
  const advice = [...new Set(verdicts.flatMap((verdict) => verdict.advice ?? []))];
  return {
    level,
    finding: [...new Set(verdicts.map(({ finding }) => finding))].join(' '),
    advice: advice.length === 0 ? null : advice.join(' '),
  };
}
