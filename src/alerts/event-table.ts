/** The rows of events and their deliveries to channels. */
import type { Tx } from '../store/operation.ts';
import type { Ms } from '../units.ts';
import type { AlertStatus } from './alert.ts';
import type { AlertRow } from './alert-rows.ts';
import type { RuleWord } from './rule-words.ts';
import type { AlertSettings } from './settings.ts';

/** Gives the names of the channels that a rule's alerts go to, in the order of the config. */
export function channelsOf(rule: RuleWord, settings: AlertSettings): string[] {
  const wanted = settings.rules[rule].channels;
  return settings.channels.filter((name) => wanted === null || wanted.includes(name));
}

export interface NewEvent {
  alert: AlertRow;
  status: AlertStatus;
  at: Ms;
  endedAt: Ms | null;
  /** Names of channels; a delivery waits for each. */
  channels: readonly string[];
}

/** Writes an event and a waiting delivery for each of its channels. */
export async function insertEvent(tx: Tx, { alert, status, at, endedAt, channels }: NewEvent): Promise<void> {
  const event = await tx.get<{ id: number }>(
    `INSERT INTO alert_events (alert_id, status, severity, found, ended_at, at)
     VALUES (?, ?, ?, ?, ?, ?) RETURNING id`,
    alert.id,
    status,
    alert.severity,
    alert.found,
    endedAt,
    at,
  );
  for (const channel of channels) {
    await tx.run(
      `INSERT INTO alert_deliveries (event_id, channel, alert_id, status, state) VALUES (?, ?, ?, ?, 'waiting')`,
      event?.id ?? null,
      channel,
      alert.id,
      status,
    );
  }
}

/** Gives the channels that were sent an alert, or will be sent it with their waiting deliveries. */
export async function channelsThatKnow(tx: Tx, alertId: number): Promise<string[]> {
  const rows = await tx.all<{ channel: string }>(
    `SELECT DISTINCT channel FROM alert_deliveries
     WHERE alert_id = ? AND status <> 'resolved' AND state IN ('waiting', 'delivered') ORDER BY channel`,
    alertId,
  );
  return rows.map(({ channel }) => channel);
}

/** Returns whether some channel has, or is being sent, an alert's beginning. */
export async function isBegunSent(tx: Tx, alertId: number): Promise<boolean> {
  const sent = await tx.get(
    `SELECT 1 AS sent FROM alert_deliveries WHERE alert_id = ? AND status <> 'resolved' AND message_id IS NOT NULL
     AND state IN ('waiting', 'delivered') LIMIT 1`,
    alertId,
  );
  return sent !== undefined;
}

/** Returns whether some channel has, or is being sent, an alert's end. */
export async function isEndSent(tx: Tx, alertId: number): Promise<boolean> {
  const sent = await tx.get(
    `SELECT 1 AS sent FROM alert_deliveries WHERE alert_id = ? AND status = 'resolved' AND message_id IS NOT NULL LIMIT 1`,
    alertId,
  );
  return sent !== undefined;
}

/** Withdraws deliveries of an alert's end that are in no message yet. */
export async function takeBackEnd(tx: Tx, alertId: number): Promise<void> {
  await tx.run(
    `UPDATE alert_deliveries SET state = 'folded'
     WHERE alert_id = ? AND status = 'resolved' AND state = 'waiting' AND message_id IS NULL`,
    alertId,
  );
}

/** Withdraws deliveries of an alert's beginning and repeats that are in no message yet; gives their number. */
export async function takeBackFiring(tx: Tx, alertId: number): Promise<number> {
  return tx.run(
    `UPDATE alert_deliveries SET state = 'folded'
     WHERE alert_id = ? AND status <> 'resolved' AND state = 'waiting' AND message_id IS NULL`,
    alertId,
  );
}
