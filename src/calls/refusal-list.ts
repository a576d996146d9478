/** The list of our own refusals. They are few: the table is bounded. */
import { countWhere, whereOf, type Counted } from '../store/count.ts';
import { defineRead, type Tx } from '../store/operation.ts';
import { addCondition, addEqual, rangeOf } from '../store/timed-list.ts';
import type { Ms } from '../units.ts';
import type { RefusalRecord } from './call.ts';
import { checkIdCursor } from './cursor.ts';
import { toRefusal, type RefusalRow } from './refusal-row.ts';

export interface ListRefusalsArgs {
  limit: number;
  total?: boolean;
  cursor: string | null;
  /** Only real refusals (false), or only those that `protect` would have made (true). */
  wouldOnly?: boolean;
  from?: Ms;
  to?: Ms;
  app?: string;
  /** Null: those without a tag. */
  tag?: string | null;
  method?: string;
  route?: string;
  status?: number;
  word?: string;
  budget?: string;
}

/**
 * Lists our own refusals, newest first.
 * @throws SidecarError `bad_usage` on a cursor that is none.
 */
export const listRefusals = defineRead(
  'calls.listRefusals',
  async (
    tx: Tx,
    args: ListRefusalsArgs,
  ): Promise<{ refusals: RefusalRecord[]; nextCursor: string | null } & Counted> => {
    const conditions = rangeOf('at', args);
    const { texts, values } = conditions;
    addCondition(
      conditions,
      'would_only = ?',
      args.wouldOnly === undefined ? undefined : Number(args.wouldOnly),
    );
    for (const column of ['app', 'tag', 'method', 'route', 'status', 'word', 'budget'] as const)
      addEqual(conditions, column, args[column]);
    const counted = await countWhere(tx, args.total, `refusals ${whereOf(texts)}`, values);
    addCondition(
      conditions,
      'id < ?',
      args.cursor === null ? undefined : checkIdCursor(args.cursor, 'refusal'),
    );
    const rows = await tx.all<RefusalRow>(
      `SELECT * FROM refusals ${whereOf(texts)} ORDER BY id DESC LIMIT ?`,
      ...values,
      args.limit + 1,
    );
    const shown = rows.slice(0, args.limit);
    const nextCursor = rows.length > args.limit ? (shown.at(-1)?.id ?? null) : null;
    return { refusals: shown.map(toRefusal), nextCursor, ...counted };
  },
);
