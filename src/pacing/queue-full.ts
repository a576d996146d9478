/** The refusal of a create that waited without success, or that found the queue full. */
import { SidecarError } from '../errors.ts';
import type { Ms } from '../units.ts';
import type { Room } from './room.ts';
import { poolsOf, type SlotRequest } from './slot.ts';

/** The shortest and the longest `Retry-After`; the AI SDK obeys no longer one. */
const RETRY_SECONDS_MIN = 1;
const RETRY_SECONDS_MAX = 60;

/**
 * Makes the refusal `queue_full` of a create with `ahead` others before it.
 *
 * Its `Retry-After` is the estimate of its wait, less half of the longest wait: so it comes back somewhat early and waits
 * for the rest, and a slot that becomes free does not wait for it.
 */
export function queueFull(
  room: Room,
  request: SlotRequest,
  { ahead, why }: { ahead: number; why: string },
): { error: SidecarError; retryAfterMs: Ms } {
  const pools = poolsOf(request);
  const pool = room.limitedOf(pools);
  const limit = pool === null ? null : (room.options.limits.of(pool)?.limit ?? null);
  const waitMs = room.waitsOf(request, pools)(ahead) - room.options.queueWaitMsMax / 2;
  const seconds = Math.ceil(waitMs / 1_000);
  const retryAfterSeconds = Math.min(RETRY_SECONDS_MAX, Math.max(RETRY_SECONDS_MIN, seconds));
  const error = new SidecarError(
    'queue_full',
    `${whatLacks(room, request)}: ${why}. Nothing was sent or held; try again later.`,
    { detail: { pool: pool ?? request.product, limit, retryAfterSeconds } },
  );
  return { error, retryAfterMs: retryAfterSeconds * 1_000 };
}

function whatLacks(room: Room, request: SlotRequest): string {
  const lacking = room.lackOf(request);
  if (lacking === 'account_rate') return 'The requests of this minute are used up';
  if (lacking === 'app_rate') return `The requests of this minute of the app ${request.app} are used up`;
  const pool = room.poolLackedBy(request);
  if (room.pauses.of(pool) !== null) return `Creates of ${pool} pause, since Kling refused several with 429`;
  const limit = room.options.limits.of(pool)?.limit;
  return `No slot of ${pool}${limit === undefined ? '' : ` (limit ${limit})`} is free`;
}
