/**
 * What Kling's free text says about a failed task (`task_status_msg`, `message`; kling-api.md, section 5).
 *
 * Kling publishes no list of reasons, so the words here are ours and few. A text that names content policy is `content`, also
 * if it names something else: such a task fails again with the same input.
 */

/** The words of {@link failureReason}. */
export const FAILURE_REASONS = [
  'unstated',
  'content',
  'concurrency',
  'timeout',
  'input',
  'internal',
  'other',
] as const;
export type FailureReason = (typeof FAILURE_REASONS)[number];

/** Words of Kling, its resellers and its forums for content policy, with the codes 1300 and 1301 of a refused create. */
const CONTENT_POLICY =
  /risk|policy|policies|sensitiv|violat|violence|prohibit|forbidden|moderat|copyright|guideline|complian|inappropriate|unsafe|safety|nsfw|illegal|\b130[01]\b|审核|敏感|违规|违禁|违法|风控|安全/;

/** Gives the reason for which Kling ended a task, from its free text. */
export function failureReason(statusMessage: string | null): FailureReason {
  const text = statusMessage?.toLowerCase() ?? '';
  if (text === '') return 'unstated';
  if (CONTENT_POLICY.test(text)) return 'content';
  if (failsForConcurrency(text)) return 'concurrency';
  if (/time.?out|timed out|超时/.test(text)) return 'timeout';
  if (/download|fetch|url|format|resolution|dimension|size|decode|invalid|素材/.test(text)) return 'input';
  if (/internal|system|busy|server|unavailable|服务/.test(text)) return 'internal';
  return 'other';
}

/**
 * Returns whether a task failed only because too many ran at once: Kling accepts some creates above a pack's limit and lets the task
 * fail, with the text of its code 1303 (kling-api.md, section 6).
 */
export function failsForConcurrency(statusMessage: string | null): boolean {
  return /parallel task|over resource pack limit|concurren|并发/i.test(statusMessage ?? '');
}
