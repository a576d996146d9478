/**
 * Control checks, operators' corrections, and the blame of each attempt that never arrived.
 *
 * **Invariant**: a change of an attempt's blame moves its count in the same transaction. The order of trust is
 * operator, recorder (in an import), check, none; a late check never overrides a stronger source.
 */
import { recordAudit } from '../budget/audit-table.ts';
import { BLAMES, type Blame, type Proof } from '../calls/outcome.ts';
import { SidecarError } from '../errors.ts';
import { newId } from '../ids.ts';
import { defineRead, defineWrite, type Tx } from '../store/operation.ts';
import type { Ms } from '../units.ts';
import { blameFrom, CHECK_DELAY_MS, CHECK_EVERY_MS, type ControlCheck, type LastWorking } from './blame.ts';
import type { CountOrigin } from './counts.ts';
import { exclusionSpans } from './exclusion-table.ts';
import { spansHold, windowStart, type Span } from './window.ts';

/** The source of an attempt's blame. */
export type BlameBasis = 'none' | 'check' | 'recorder' | 'operator';

interface UnreachableRow {
  call_id: string;
  at: Ms;
  host: string;
  origin: CountOrigin;
  retry: number;
  blame: Blame;
  proof: Proof;
}

const UNREACHABLE_COLUMNS = 'call_id, at, host, origin, retry, blame, proof';

/** An operator's correction of whose fault a time range was. */
export interface Correction extends Span {
  id: string;
  blame: 'upstream' | 'local';
  source: string;
  actor: string;
  at: Ms;
}

/** Finds the blame of an attempt when it is journalled. */
export async function blameFor(
  tx: Tx,
  attempt: { at: Ms; endedAt: Ms; recorded: Blame | null; proof: Proof },
): Promise<{ blame: Blame; basis: BlameBasis }> {
  const correction = await tx.get<{ blame: Blame }>(
    'SELECT blame FROM sla_corrections WHERE from_at <= ? AND to_at > ? ORDER BY id DESC LIMIT 1',
    attempt.at,
    attempt.at,
  );
  if (correction) return { blame: correction.blame, basis: 'operator' };
  if (attempt.recorded !== null) return { blame: attempt.recorded, basis: 'recorder' };
  if (attempt.proof === 'none') return { blame: 'unknown', basis: 'none' };
  const row = await tx.get<CheckRow>(
    'SELECT at, reached, resolved FROM sla_control_checks WHERE at <= ? AND at > ? ORDER BY at DESC LIMIT 1',
    attempt.endedAt + CHECK_DELAY_MS,
    attempt.endedAt - CHECK_EVERY_MS,
  );
  if (!row) return { blame: 'unknown', basis: 'none' };
  const check = toCheck(row);
  return { blame: blameFrom(check, attempt.proof, await lastWorking(tx, check.at)), basis: 'check' };
}

interface CheckRow {
  at: Ms;
  reached: number;
  resolved: number | null;
}

function toCheck({ at, reached, resolved }: CheckRow): Pick<ControlCheck, 'at' | 'reached' | 'resolved'> {
  return { at, reached: reached === 1, resolved: resolved === null ? null : resolved === 1 };
}

/** Records a control check and sets the blame of the attempts that waited for it; gives their number by blame. */
export const recordControlCheck = defineWrite(
  'sla.recordControlCheck',
  async (tx, check: ControlCheck): Promise<Record<Blame, number>> => {
    const last = await lastWorking(tx, check.at);
    await tx.run(
      'INSERT INTO sla_control_checks (id, at, reached, resolved, detail) VALUES (?, ?, ?, ?, ?)',
      newId('check', check.at),
      check.at,
      Number(check.reached),
      check.resolved === null ? null : Number(check.resolved),
      JSON.stringify(check.detail),
    );
    const waiting = await tx.all<UnreachableRow>(
      `SELECT ${UNREACHABLE_COLUMNS} FROM sla_unreachable ` +
        "WHERE basis = 'none' AND proof <> 'none' AND ended_at > ? AND ended_at <= ? ORDER BY at, call_id",
      check.at - CHECK_EVERY_MS,
      check.at + CHECK_DELAY_MS,
    );
    const blamed: Record<Blame, number> = { upstream: 0, local: 0, unknown: 0 };
    for (const proof of ['address', 'name'] as const) {
      const rows = waiting.filter((row) => row.proof === proof);
      const blame = blameFrom(check, proof, last);
      await setBlame(tx, rows, { blame, basis: 'check' });
      blamed[blame] += rows.length;
    }
    return blamed;
  },
  { scope: 'exclusive' },
);

