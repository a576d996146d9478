/**
 * The production checklist, judged line by line for this sidecar and config.
 *
 * **Invariant**: every line has a verdict with a reason, and advice if it is not ok; an unknown fact is never ok. Nothing is
 * changed, no request with a cost is sent, and no secret is shown.
 */
import { authLines } from './checklist-auth.ts';
import { beyondLines } from './checklist-beyond.ts';
import { contentLines } from './checklist-content.ts';
import { costLines } from './checklist-costs.ts';
import { errorLines } from './checklist-errors.ts';
import { gather, type Evidence, type Wishes } from './checklist-evidence.ts';
import type { Check, LineVerdict } from '../check.ts';
import { CHECKLIST, type JudgedLine, type LineId } from './checklist-lines.ts';
import { monitoringLines } from './checklist-monitoring.ts';
import { performanceLines } from './checklist-performance.ts';
import { securityLines } from './checklist-security.ts';
import { taskLines } from './checklist-tasks.ts';
import type { Context } from './context.ts';
import { examineWith } from './doctor-examination.ts';

const JUDGES: Readonly<Record<LineId, (evidence: Evidence) => LineVerdict>> = {
  ...authLines,
  ...errorLines,
  ...costLines,
  ...taskLines,
  ...contentLines,
  ...securityLines,
  ...monitoringLines,
  ...performanceLines,
  ...beyondLines,
};

/** The verdicts, and the sidecar and environment that they are about. */
export interface Judged {
  environment: string;
  upstream: string;
  /** Of the key in use; null if it is not known. */
  fingerprint: string | null;
  lines: readonly JudgedLine[];
  /** The checks of doctor that the verdicts use, and the others. */
  checks: readonly Check[];
}

/** Judges every line. @throws ConfigInvalid, and SidecarError `bad_usage` for another environment that cannot be read. */
export async function judge(context: Context, wishes: Wishes): Promise<Judged> {
  return await examineWith(context, async (examined) => {
    const evidence = await gather(context, examined, wishes);
    const lines = CHECKLIST.flatMap(({ heading, lines: own }) =>
      own.map(([id, line]): JudgedLine => {
        const { level, finding, advice } = JUDGES[id](evidence);
        return { id, heading, line, level, reason: finding, remedy: advice };
      }),
    );
    const { config, runs, status, key } = evidence;
    const running = runs ? status : null;
    return {
      environment: running?.environment ?? config.environment,
      upstream: running?.upstream ?? config.upstream.baseUrl,
      fingerprint: key.fingerprint,
      lines,
      checks: evidence.checks,
    };
  });
}
