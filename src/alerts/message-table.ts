/**
 * The rows of messages: the events that a channel is to send, with an id that stays the same until the receiver took the
 * message or the last attempt failed.
 *
 * **Invariant**: a channel has at most one open message; the next one is made only after it ended, from all events that wait
 * then. The events of a message never change.
 */
import { newId } from '../ids.ts';
import { defineWrite, type Tx } from '../store/operation.ts';
import type { Ms } from '../units.ts';
import type { AlertEvent, AlertLabels, AlertStatus, AlertValues } from './alert.ts';
import { referenceKey, type References } from './channel.ts';
import { fold, mostSevereFirst, type WaitingEvent } from './grouping.ts';
import type { RuleWord, Severity } from './rule-words.ts';

export interface OpenMessage {
  id: string;
  at: Ms;
  /** The events to be written out: at most `wordsMax`, in their order in the message. */
  events: AlertEvent[];
  /** The number of further events in the message. */
  more: number;
  /** The rule of each of its events, including those of `more`. */
  rules: RuleWord[];
  /** Failed attempts so far. */
  attempts: number;
  references: References;
}

export interface NextMessageArgs {
  channel: string;
  at: Ms;
  /** The time for which the first event waits for others. */
  groupMs: Ms;
  /** The most events that one message writes out. */
  wordsMax: number;
  /** Whether events above `wordsMax` wait for the next message, or are only counted in this one. */
  takesEach: boolean;
}

/** The message to send now, or until when to wait; null if nothing waits. */
export type NextMessage = { message: OpenMessage } | { message: null; until: Ms | null };

/** The most deliveries of one message. */
const WAITING_MAX = 1000;

/** Gives the message that a channel is to send now, and makes it if none is open; it stays open until it is marked. */
export const nextMessage = defineWrite(
  'alerts.nextMessage',
  async (tx: Tx, args: NextMessageArgs): Promise<NextMessage> => {
    const open = await tx.get<{ id: string }>(
      "SELECT id FROM alert_messages WHERE channel = ? AND state = 'open'",
      args.channel,
    );
    const waiting = open ? [] : await selectWaiting(tx, args.channel);
    if (!open && waiting.length === 0) return { message: null, until: null };
    const until = (await freeAt(tx, args)) ?? (open ? null : groupedAt(waiting, args));
    if (until !== null) return { message: null, until };
    const id = open?.id ?? (await makeMessage(tx, args, waiting));
    if (id === null) return { message: null, until: waiting.length < WAITING_MAX ? null : args.at };
    return { message: await readMessage(tx, id) };
  },
  { scope: 'exclusive' },
);

/** When the channel may be tried again, after a failure or for its pace; null if it may now, or if the clock was set back. */
async function freeAt(tx: Tx, { channel, at }: NextMessageArgs): Promise<Ms | null> {
  const row = await tx.get<{ triedAt: Ms | null; nextAt: Ms | null }>(
    'SELECT tried_at AS "triedAt", next_at AS "nextAt" FROM alert_channels WHERE name = ?',
    channel,
  );
  const { triedAt = null, nextAt = null } = row ?? {};
  return triedAt !== null && nextAt !== null && triedAt <= at && at < nextAt ? nextAt : null;
}

/** When the first event has waited long enough; null if it has, or if the clock was set back. */
function groupedAt([first]: readonly WaitingEvent[], { at, groupMs }: NextMessageArgs): Ms | null {
  return first && first.at <= at && at < first.at + groupMs ? first.at + groupMs : null;
}

async function selectWaiting(tx: Tx, channel: string): Promise<WaitingEvent[]> {
  const rows = await tx.all<Omit<WaitingEvent, 'isKnown'> & { isKnown: number }>(
    `SELECT d.event_id AS "eventId", d.alert_id AS "alertId", d.status, e.severity, e.at,
       (SELECT COUNT(*) FROM alert_deliveries k WHERE k.alert_id = d.alert_id AND k.channel = d.channel
        AND k.status <> 'resolved' AND k.state = 'delivered') AS "isKnown"
     FROM alert_deliveries d JOIN alert_events e ON e.id = d.event_id
     WHERE d.channel = ? AND d.state = 'waiting' AND d.message_id IS NULL ORDER BY d.event_id LIMIT ?`,
    channel,
    WAITING_MAX,
  );
  return rows.map((row) => ({ ...row, isKnown: row.isKnown > 0 }));
}

/** Makes a message of the waiting events; null if all of them are left out. */
async function makeMessage(
  tx: Tx,
  args: NextMessageArgs,
  waiting: readonly WaitingEvent[],
): Promise<string | null> {
  const { channel, at, groupMs, wordsMax, takesEach } = args;
  const { kept, folded } = fold(waiting, groupMs);
  for (const eventId of folded) {
    await tx.run(
      "UPDATE alert_deliveries SET state = 'folded' WHERE event_id = ? AND channel = ?",
      eventId,
      channel,
    );
  }
  if (kept.length === 0) return null;
  const id = newId('alert', at);
  const isStorm = kept.length > wordsMax && !takesEach;
  const ordered = isStorm ? mostSevereFirst(kept) : kept;
  const taken = takesEach ? ordered.slice(0, wordsMax) : ordered;
  const more = Math.max(0, taken.length - wordsMax);
  await tx.run(
    "INSERT INTO alert_messages (id, channel, state, created_at, more) VALUES (?, ?, 'open', ?, ?)",
    id,
    channel,
    at,
    more,
  );
  for (const [place, { eventId, status }] of taken.entries()) {
    await tx.run(
      'UPDATE alert_deliveries SET message_id = ?, place = ?, status = ? WHERE event_id = ? AND channel = ?',
      id,
      place < wordsMax ? place : null,
      status,
      eventId,
      channel,
    );
  }
  return id;
}