/** Corrects the blame of every attempt within a span that never arrived, now and when it is imported later. */
export const correctBlame = defineWrite(
  'sla.correctBlame',
  async (tx, correction: Omit<Correction, 'id'>): Promise<{ id: string; attempts: number }> => {
    if (correction.end <= correction.start) {
      throw new SidecarError('bad_usage', 'sla blame: --to must be after --from.');
    }
    const id = newId('blame', correction.at);
    const { start, end, blame, source, actor, at } = correction;
    await tx.run(
      'INSERT INTO sla_corrections (id, from_at, to_at, blame, source, actor, at) VALUES (?, ?, ?, ?, ?, ?, ?)',
      id,
      start,
      end,
      blame,
      source,
      actor,
      at,
    );
    const rows = await tx.all<UnreachableRow>(
      `SELECT ${UNREACHABLE_COLUMNS} FROM sla_unreachable WHERE at >= ? AND at < ? ORDER BY at, call_id`,
      start,
      end,
    );
    await setBlame(tx, rows, { blame, basis: 'operator' });
    const before = tallyOf(rows);
    await recordAudit(tx, {
      at,
      actor,
      action: 'sla.blame',
      subject: `${new Date(start).toISOString()}/${new Date(end).toISOString()}`,
      before,
      after: `${blame} ${rows.length}`,
      reason: source,
    });
    return { id, attempts: rows.length };
  },
  { scope: 'exclusive' },
);

function tallyOf(rows: readonly UnreachableRow[]): string {
  return BLAMES.map((blame) => `${blame} ${rows.filter((row) => row.blame === blame).length}`).join(', ');
}

async function setBlame(
  tx: Tx,
  rows: readonly UnreachableRow[],
  to: { blame: Blame; basis: BlameBasis },
): Promise<void> {
  const first = rows[0];
  if (!first) return;
  let start = first.at;
  let end = first.at;
  for (const { at } of rows) {
    start = Math.min(start, at);
    end = Math.max(end, at);
  }
  const excluded = await exclusionSpans(tx, { start, end: end + 1 });
  for (const row of rows) {
    await tx.run(
      'UPDATE sla_unreachable SET blame = ?, basis = ? WHERE call_id = ?',
      to.blame,
      to.basis,
      row.call_id,
    );
    if (row.blame !== to.blame)
      await moveCount(tx, row, { to: to.blame, excluded: spansHold(excluded, row.at) });
  }
}

async function moveCount(
  tx: Tx,
  row: UnreachableRow,
  change: { to: Blame; excluded: boolean },
): Promise<void> {
  const from = `unreachable_${row.blame}`;
  const to = `unreachable_${change.to}`;
  const slice = [windowStart(row.at), row.host, row.origin, row.retry, Number(change.excluded)];
  const isSlice = 'window_start = ? AND host = ? AND origin = ? AND retry = ? AND excluded = ?';
  // In the row of one writer that has such a count: the sum is what matters, and nothing else counts meanwhile.
  await tx.run(
    `UPDATE sla_windows SET ${from} = ${from} - 1, ${to} = ${to} + 1 WHERE ${isSlice} AND writer = (` +
      `SELECT MIN(writer) FROM sla_windows WHERE ${isSlice} AND ${from} > 0)`,
    ...slice,
    ...slice,
  );
}

/** Gives the instants of the last checks before one that reached an address, and that resolved a name. */
async function lastWorking(tx: Tx, before: Ms): Promise<LastWorking> {
  const last = async (column: 'reached' | 'resolved'): Promise<Ms | null> => {
    const row = await tx.get<{ at: Ms }>(
      `SELECT at FROM sla_control_checks WHERE at < ? AND ${column} = 1 ORDER BY at DESC LIMIT 1`,
      before,
    );
    return row?.at ?? null;
  };
  return { reachedAt: await last('reached'), resolvedAt: await last('resolved') };
}

/** Reads the checks made within a span, in order. */
export async function selectChecks(tx: Tx, span: Span): Promise<ControlCheck[]> {
  const rows = await tx.all<CheckRow & { detail: string }>(
    'SELECT at, reached, resolved, detail FROM sla_control_checks WHERE at >= ? AND at < ? ORDER BY at, id',
    span.start,
    span.end,
  );
  return rows.map((row) => ({ ...toCheck(row), detail: JSON.parse(row.detail) as ControlCheck['detail'] }));
}

/** Lists the corrections that touch a span, oldest first; of those that overlap, the last one is in force. */
export const listCorrections = defineRead('sla.listCorrections', (tx, span: Span): Promise<Correction[]> =>
  selectCorrections(tx, span),
);

/** Reads the corrections that touch a span, oldest first. */
export async function selectCorrections(tx: Tx, span: Span): Promise<Correction[]> {
  return tx.all<Correction>(
    'SELECT id, from_at AS start, to_at AS "end", blame, source, actor, at FROM sla_corrections ' +
      'WHERE from_at < ? AND to_at > ? ORDER BY id',
    span.end,
    span.start,
  );
}
