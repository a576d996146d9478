/**
 * Decides whether a read is sent again. It makes nothing, so only the time of its caller and the load of Kling matter.
 *
 * At once, if no answer had begun: a second try; a free write only if no byte of it had left. After a wait
 * (`pacing/backoff.ts`), if Kling answers with a 5xx, 1302 or 1303: {@link ANSWERED_TRIES_MAX} tries within the read's time.
 * The answer of the last try goes to the caller as it came.
 *
 * **Invariant**: nothing is sent again while the sidecar stops, after the caller went away, or after a byte of an answer was passed
 * on. In `observe` mode only a read without an answer is: a connection that Kling closed while it was idle must not show.
 */
import { sleep } from '../clock.ts';
import { isServerError } from '../calls/outcome.ts';
import { SidecarError } from '../errors.ts';
import { codeInfo } from '../kling/codes.ts';
import { backoffMs } from '../pacing/backoff.ts';
import type { Ms } from '../units.ts';
import type { AnswerHead, AttemptFailure } from '../upstream/attempt.ts';
import { askedMsOf } from '../upstream/headers.ts';
import type { CreateDeps } from './create-request.ts';
import type { ReadRequest } from './read-request.ts';

/** Tries of a read without an answer: a second one goes at once. */
const ATTEMPTS_MAX = 2;
/** Tries of a read that Kling answers with a 5xx, 1302 or 1303: each after a longer wait. */
const ANSWERED_TRIES_MAX = 3;

/** Returns whether a read is sent once more after a failure. */
export function mayRepeat(
  { slots }: Pick<CreateDeps, 'slots'>,
  { frame }: ReadRequest,
  { failure, attempt }: { failure: AttemptFailure; attempt: number },
): boolean {
  const isOver = failure.errorClass === 'headers_timeout' || failure.errorClass === 'no_connection';
  const mayPass = attempt < ATTEMPTS_MAX && !isOver && (!failure.sent || frame.method !== 'POST');
  return mayPass && !slots.isClosed;
}

/** The outcome that Kling's answer was kept back: the read is sent again after a wait. */
export interface Again {
  waitMs: Ms;
  reason: 'server_error' | 'throttled';
}

/** An answer that was kept back; the code is null if its body has none or broke off. */
export interface HeldBack {
  head: AnswerHead;
  code: number | null;
  attempt: number;
}

/** Returns whether an answer may be followed by another one soon, by its head: then it is kept back until its code is known. */
export function mayBeAskedAgain(
  { frame, route, settings }: ReadRequest,
  { status }: AnswerHead,
  attempt: number,
): boolean {
  if (status !== 429 && !isServerError(status)) return false;
  const isRead = frame.method !== 'POST' || route?.kind === 'read';
  return settings.mode === 'protect' && isRead && attempt < ANSWERED_TRIES_MAX;
}

/** Gives the wait before the next try, after an answer that was kept back; null if it is passed on. */
export function askedAgain(
  { clock, random, slots }: Pick<CreateDeps, 'clock' | 'random' | 'slots'>,
  { caller, startedTick, settings }: ReadRequest,
  { head, code, attempt: tries }: HeldBack,
): Again | null {
  const isThrottled = head.status === 429;
  const isPassing = isThrottled
    ? code !== null && codeInfo(code)?.retry === 'wait'
    : isServerError(head.status);
  if (!isPassing || slots.isClosed) return null;
  const askedMs = askedMsOf(head.headers, clock.now());
  const waitMs = backoffMs(isThrottled ? 'throttled' : 'failed', { tries, askedMs, random: random() });
  const limitMs = Math.min(settings.deadlineMs, caller.timeoutMs ?? settings.deadlineMs);
  if (waitMs === null || clock.monotonic() + waitMs > startedTick + limitMs) return null;
  return { waitMs, reason: isThrottled ? 'throttled' : 'server_error' };
}

/** Waits before the next try; the wait ends when the caller closes its connection. */
export async function waitForAgain(
  { clock }: Pick<CreateDeps, 'clock'>,
  { response }: ReadRequest,
  { waitMs }: Again,
): Promise<void> {
  const gone = new AbortController();
  const onClose = (): void => gone.abort();
  response.once('close', onClose);
  await sleep(clock, waitMs, gone.signal).catch(() => undefined);
  response.off('close', onClose);
}

/** Gives our refusal of a read that Kling brought no answer to: `upstream_timeout` or `upstream_unreachable`. */
export function noAnswerError(failure: AttemptFailure): SidecarError {
  return new SidecarError(
    failure.isLate ? 'upstream_timeout' : 'upstream_unreachable',
    `Kling brought no answer to this read (${failure.cause}).`,
    { detail: { sent: failure.sent ? 'yes' : 'no', cause: failure.cause } },
  );
}
