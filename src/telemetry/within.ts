/** Waiting with a limit. */
import type { Clock } from '../clock.ts';
import type { Ms } from '../units.ts';

/** Waits for a promise at most `limitMs`; undefined where it was not settled by then. */
export async function within<T>(clock: Clock, limitMs: Ms, promise: Promise<T>): Promise<T | undefined> {
  const { promise: late, resolve } = Promise.withResolvers<undefined>();
  const timer = clock.after(limitMs, () => resolve(undefined));
  try {
    return await Promise.race([promise, late]);
  } finally {
    timer.cancel();
  }
}
