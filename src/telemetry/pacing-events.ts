/** The events of pacing: waits for slots, throttles, and what is sent or answered again. */
import type { Ms } from '../units.ts';
import type { Instruments } from './metrics.ts';

export interface PacingEvents {
  /** An attempt is repeated. */
  retried(reason: string): void;
  /** Kling answered 429; `code` names the kind. */
  throttled(code: number | null): void;
  /** A create got its slot, or its wait timed out, after this time. */
  queueWaited(pool: string, waitedMs: Ms): void;
  /** A create got the first answer again. */
  replayed(kind: 'key' | 'task_id'): void;
}

/** Limits label values that come from outside. */
interface Bounded {
  code(code: string): string;
  word(word: string): string;
}

/** Makes the functions of these events, which only count. */
export function createPacingEvents(instruments: Instruments, { code, word }: Bounded): PacingEvents {
  return {
    retried: (reason) => instruments.retries.add(1, word(reason)),
    throttled: (which) => instruments.throttles.add(1, which === null ? '' : code(String(which))),
    queueWaited: (pool, waitedMs) => instruments.queueWaits.observe(waitedMs / 1000, word(pool)),
    replayed: (kind) => instruments.replays.add(1, kind),
  };
}
