/** The events of pacing: waits for slots, throttles, and what is sent or answered again. */
import type { Ms } from '../units.ts';
import type { Log } from './log.ts';
import type { Instruments } from './metrics.ts';

export const QUEUE_RESULTS = ['slot', 'no_slot', 'gone'] as const;
export type QueueResult = (typeof QUEUE_RESULTS)[number];
export const PAUSE_REASONS = ['burst', 'retry_after'] as const;

export interface PacingEvents {
  /** An attempt is repeated. */
  retried(reason: string): void;
  /** Kling answered 429; `code` names the kind. */
  throttled(code: number | null): void;
  /** A create got its slot, or its wait timed out, after this time. */
  queueWaited(pool: string, waitedMs: Ms): void;
  /** A wait for a slot ended: with a slot, without one in time, or since its caller went away. */
  queueLeft(pool: string, result: QueueResult): void;
  /** A pool sends nothing from now on for `ms`. */
  poolPaused(pause: { pool: string; ms: Ms; why: (typeof PAUSE_REASONS)[number] }): void;
  /** A create got the first answer again. */
  replayed(kind: 'key' | 'task_id' | 'join'): void;
  /** A create joined the equal one of `holdId`, whose answer was lost. */
  createJoined(joined: { holdId: string; requestId: string; app: string }): void;
}

/** Limits label values that come from outside. */
interface Bounded {
  code(code: string): string;
  word(word: string): string;
}

/** Makes the functions of these events. */
export function createPacingEvents(
  { instruments, log }: { instruments: Instruments; log: Log },
  { code, word }: Bounded,
): PacingEvents {
  return {
    retried: (reason) => instruments.retries.add(1, word(reason)),
    throttled: (which) => instruments.throttles.add(1, which === null ? '' : code(String(which))),
    queueWaited: (pool, waitedMs) => instruments.queueWaits.observe(waitedMs / 1000, word(pool)),
    queueLeft: (pool, result) => instruments.queueEnds.add(1, word(pool), result),
    poolPaused({ pool, ms, why }) {
      instruments.pauses.add(1, word(pool), why);
      log.warn('Kling throttles: creates of this pool pause', { event: 'pool_paused', pool, ms, why });
    },
    replayed: (kind) => instruments.replays.add(1, kind),
    createJoined: (joined) =>
      log.info('a create joined an earlier equal one, whose answer was lost', {
        event: 'create_joined',
        ...joined,
      }),
  };
}
