/** The addresses to which callbacks are relayed, and the messages to them. */
import type { SqlValue } from '../store/operation.ts';
import type { Ms } from '../units.ts';

/** The statement by which a create's own address for callbacks is kept with its hold. */
export const INSERT_RELAY =
  "INSERT INTO callback_relays (hold_id, url, state, sent_rank, next_at) VALUES (?, ?, 'open', -1, ?)";

/** Gives the values of {@link INSERT_RELAY}. */
export function relayValues(holdId: string, { url, at }: { url: string; at: Ms }): SqlValue[] {
  return [holdId, url, at];
}
