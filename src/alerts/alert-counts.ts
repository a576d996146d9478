/** The numbers of firing alerts and waiting events, for the gauges. */
import { defineRead, type Tx } from '../store/operation.ts';
import type { Ms } from '../units.ts';
import type { RuleWord, Severity } from './rule-words.ts';

export interface AlertCounts {
  /** Rules with firing alerts. */
  firing: { rule: RuleWord; severity: Severity; count: number }[];
  /** Channels with waiting events. */
  waiting: { channel: string; events: number; oldestAt: Ms }[];
}

/** Counts firing alerts by rule and severity, and waiting events by channel. */
export const countAlerts = defineRead('alerts.count', async (tx: Tx): Promise<AlertCounts> => {
  return {
    firing: await tx.all(
      `SELECT rule, severity, COUNT(*) AS count FROM alerts WHERE state = 'open'
       GROUP BY rule, severity ORDER BY rule, severity`,
    ),
    waiting: await tx.all(
      `SELECT d.channel, COUNT(*) AS events, MIN(e.at) AS "oldestAt"
       FROM alert_deliveries d JOIN alert_events e ON e.id = d.event_id
       WHERE d.state = 'waiting' GROUP BY d.channel ORDER BY d.channel`,
    ),
  };
});
