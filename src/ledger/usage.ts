/**
 * Usage: one row for each create that cost something or may cost something; `usage-sums.ts` sums it.
 *
 * Creates that Kling refused or never got are left out. A failed task is in the list, with 0 credits.
 */
import { COUNTED } from '../budget/hold-list.ts';
import { cursorAfter, readCursor } from '../calls/cursor.ts';
import type { Counted } from '../store/count.ts';
import { defineRead, type SqlValue, type Tx } from '../store/operation.ts';
import { countTimed, rangeOf } from '../store/timed-list.ts';
import { fileSums, type FileSums } from '../tasks/result-file-table.ts';
import type { MilliCredits, Ms } from '../units.ts';
import type { Mode, OperationWord } from '../words.ts';

/** `from` is inclusive, `to` exclusive, both by the instant of the hold. */
export interface UsageFilter {
  from?: Ms;
  to?: Ms;
  app?: string;
  operation?: string;
  model?: string;
  tag?: string;
}

export interface UsageRow {
  holdId: string;
  at: Ms;
  taskId: string | null;
  /** Settled, else what is held. */
  credits: MilliCredits;
  /** What was held at the create. */
  estimatedCredits: MilliCredits;
  model: string | null;
  durationSeconds: string | null;
  mode: Mode | null;
  promptPreview: string | null;
  app: string;
  tag: string | null;
  operation: OperationWord;
  /** False while the amount is only held. */
  settled: boolean;
  /** Its files; null where none are kept. */
  results: Omit<FileSums, 'holdId'> | null;
}

interface UsageColumns {
  id: string;
  at: Ms;
  task_id: string | null;
  credits: MilliCredits;
  settled_credits: MilliCredits;
  state: string;
  model: string | null;
  duration_seconds: string | null;
  mode: Mode | null;
  prompt_preview: string | null;
  app: string;
  tag: string | null;
  operation: OperationWord;
}

/**
 * Lists usage, newest first.
 * @throws SidecarError `bad_usage` if the cursor is invalid.
 */
export const listUsage = defineRead(
  'ledger.listUsage',
  async (
    tx: Tx,
    args: UsageFilter & { limit: number; cursor: string | null; total?: boolean },
  ): Promise<{ rows: UsageRow[]; nextCursor: string | null } & Counted> => {
    const counted = await countTimed(tx, args.total, {
      table: 'creates',
      at: 'at',
      id: 'id',
      range: rangeOf('at', args),
      filters: filtersOf(args),
    });
    const { conditions, values } = usageConditions(args);
    if (args.cursor !== null) {
      const { at, id } = readCursor(args.cursor);
      conditions.push('at <= ?', '(at < ? OR id < ?)');
      values.push(at, at, id);
    }
    const found = await tx.all<UsageColumns>(
      `SELECT id, at, task_id, credits, settled_credits, state, model, duration_seconds, mode, prompt_preview, app,
         tag, operation
       FROM creates WHERE ${conditions.join(' AND ')} ORDER BY at DESC, id DESC LIMIT ?`,
      ...values,
      args.limit + 1,
    );
    const shown = found.slice(0, args.limit);
    const last = shown.at(-1);
    const sums = await fileSums.run(tx, { holdIds: shown.map(({ id }) => id) });
    const files = new Map(sums.map(({ holdId, ...each }) => [holdId, each]));
    return {
      rows: shown.map((row) => ({ ...toUsage(row), results: files.get(row.id) ?? null })),
      nextCursor: found.length > args.limit && last ? cursorAfter(last) : null,
      ...counted,
    };
  },
);

export interface Conditions {
  conditions: string[];
  values: SqlValue[];
}

/** Gives a filter as conditions on holds; creates that Kling refused or never got are left out. */
export function usageConditions(filter: UsageFilter): Conditions {
  const range = rangeOf('at', filter);
  const filters = filtersOf(filter);
  return {
    conditions: [...filters.texts, ...range.texts],
    values: [...filters.values, ...range.values],
  };
}

/** The conditions of a filter that do not depend on the time, with what usage counts at all. */
function filtersOf(filter: UsageFilter): { texts: string[]; values: SqlValue[] } {
  const { conditions, values } = groupConditions(filter);
  return { texts: [COUNTED, ...conditions], values };
}

/** Gives the conditions of a filter that do not depend on the time. */
export function groupConditions({ app, operation, model, tag }: UsageFilter): Conditions {
  return given([
    ['app = ?', app],
    ['operation = ?', operation],
    ['model = ?', model],
    ['tag = ?', tag],
  ]);
}

function given(pairs: readonly [condition: string, value: SqlValue | undefined][]): Conditions {
  const present = pairs.flatMap(([condition, value]) => (value === undefined ? [] : [{ condition, value }]));
  return {
    conditions: present.map(({ condition }) => condition),
    values: present.map(({ value }) => value),
  };
}

function toUsage(row: UsageColumns): Omit<UsageRow, 'results'> {
  const isHeld = row.state === 'held';
  return {
    holdId: row.id,
    at: row.at,
    taskId: row.task_id,
    credits: isHeld ? row.credits : row.settled_credits,
    estimatedCredits: row.credits,
    model: row.model,
    durationSeconds: row.duration_seconds,
    mode: row.mode,
    promptPreview: row.prompt_preview,
    app: row.app,
    tag: row.tag,
    operation: row.operation,
    settled: !isHeld,
  };
}
