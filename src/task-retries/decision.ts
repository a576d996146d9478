/**
 * What follows for a create whose task may be tried again, once it has ended.
 *
 * A task that failed for a reason of its rule is tried again after the rule's delay, which doubles with each number. A retry that made
 * no task is tried again as the same number, if Kling's refusal can pass by itself. All else ends the chain.
 *
 * **Invariant**: content policy is never tried again, by any rule.
 */
import { AUTHENTICATION_CODES, codeInfo } from '../kling/codes.ts';
import { failureReason } from '../kling/task-failures.ts';
import { doublingWait, type Doubling } from '../retry.ts';
import type { ChainEnd, OpenChain, QueueArgs } from '../tasks/retry-table.ts';
import type { Ms } from '../units.ts';
import type { RetryReason, RetryRule } from './retry-rules.ts';

/** How long a retry is tried again that could not be made when it was due. */
export const WAIT_MS_MAX: Ms = 86_400_000;
/** The longest time that a body is kept for a task without an end: a day after Kling's tasks are lost. */
const KEPT_MS_MAX: Ms = 31 * 86_400_000;
const DELAY_MS_MAX: Ms = 86_400_000;
/** The waits after a retry that was refused, or made no task. */
const REFUSED: Doubling = { firstMs: 30_000, maxMs: 900_000 };

export type Decision =
  | { kind: 'wait' }
  | { kind: 'end'; why: ChainEnd }
  | ({ kind: 'queue' } & Omit<QueueArgs, 'firstHoldId' | 'holdId'>);

/** Decides about an open chain by its last create; `wait` while that create has no end. */
export function decide(
  chain: OpenChain,
  rule: RetryRule | null,
  { at, random }: { at: Ms; random: number },
): Decision {
  if (chain.taskState === 'succeeded') return end('succeeded');
  if (chain.taskState === 'failed') return afterFailure(chain, rule, at);
  if (chain.taskId === null && chain.holdState !== 'held') return afterNoTask(chain, rule, { at, random });
  return at - chain.firstAt > KEPT_MS_MAX ? end('kept_too_long') : { kind: 'wait' };
}

function end(why: ChainEnd): Decision {
  return { kind: 'end', why };
}

function afterFailure({ number, taskMessage: note }: OpenChain, rule: RetryRule | null, at: Ms): Decision {
  if (rule === null) return end('no_rule');
  const reason = failureReason(note);
  if (reason === 'content' || !isIn(rule.reasons, reason)) return end('not_a_reason');
  if (number >= rule.max) return end('no_more');
  const dueAt = at + delayMs(rule, number);
  return { kind: 'queue', number, reason, tries: 0, note, waitingSince: at, dueAt };
}

/** Gives the wait after a failure; `number` is that of the create that failed, 0 for the first. */
function delayMs(rule: RetryRule, number: number): Ms {
  return doublingWait(number, { firstMs: rule.delayMs, maxMs: DELAY_MS_MAX });
}

/** Returns whether a retry has waited too long; `number` is that of the create that failed. */
export function isTooLate(
  rule: RetryRule,
  { number, waitingSince }: { number: number; waitingSince: Ms },
  at: Ms,
): boolean {
  return at - waitingSince > delayMs(rule, number) + WAIT_MS_MAX;
}

function isIn(reasons: readonly RetryReason[], reason: RetryReason): boolean {
  return reasons.includes(reason);
}

/** A create of an app that made no task was answered as that: its caller decides. */
function afterNoTask(
  { number, tries, reason, waitingSince, code }: OpenChain,
  rule: RetryRule | null,
  { at, random }: { at: Ms; random: number },
): Decision {
  if (number === 0 || reason === null || waitingSince === null) return end('no_task');
  if (rule === null) return end('no_rule');
  if (code !== null && !isPassing(code)) return end('refused');
  if (isTooLate(rule, { number: number - 1, waitingSince }, at)) return end('waited_too_long');
  const note = code === null ? 'Kling made no task' : `Kling refused it with code ${code}`;
  const dueAt = at + refusedWaitMs(tries, random);
  return { kind: 'queue', number: number - 1, reason, tries: tries + 1, note, waitingSince, dueAt };
}

/** Returns whether Kling may take the same create later. */
function isPassing(code: number): boolean {
  const info = codeInfo(code);
  return info === null || info.accountWide || info.retry !== 'never' || AUTHENTICATION_CODES.has(code);
}

/** Gives the wait after a retry that was refused; `tries` is the number of those before it. */
export function refusedWaitMs(tries: number, random: number): Ms {
  const most = doublingWait(Math.min(tries, 20), REFUSED);
  return Math.floor(most * (1 + random) * 0.5);
}
