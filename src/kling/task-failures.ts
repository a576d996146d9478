/** What Kling's free text says about a failed task. */

/**
 * Returns whether a task failed only because too many ran at once: Kling accepts some creates above a pack's limit and lets the task
 * fail, with the text of its code 1303 (kling-api.md, section 6).
 */
export function failsForConcurrency(statusMessage: string | null): boolean {
  return /parallel task|over resource pack limit|concurren|并发/i.test(statusMessage ?? '');
}
