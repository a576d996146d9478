/** The rows of alerts: one for each occurrence, from the finding that began it to its end. */
import type { Tx } from '../store/operation.ts';
import type { Ms } from '../units.ts';
import type { AlertKey, Finding } from './alert.ts';
import type { RuleKind, RuleWord, Severity } from './rule-words.ts';

/** Why an alert is not sent: an operator's silence, or a stronger alert (`inhibition.ts`). */
export type KeptBack = 'silence' | 'inhibited';

export interface AlertRow {
  id: number;
  fingerprint: string;
  rule: RuleWord;
  kind: RuleKind;
  /** JSON. */
  labels: string;
  period: string | null;
  severity: Severity;
  /** The last finding's values as JSON. */
  found: string;
  startedAt: Ms;
  foundAt: Ms;
  /** Null while it is open, and for notices. */
  endedAt: Ms | null;
  /** When its channels last got an event of it; null if it was kept back so far. */
  sentAt: Ms | null;
  keptBack: KeptBack | null;
}

/** The columns of {@link AlertRow}, for a table named `a`. */
export const ALERT_COLUMNS =
  'a.id, a.fingerprint, a.rule, a.kind, a.labels, a.period, a.severity, a.found, a.started_at AS "startedAt", ' +
  'a.found_at AS "foundAt", a.ended_at AS "endedAt", a.sent_at AS "sentAt", a.kept_back AS "keptBack"';

/** Gives the key of an alert's row. */
export function keyOf(row: AlertRow): AlertKey {
  return { rule: row.rule, labels: JSON.parse(row.labels) as AlertKey['labels'], period: row.period };
}

/** Gives all open alerts, oldest first. */
export function selectOpen(tx: Tx): Promise<AlertRow[]> {
  return tx.all<AlertRow>(`SELECT ${ALERT_COLUMNS} FROM alerts a WHERE a.state = 'open' ORDER BY a.id`);
}

/** Gives the last alert of a fingerprint, open or not. */
export function selectLast(tx: Tx, fingerprint: string): Promise<AlertRow | undefined> {
  return tx.get<AlertRow>(
    `SELECT ${ALERT_COLUMNS} FROM alerts a WHERE a.fingerprint = ? ORDER BY a.id DESC LIMIT 1`,
    fingerprint,
  );
}

export interface NewAlert {
  finding: Finding;
  fingerprint: string;
  kind: RuleKind;
  severity: Severity;
  startedAt: Ms;
  at: Ms;
  keptBack: KeptBack | null;
}

/** Writes a new alert. A notice is over as soon as it is written. */
export async function insertAlert(tx: Tx, alert: NewAlert): Promise<AlertRow> {
  const { finding, fingerprint, kind, severity, startedAt, at, keptBack } = alert;
  const rest = {
    fingerprint,
    rule: finding.rule,
    kind,
    labels: JSON.stringify(finding.labels),
    period: finding.period,
    severity,
    found: JSON.stringify(finding.values),
    startedAt,
    foundAt: at,
    endedAt: null,
    sentAt: keptBack === null ? at : null,
    keptBack,
  };
  const row = await tx.get<{ id: number }>(
    `INSERT INTO alerts (fingerprint, rule, kind, labels, period, severity, found, state, started_at, found_at, sent_at,
       kept_back) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id`,
    fingerprint,
    rest.rule,
    kind,
    rest.labels,
    rest.period,
    severity,
    rest.found,
    kind === 'notice' ? 'over' : 'open',
    startedAt,
    at,
    rest.sentAt,
    keptBack,
  );
  return { id: row?.id ?? 0, ...rest };
}

/** Keeps the last values and severity of an open alert, or opens it again; does nothing if they are the same. */
export async function updateAlert(tx: Tx, id: number, severity: Severity, found: string): Promise<void> {
  await tx.run(
    `UPDATE alerts SET severity = ?, found = ?, state = 'open', ended_at = NULL
     WHERE id = ? AND (severity <> ? OR found <> ? OR state <> 'open')`,
    severity,
    found,
    id,
    severity,
    found,
  );
}

/** Ends an open alert. */
export async function endAlert(tx: Tx, id: number, endedAt: Ms): Promise<void> {
  await tx.run("UPDATE alerts SET state = 'over', ended_at = ? WHERE id = ? AND state = 'open'", endedAt, id);
}

/** Records that an alert was given to its channels, or why it was not. */
export async function noteSent(
  tx: Tx,
  id: number,
  sentAt: Ms | null,
  keptBack: KeptBack | null,
): Promise<void> {
  await tx.run('UPDATE alerts SET sent_at = ?, kept_back = ? WHERE id = ?', sentAt, keptBack, id);
}

/** Remembers that a notice or period began; false if it was known. */
export async function takeAlertKey(tx: Tx, fingerprint: string, at: Ms): Promise<boolean> {
  const sql = 'INSERT INTO alert_keys (fingerprint, at) VALUES (?, ?) ON CONFLICT (fingerprint) DO NOTHING';
  return (await tx.run(sql, fingerprint, at)) > 0;
}

/** Remembers that a fact of the outbox was taken; false if it was known. */
export async function takeFact(tx: Tx, factId: number, at: Ms): Promise<boolean> {
  const sql = 'INSERT INTO alert_facts (fact_id, at) VALUES (?, ?) ON CONFLICT (fact_id) DO NOTHING';
  return (await tx.run(sql, factId, at)) > 0;
}

/** Gives when the last alert of a rule ended; null if none ended. */
export async function lastEndOf(tx: Tx, rule: RuleWord): Promise<Ms | null> {
  const row = await tx.get<{ endedAt: Ms | null }>(
    'SELECT MAX(ended_at) AS "endedAt" FROM alerts WHERE rule = ?',
    rule,
  );
  return row?.endedAt ?? null;
}
