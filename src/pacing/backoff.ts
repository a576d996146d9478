/**
 * The wait before a request is sent again: random below a bound that doubles ("full jitter"), so that callers which failed
 * together do not come back together.
 */
import { doublingWait } from '../retry.ts';
import type { Ms } from '../units.ts';

/** The longest wait that we choose ourselves. */
export const BACKOFF_MS_MAX = 60_000;
/** The most sends of one request, the first included. */
export const TRIES_MAX = 5;

/** Why a request is sent again: Kling has too much to do (429), or it failed or was not reached (5xx, no connection). */
export type BackoffReason = 'throttled' | 'failed';

const BASE_MS: Readonly<Record<BackoffReason, Ms>> = { throttled: 1_000, failed: 2_000 };

export interface Backoff {
  /** The number of sends before this wait, 1 or more. */
  tries: number;
  /** The wait that the answer asks for (`Retry-After`), or null: it is never shortened. */
  askedMs: Ms | null;
  /** From 0 to below 1. */
  random: number;
}

/** Gives the wait before the next send; null after {@link TRIES_MAX} sends. */
export function backoffMs(reason: BackoffReason, { tries, askedMs, random }: Backoff): Ms | null {
  if (tries >= TRIES_MAX) return null;
  const most = doublingWait(tries - 1, { firstMs: BASE_MS[reason], maxMs: BACKOFF_MS_MAX });
  return Math.max(Math.floor(random * most), askedMs ?? 0);
}
