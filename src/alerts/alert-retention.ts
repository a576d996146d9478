/**
 * Drops old rows of alerts.
 *
 * **Invariant**: an open alert and events that wait for a channel are never dropped. The keys that make a notice or period
 * happen only once are kept for {@link KEYS_KEPT_MS} longer than the alerts. One run drops at most {@link ROWS_MAX} rows of
 * each kind, so that no create waits for it; `more` asks for another run.
 */
import { defineWrite, type Tx } from '../store/operation.ts';
import type { Ms } from '../units.ts';

const ROWS_MAX = 500;
/** Longer than the longest window with an end, and than the time for which a claim's month may be checked again. */
export const KEYS_KEPT_MS: Ms = 400 * 86_400_000;

/** Drops alerts that were over before an instant with their events, messages, silences and facts. */
export const dropOldAlerts = defineWrite(
  'alerts.dropOld',
  async (tx: Tx, args: { before: Ms }): Promise<{ dropped: number; more: boolean }> => {
    const counts: number[] = [];
    for (const { sql, before } of DROPS) counts.push(await tx.run(sql, before(args.before), ROWS_MAX));
    return { dropped: counts[0] ?? 0, more: Math.max(...counts) >= ROWS_MAX };
  },
  { scope: 'exclusive' },
);

/** Each takes an instant, exclusive, and a number of rows. */
const DROPS: readonly { sql: string; before: (before: Ms) => Ms }[] = [
  {
    sql: `DELETE FROM alerts WHERE id IN (
      SELECT a.id FROM alerts a WHERE a.state = 'over' AND COALESCE(a.ended_at, a.found_at) < ? AND NOT EXISTS (
        SELECT 1 FROM alert_deliveries d WHERE d.alert_id = a.id AND d.state = 'waiting')
      ORDER BY a.id LIMIT ?)`,
    before: (before) => before,
  },
  {
    sql: 'DELETE FROM alert_messages WHERE id IN (SELECT id FROM alert_messages WHERE ended_at < ? ORDER BY id LIMIT ?)',
    before: (before) => before,
  },
  {
    sql: 'DELETE FROM alert_silences WHERE rule IN (SELECT rule FROM alert_silences WHERE until < ? ORDER BY rule LIMIT ?)',
    before: (before) => before,
  },
  {
    sql: 'DELETE FROM alert_facts WHERE fact_id IN (SELECT fact_id FROM alert_facts WHERE at < ? ORDER BY fact_id LIMIT ?)',
    before: (before) => before,
  },
  {
    // A period whose alert is still open keeps its key.
    sql: `DELETE FROM alert_keys WHERE fingerprint IN (
      SELECT k.fingerprint FROM alert_keys k WHERE k.at < ? AND NOT EXISTS (
        SELECT 1 FROM alerts a WHERE a.fingerprint = k.fingerprint) ORDER BY k.at LIMIT ?)`,
    before: (before) => before - KEYS_KEPT_MS,
  },
];