interface EventColumns {
  id: number;
  alertId: number;
  rule: RuleWord;
  labels: string;
  period: string | null;
  fingerprint: string;
  status: AlertStatus;
  severity: Severity;
  found: string;
  startedAt: Ms;
  endedAt: Ms | null;
  at: Ms;
  place: number | null;
  reference: string | null;
}

function selectEvents(tx: Tx, messageId: string): Promise<EventColumns[]> {
  return tx.all<EventColumns>(
    `SELECT e.id, a.id AS "alertId", a.rule, a.labels, a.period, a.fingerprint, d.status, e.severity, e.found,
       a.started_at AS "startedAt", e.ended_at AS "endedAt", e.at, d.place, r.reference
     FROM alert_deliveries d JOIN alert_events e ON e.id = d.event_id JOIN alerts a ON a.id = d.alert_id
     LEFT JOIN alert_references r ON r.alert_id = a.id AND r.channel = d.channel
     WHERE d.message_id = ? ORDER BY COALESCE(d.place, 1000000), e.id`,
    messageId,
  );
}

async function readMessage(tx: Tx, id: string): Promise<OpenMessage> {
  const row = await tx.get<{ at: Ms; more: number; attempts: number }>(
    'SELECT created_at AS at, more, attempts FROM alert_messages WHERE id = ?',
    id,
  );
  const { at = 0, more = 0, attempts = 0 } = row ?? {};
  const all = await selectEvents(tx, id);
  const worded = all.filter(({ place }) => place !== null);
  const known = worded.flatMap((each) =>
    each.reference === null ? [] : [[referenceKey(each), each.reference]],
  );
  return {
    id,
    at,
    more,
    attempts,
    events: worded.map((columns) => eventOf(columns)),
    rules: all.map(({ rule }) => rule),
    references: Object.fromEntries(known) as References,
  };
}

function eventOf(columns: EventColumns): AlertEvent {
  const { alertId: _alert, place: _place, reference: _reference, labels, found, ...rest } = columns;
  return { ...rest, labels: JSON.parse(labels) as AlertLabels, values: JSON.parse(found) as AlertValues };
}

export interface NoteDeliveredArgs {
  channel: string;
  id: string;
  at: Ms;
  /** When the channel may send its next message. */
  nextAt: Ms;
  references: References;
}

/** Marks a message that the receiver took, and keeps the receiver's name for each alert. */
export const noteDelivered = defineWrite(
  'alerts.noteDelivered',
  async (tx: Tx, args: NoteDeliveredArgs): Promise<void> => {
    const { channel, id, at, nextAt, references } = args;
    await tx.run(
      `UPDATE alert_channels SET tried_at = ?, next_at = ?, delivered_at = ?, last_error = NULL, failed_at = NULL
       WHERE name = ?`,
      at,
      nextAt,
      at,
      channel,
    );
    if (!(await endMessage(tx, id, 'delivered', at))) return;
    for (const event of await selectEvents(tx, id)) {
      const reference = references[referenceKey(event)];
      if (reference === undefined) continue;
      await tx.run(
        `INSERT INTO alert_references (alert_id, channel, reference) VALUES (?, ?, ?)
         ON CONFLICT (alert_id, channel) DO UPDATE SET reference = excluded.reference`,
        event.alertId,
        channel,
        reference,
      );
    }
  },
  { scope: 'own' },
);

async function endMessage(tx: Tx, id: string, state: 'delivered' | 'undelivered', at: Ms): Promise<boolean> {
  const ended = await tx.run(
    `UPDATE alert_messages SET state = ?, attempts = attempts + 1, ended_at = ? WHERE id = ? AND state = 'open'`,
    state,
    at,
    id,
  );
  if (ended === 0) return false;
  await tx.run("UPDATE alert_deliveries SET state = ? WHERE message_id = ? AND state = 'waiting'", state, id);
  return true;
}

export interface NoteFailedArgs {
  channel: string;
  id: string;
  at: Ms;
  error: string;
  /** When the channel may be tried again. */
  nextAt: Ms;
  /** Whether this was the last attempt. */
  isGivenUp: boolean;
}

/** Marks an attempt that the receiver did not take. */
export const noteFailed = defineWrite(
  'alerts.noteFailed',
  async (tx: Tx, args: NoteFailedArgs): Promise<void> => {
    const { channel, id, at, error, nextAt, isGivenUp } = args;
    await tx.run(
      'UPDATE alert_channels SET tried_at = ?, next_at = ?, last_error = ?, failed_at = ? WHERE name = ?',
      at,
      nextAt,
      error,
      at,
      channel,
    );
    await tx.run(
      isGivenUp
        ? "UPDATE alert_messages SET last_error = ? WHERE id = ? AND state = 'open'"
        : "UPDATE alert_messages SET last_error = ?, attempts = attempts + 1 WHERE id = ? AND state = 'open'",
      error,
      id,
    );
    if (isGivenUp) await endMessage(tx, id, 'undelivered', at);
  },
  { scope: 'own' },
);
