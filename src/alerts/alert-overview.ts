/** The state of all alerts at one moment: for status, lists and metrics. */
import { defineRead, type Tx } from '../store/operation.ts';
import type { Ms } from '../units.ts';
import type { AlertKey, AlertValues } from './alert.ts';
import { ALERT_COLUMNS, keyOf, selectOpen, type AlertRow, type KeptBack } from './alert-rows.ts';
import type { RuleKind, Severity } from './rule-words.ts';
import { selectSilences, type Silence } from './silence-table.ts';

export interface AlertView extends AlertKey {
  fingerprint: string;
  kind: RuleKind;
  severity: Severity;
  values: AlertValues;
  startedAt: Ms;
  /** Null while it is open, and for notices. */
  endedAt: Ms | null;
  /** When its channels last got an event of it; null if it was kept back so far. */
  sentAt: Ms | null;
  keptBack: KeptBack | null;
}

export interface ChannelView {
  name: string;
  /** Events that wait, including those of an open message, and since when the oldest waits. */
  waiting: number;
  oldestAt: Ms | null;
  /** Failed attempts of the open message; 0 without one. */
  attempts: number;
  /** Undelivered messages among those that are still kept. */
  undelivered: number;
  /** The receiver's last answer to a message that it did not take; null once it took one. */
  lastError: string | null;
  lastErrorAt: Ms | null;
  lastDeliveredAt: Ms | null;
  lastTestAt: Ms | null;
  /** Null if the last test was taken, or none was made. */
  lastTestError: string | null;
  /** Since when the channel is missing in the config; null while it is there. */
  removedAt: Ms | null;
  /** Events that waited for it at that time, and were dropped. */
  dropped: number;
}

export interface AlertOverview {
  /** Open alerts: most severe first, then oldest; at most `limit`. */
  firing: AlertView[];
  /** The number of all open alerts. */
  firingCount: number;
  /** Notices, and alerts that are over: the newest first, at most `limit`. */
  recent: AlertView[];
  /** In force. */
  silences: Silence[];
  /** By name: each that is or was in the config. */
  channels: ChannelView[];
}

const SEVERITIES: readonly Severity[] = ['page', 'ticket', 'info'];

/** Gives open and recent alerts, silences, and the state of each channel. */
export const alertOverview = defineRead(
  'alerts.overview',
  async (tx: Tx, { at, limit }: { at: Ms; limit: number }): Promise<AlertOverview> => {
    const open = (await selectOpen(tx)).toSorted(
      (a, b) => SEVERITIES.indexOf(a.severity) - SEVERITIES.indexOf(b.severity) || a.startedAt - b.startedAt,
    );
    return {
      firing: open.slice(0, limit).map((row) => viewOf(row)),
      firingCount: open.length,
      recent: await selectRecent(tx, limit),
      silences: await selectSilences(tx, at),
      channels: await selectChannels(tx),
    };
  },
);

async function selectRecent(tx: Tx, limit: number): Promise<AlertView[]> {
  const rows = await tx.all<AlertRow>(
    `SELECT ${ALERT_COLUMNS} FROM alerts a WHERE a.state = 'over'
     ORDER BY COALESCE(a.ended_at, a.found_at) DESC, a.id DESC LIMIT ?`,
    limit,
  );
  return rows.map((row) => viewOf(row));
}

function viewOf(row: AlertRow): AlertView {
  const { fingerprint, kind, severity, startedAt, endedAt, sentAt, keptBack } = row;
  const values = JSON.parse(row.found) as AlertValues;
  return { ...keyOf(row), fingerprint, kind, severity, values, startedAt, endedAt, sentAt, keptBack };
}

function selectChannels(tx: Tx): Promise<ChannelView[]> {
  return tx.all<ChannelView>(
    `SELECT c.name,
       (SELECT COUNT(*) FROM alert_deliveries d WHERE d.channel = c.name AND d.state = 'waiting') AS waiting,
       (SELECT MIN(e.at) FROM alert_deliveries d JOIN alert_events e ON e.id = d.event_id
        WHERE d.channel = c.name AND d.state = 'waiting') AS "oldestAt",
       COALESCE((SELECT m.attempts FROM alert_messages m
        WHERE m.channel = c.name AND m.state = 'open'), 0) AS attempts,
       (SELECT COUNT(*) FROM alert_messages m
        WHERE m.channel = c.name AND m.state = 'undelivered') AS undelivered,
       c.last_error AS "lastError", c.failed_at AS "lastErrorAt", c.delivered_at AS "lastDeliveredAt",
       c.tested_at AS "lastTestAt", c.test_error AS "lastTestError", c.removed_at AS "removedAt", c.dropped
     FROM alert_channels c ORDER BY c.name`,
  );
}
