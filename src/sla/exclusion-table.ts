/**
 * Exclusions: time ranges whose errors do not count, with clause, source, actor and date.
 *
 * **Invariant**: entering or withdrawing one moves the counts of its attempts in the same transaction. None is ever
 * deleted: a withdrawn one keeps its row and its audit. Exclusions that overlap count as one range.
 */
import { recordAudit } from '../budget/audit-table.ts';
import { SidecarError } from '../errors.ts';
import { newId } from '../ids.ts';
import { defineRead, defineWrite, type Tx } from '../store/operation.ts';
import type { Ms } from '../units.ts';
import type { Exclusion } from './month.ts';
import { CLAUSES_ALLOWED, findClause } from './clauses.ts';
import { recountExclusions } from './recount.ts';
import { mergeSpans, WINDOW_MS, windowStart, type Span } from './window.ts';

/** The actor of exclusions that come from the config file. */
const CONFIG_ACTOR = 'config';

/** The fields that an operator or the config enters. */
export interface NewExclusion extends Span {
  clause: string;
  source: string;
}

/** Reads the merged spans of the exclusions in force that touch a span. */
export async function exclusionSpans(tx: Tx, span: Span): Promise<Span[]> {
  const rows = await tx.all<Span>(
    'SELECT from_at AS start, to_at AS "end" FROM sla_exclusions ' +
      'WHERE withdrawn_at IS NULL AND to_at > ? AND from_at < ? ORDER BY from_at, to_at, id',
    span.start,
    span.end,
  );
  return rows.length === 0 ? rows : mergeSpans(rows);
}

/** Reads the exclusions in force that touch a span, in order of time. */
export function selectExclusions(tx: Tx, span: Span): Promise<Exclusion[]> {
  return tx.all<Exclusion>(
    'SELECT id, from_at AS start, to_at AS "end", clause, source, actor, at FROM sla_exclusions ' +
      'WHERE withdrawn_at IS NULL AND to_at > ? AND from_at < ? ORDER BY from_at, to_at, id',
    span.start,
    span.end,
  );
}

/** Lists the exclusions in force, in order of time: all, or those that touch a span. */
export const listExclusions = defineRead(
  'sla.listExclusions',
  (tx, args: Partial<Span> | undefined): Promise<Exclusion[]> =>
    selectExclusions(tx, { start: args?.start ?? 0, end: args?.end ?? Number.MAX_SAFE_INTEGER }),
);

/**
 * Enters an exclusion, so that its errors no longer count.
 * @throws SidecarError `bad_usage` if the span is empty, or cuts a window whose calls the journal dropped.
 */
export const addExclusion = defineWrite(
  'sla.addExclusion',
  async (tx, args: NewExclusion & { actor: string; at: Ms }): Promise<{ id: string }> => {
    const id = await insertExclusion(tx, args);
    await recount(tx, args);
    return { id };
  },
  { scope: 'exclusive' },
);

/** Withdraws an exclusion, so that its errors count again. @throws SidecarError `not_found` if none is in force. */
export const withdrawExclusion = defineWrite(
  'sla.withdrawExclusion',
  async (tx, args: { id: string; actor: string; reason: string; at: Ms }): Promise<void> => {
    const row = await tx.get<NewExclusion>(
      'SELECT from_at AS start, to_at AS "end", clause, source FROM sla_exclusions ' +
        'WHERE id = ? AND withdrawn_at IS NULL',
      args.id,
    );
    if (!row) {
      throw new SidecarError(
        'not_found',
        `no exclusion '${args.id}' is in force; 'sla exclude --list' shows them.`,
      );
    }
    await withdraw(tx, { ...args, row });
  },
  { scope: 'exclusive' },
);

/** Compares the exclusions in force with the config file: enters new ones, withdraws removed ones. */
export const syncConfigExclusions = defineWrite(
  'sla.syncConfigExclusions',
  async (tx, args: { exclusions: NewExclusion[]; at: Ms }): Promise<{ added: number; withdrawn: number }> => {
    const keyOf = (one: NewExclusion): string => JSON.stringify([one.start, one.end, one.clause, one.source]);
    const wanted = new Map(args.exclusions.map((one) => [keyOf(one), one]));
    const present = await tx.all<NewExclusion & { id: string }>(
      'SELECT id, from_at AS start, to_at AS "end", clause, source FROM sla_exclusions ' +
        'WHERE withdrawn_at IS NULL AND actor = ? ORDER BY id',
      CONFIG_ACTOR,
    );
    const gone = present.filter((row) => !wanted.has(keyOf(row)));
    for (const row of present) wanted.delete(keyOf(row));
    for (const row of gone) {
      await withdraw(tx, {
        id: row.id,
        row,
        actor: CONFIG_ACTOR,
        reason: 'no longer in the config',
        at: args.at,
      });
    }
    for (const one of wanted.values()) {
      await insertExclusion(tx, { ...one, actor: CONFIG_ACTOR, at: args.at });
      await recount(tx, one);
    }
    return { added: wanted.size, withdrawn: gone.length };
  },
  { scope: 'exclusive' },
);

async function insertExclusion(tx: Tx, args: NewExclusion & { actor: string; at: Ms }): Promise<string> {
  const { start, end, source, actor, at } = args;
  const clause = findClause(args.clause);
  if (end <= start) throw new SidecarError('bad_usage', 'sla exclude: --to must be after --from.');
  if (clause === undefined) {
    const given = JSON.stringify(args.clause.slice(0, 100));
    throw new SidecarError('bad_usage', `sla exclude: --clause ${given} is not ${CLAUSES_ALLOWED}.`);
  }
  if (source.trim() === '') {
    throw new SidecarError('bad_usage', 'sla exclude: --source must say where the exclusion follows from.');
  }
  const id = newId('excl', at);
  await tx.run(
    'INSERT INTO sla_exclusions (id, from_at, to_at, clause, source, actor, at) VALUES (?, ?, ?, ?, ?, ?, ?)',
    id,
    start,
    end,
    clause,
    source,
    actor,
    at,
  );
  await recordAudit(tx, {
    at,
    actor,
    action: 'sla.exclude',
    subject: id,
    before: null,
    after: describe({ ...args, clause }),
    reason: source,
  });
  return id;
}

async function withdraw(
  tx: Tx,
  args: { id: string; row: NewExclusion; actor: string; reason: string; at: Ms },
): Promise<void> {
  const { id, row, actor, reason, at } = args;
  await tx.run('UPDATE sla_exclusions SET withdrawn_at = ? WHERE id = ?', at, id);
  await recordAudit(tx, {
    at,
    actor,
    action: 'sla.withdraw',
    subject: id,
    after: null,
    reason,
    before: describe(row),
  });
  await recount(tx, row);
}

/** Recounts the windows that a changed exclusion touches. */
async function recount(tx: Tx, changed: Span): Promise<void> {
  const whole = { start: windowStart(changed.start), end: windowStart(changed.end - 1) + WINDOW_MS };
  await recountExclusions(tx, whole, await exclusionSpans(tx, whole));
}

function describe({ start, end, clause }: NewExclusion): string {
  return `${new Date(start).toISOString()}/${new Date(end).toISOString()} ${clause}`;
}
