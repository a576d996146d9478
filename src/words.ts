/** Words with closed meanings, shared by every plane (docs/glossary.md). */

/** The operation of a request. The first group creates and may cost money; the last reads or writes free of charge. */
export const OPERATIONS = [
  'text-to-video',
  'image-to-video',
  'omni-video',
  'multi-image-to-video',
  'motion-control',
  'video-extend',
  'multi-elements',
  'elements-selection',
  'lip-sync',
  'identify-face',
  'image-recognize',
  'avatar',
  'effects',
  'text-to-audio',
  'video-to-audio',
  'tts',
  'image',
  'omni-image',
  'multi-image-to-image',
  'image-expand',
  'virtual-try-on',
  'ai-multi-shot',
  'custom-voice',
  'custom-element',
  'unknown',
  'task-read',
  'task-list',
  'account',
  'library',
] as const;
export type OperationWord = (typeof OPERATIONS)[number];

/** The last group: these are never held or charged. */
export const FREE_OPERATIONS = ['task-read', 'task-list', 'account', 'library'] as const;

/** Output quality: `std` is 720p, `pro` 1080p. */
export const MODES = ['std', 'pro', '4k'] as const;
export type Mode = (typeof MODES)[number];
export type TaskState = 'submitted' | 'processing' | 'succeeded' | 'failed';
export type HoldState = 'held' | 'settled' | 'released' | 'written_off';
/** How sure a price is: `assumed` for a length that only the media show, `unknown` if no price exists. */
export type PriceBasis = 'exact' | 'assumed' | 'unknown';
/** How one attempt at Kling ended: `no_answer` is sent, then reset or timed out. */
export const CALL_OUTCOMES = [
  'ok',
  'client_error',
  'throttled',
  'server_error',
  'unreachable',
  'no_answer',
  'aborted',
] as const;
export type CallOutcome = (typeof CALL_OUTCOMES)[number];
export type BudgetWindow = 'hour' | 'day' | 'week' | 'month' | 'total';
export type EnforceMode = 'protect' | 'observe';
