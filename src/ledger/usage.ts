/**
 * Usage: what was spent on what, one row for each create that cost or may cost, or summed.
 *
 * Creates that Kling refused or never had are no usage: they are left out. A failed task is in, at 0.
 */
import { SidecarError } from '../errors.ts';
import { cursorAfter, readCursor } from '../calls/cursor.ts';
import { countWhere, whereOf, type Counted } from '../store/count.ts';
import { defineRead, type SqlValue, type Tx } from '../store/operation.ts';
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
  model: string | null;
  durationSeconds: string | null;
  mode: Mode | null;
  promptPreview: string | null;
  app: string;
  tag: string | null;
  operation: OperationWord;
  /** False while the amount is only held. */
  settled: boolean;
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

const COUNTED = "(state <> 'released' OR task_id IS NOT NULL OR settled_credits > 0)";

/**
 * Lists usage, newest first.
 * @throws SidecarError `bad_usage` on a cursor that is none.
 */
export const listUsage = defineRead(
  'ledger.listUsage',
  async (
    tx: Tx,
    args: UsageFilter & { limit: number; cursor: string | null; total?: boolean },
  ): Promise<{ rows: UsageRow[]; nextCursor: string | null } & Counted> => {
    const { conditions, values } = conditionsOf(args);
    const counted = await countWhere(tx, args.total, `holds ${whereOf(conditions)}`, values);
    if (args.cursor !== null) {
      const { at, id } = readCursor(args.cursor);
      conditions.push('at <= ?', '(at < ? OR id < ?)');
      values.push(at, at, id);
    }
    const found = await tx.all<UsageColumns>(
      `SELECT id, at, task_id, credits, settled_credits, state, model, duration_seconds, mode, prompt_preview, app,
         tag, operation
       FROM holds WHERE ${conditions.join(' AND ')} ORDER BY at DESC, id DESC LIMIT ?`,
      ...values,
      args.limit + 1,
    );
    const shown = found.slice(0, args.limit);
    const last = shown.at(-1);
    return {
      rows: shown.map(toUsage),
      nextCursor: found.length > args.limit && last ? cursorAfter(last) : null,
      ...counted,
    };
  },
);

function conditionsOf(filter: UsageFilter): { conditions: string[]; values: SqlValue[] } {
  const pairs: [string, SqlValue | undefined][] = [
    ['at >= ?', filter.from],
    ['at < ?', filter.to],
    ['app = ?', filter.app],
    ['operation = ?', filter.operation],
    ['model = ?', filter.model],
    ['tag = ?', filter.tag],
  ];
  const conditions = [COUNTED];
  const values: SqlValue[] = [];
  for (const [condition, value] of pairs) {
    if (value === undefined) continue;
    conditions.push(condition);
    values.push(value);
  }
  return { conditions, values };
}

function toUsage(row: UsageColumns): UsageRow {
  const isHeld = row.state === 'held';
  return {
    holdId: row.id,
    at: row.at,
    taskId: row.task_id,
    credits: isHeld ? row.credits : row.settled_credits,
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

/** What usage can be summed by; a `day` is one of UTC. */
export type UsageKey = 'app' | 'operation' | 'model' | 'mode' | 'tag' | 'day';

export interface UsageSum {
  app?: string;
  operation?: OperationWord;
  model?: string | null;
  mode?: Mode | null;
  tag?: string | null;
  /** `2026-11-21`. */
  day?: string;
  tasks: number;
  /** Settled. */
  credits: MilliCredits;
  /** Still held. */
  heldCredits: MilliCredits;
}

const KEY_SQL: Readonly<Record<UsageKey, string>> = {
  app: 'app',
  operation: 'operation',
  model: 'model',
  mode: 'mode',
  tag: 'tag',
  day: 'at / 86400000',
};
const DAY_MS = 86_400_000;

/** Rows of one answer of sums; apps and tags may be as many as creates. */
const SUMS_MAX = 10_000;

/**
 * Sums usage by the keys given, at least one; ordered by them.
 * @throws SidecarError `bad_usage` where they make more than 10,000 rows.
 */
export const sumUsage = defineRead(
  'ledger.sumUsage',
  async (tx: Tx, args: UsageFilter & { by: UsageKey[] }): Promise<{ rows: UsageSum[] }> => {
    const by = [...new Set(args.by)];
    const { conditions, values } = conditionsOf(args);
    const keys = by.map((key) => KEY_SQL[key]).join(', ');
    const rows = await tx.all<Omit<UsageSum, 'day' | 'heldCredits'> & { day?: number; held_credits: number }>(
      `SELECT ${by.map((key) => `${KEY_SQL[key]} AS ${key}`).join(', ')}, COUNT(*) AS tasks,
         SUM(settled_credits) AS credits, SUM(CASE WHEN state = 'held' THEN credits ELSE 0 END) AS held_credits
       FROM holds WHERE ${conditions.join(' AND ')} GROUP BY ${keys} ORDER BY ${keys} LIMIT ?`,
      ...values,
      SUMS_MAX + 1,
    );
    if (rows.length > SUMS_MAX) {
      throw new SidecarError(
        'bad_usage',
        `These keys make more than ${SUMS_MAX} rows: ask for a shorter time (from, to), one app or tag, or fewer keys.`,
      );
    }
    return {
      rows: rows.map(({ day, held_credits, ...sum }) => ({
        ...sum,
        ...(day !== undefined && { day: new Date(day * DAY_MS).toISOString().slice(0, 10) }),
        heldCredits: held_credits,
      })),
    };
  },
);
