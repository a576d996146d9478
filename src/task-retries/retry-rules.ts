/** `tasks.retryFailed`: which failed tasks are tried again, how often, and after what time. */
import { z } from 'zod';
import { APP_NAME, TAG } from '../fields.ts';
import { FAILURE_REASONS, type FailureReason } from '../kling/task-failures.ts';
import type { Ms } from '../units.ts';

/** The reasons that a rule may name: content policy is none, since the same input fails again. */
export type RetryReason = Exclude<FailureReason, 'content'>;
export const RETRY_REASONS = FAILURE_REASONS.filter((reason): reason is RetryReason => reason !== 'content');

/** The reasons that can pass by themselves. */
const PASSING_REASONS: readonly RetryReason[] = ['concurrency', 'timeout', 'internal'];
const RULES_MAX = 100;

const retryRule = z
  .strictObject({
    app: z
      .string()
      .regex(APP_NAME, { error: '1 to 64 letters, digits, dots, dashes or underscores' })
      .optional()
      .describe('Only creates of this app.'),
    tag: z
      .string()
      .regex(TAG, { error: '1 to 100 letters, digits and ._:/@+=-' })
      .optional()
      .describe('Only creates with this x-kling-tag.'),
    max: z.int().min(1).max(5).default(1).describe('New creates for one failed task, at most.'),
    reasons: z
      .array(z.enum(RETRY_REASONS))
      .min(1)
      .readonly()
      .default(PASSING_REASONS)
      .describe('Why a task may have failed to be tried again. Content policy is never a reason.'),
    delayMs: z
      .int()
      .min(0)
      .max(86_400_000)
      .default(30_000)
      .describe('The wait before the first new create; it doubles with each further one.'),
    maxBodyKiB: z
      .int()
      .min(1)
      .max(4096)
      .default(64)
      .describe('Creates with a larger body are not kept, and so not tried again.'),
  })
  .superRefine(({ app, tag }, ctx) => {
    if (app === undefined || tag === undefined) return;
    const params = { suggestion: 'make two rules of it: the first one that matches counts' };
    ctx.addIssue({ code: 'custom', message: 'app or tag, or neither', params });
  });

/** The list as a file may have it; the first rule that matches a create counts. */
export const retryFailedSetting = z
  .array(retryRule)
  .max(RULES_MAX)
  .readonly()
  .default([])
  .describe(
    'Failed tasks that are tried again by a new create, which costs again; the first rule that matches counts.',
  );

/** One rule of the list. */
export interface RetryRule {
  readonly app?: string | undefined;
  readonly tag?: string | undefined;
  readonly max: number;
  readonly reasons: readonly RetryReason[];
  readonly delayMs: Ms;
  readonly maxBodyKiB: number;
}

/** Gives the first rule that matches a create; null without one. */
export function ruleFor(
  rules: readonly RetryRule[],
  { app, tag }: { app: string; tag: string | null },
): RetryRule | null {
  const matches = (rule: RetryRule): boolean =>
    (rule.app === undefined || rule.app === app) && (rule.tag === undefined || rule.tag === tag);
  return rules.find(matches) ?? null;
}
