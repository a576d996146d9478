/** Chooses the waiting events for a channel's next message. No store, no clock. */
import type { Ms } from '../units.ts';
import type { AlertStatus } from './alert.ts';
import type { Severity } from './rule-words.ts';

/** A delivery that waits. */
export interface WaitingEvent {
  eventId: number;
  alertId: number;
  status: AlertStatus;
  severity: Severity;
  at: Ms;
  /** Whether the channel was sent the alert's beginning before. */
  isKnown: boolean;
}

export interface Folded {
  /** The events to send, oldest first; the status is the one for this channel. */
  kept: WaitingEvent[];
  /** Events that later ones of the same alert replace. */
  folded: number[];
}

/**
 * Leaves out events that later ones of the same alert replace: a beginning and an end within `groupMs`, all repeats but the
 * last, a repeat before the end, and an end whose beginning the channel was not sent. An alert that lasted longer than
 * `groupMs` while the channel could not be reached keeps its beginning and its end.
 *
 * @param waiting oldest first.
 */
export function fold(waiting: readonly WaitingEvent[], groupMs: Ms): Folded {
  const kept: WaitingEvent[] = [];
  for (const events of Map.groupBy(waiting, ({ alertId }) => alertId).values()) {
    kept.push(...foldAlert(events, groupMs));
  }
  kept.sort((a, b) => a.eventId - b.eventId);
  const keptIds = new Set(kept.map(({ eventId }) => eventId));
  return { kept, folded: waiting.map(({ eventId }) => eventId).filter((id) => !keptIds.has(id)) };
}

function foldAlert(events: readonly WaitingEvent[], groupMs: Ms): WaitingEvent[] {
  const end = events.findLast(({ status }) => status === 'resolved');
  const firing = events.filter(({ status }) => status !== 'resolved');
  const [first, last] = [firing[0], firing.at(-1)];
  if (!first || !last) return end?.isKnown ? [end] : [];
  if (!end) return [{ ...last, status: last.isKnown ? 'repeat' : 'firing' }];
  if (first.isKnown) return [end];
  return end.at - first.at < groupMs ? [] : [{ ...last, status: 'firing' }, end];
}

const RANKS: Readonly<Record<Severity, number>> = { page: 0, ticket: 1, info: 2 };

/** Orders events for a digest: open alerts by severity, then those that are over; the oldest of each first. */
export function mostSevereFirst(events: readonly WaitingEvent[]): WaitingEvent[] {
  const isOver = ({ status }: WaitingEvent): number => (status === 'resolved' ? 1 : 0);
  return events.toSorted(
    (a, b) => isOver(a) - isOver(b) || RANKS[a.severity] - RANKS[b.severity] || a.eventId - b.eventId,
  );
}
