/** `GET /v1/usage`: what each create cost, or sums by some keys. */
import { listUsage, sumUsage, type UsageRow } from '../../ledger/usage.ts';
import type { Store } from '../../store/store.ts';
import { toCredits } from '../../units.ts';
import type { UsageQuery } from '../questions.ts';
import type { UsageAnswer, UsageSumsAnswer } from '../schemas.ts';
import { given, iso } from './shape.ts';

/** Lists usage, newest first, or with `by` sums it by these keys in their order. */
export async function answerUsage(
  reader: Pick<Store, 'read'>,
  query: UsageQuery,
): Promise<UsageAnswer | UsageSumsAnswer> {
  const { by, limit, cursor = null, total, ...filters } = query;
  if (by) return sums(reader, by, filters);
  const args = { limit, cursor, ...given({ total, ...filters }) };
  const { rows, ...rest } = await reader.read(listUsage, args);
  return { rows: rows.map(shapeRow), ...rest };
}

async function sums(
  reader: Pick<Store, 'read'>,
  by: NonNullable<UsageQuery['by']>,
  filters: Omit<UsageQuery, 'by' | 'limit' | 'cursor' | 'total'>,
): Promise<UsageSumsAnswer> {
  const { rows } = await reader.read(sumUsage, { by, ...given(filters) });
  return {
    rows: rows.map(({ tasks, credits, heldCredits, ...keys }) => ({
      ...keys,
      tasks,
      credits: toCredits(credits),
      heldCredits: toCredits(heldCredits),
    })),
  };
}

function shapeRow(row: UsageRow): UsageAnswer['rows'][number] {
  return {
    timestamp: iso(row.at),
    task_id: row.taskId,
    credits: toCredits(row.credits),
    model: row.model,
    duration: row.durationSeconds === null ? null : Number(row.durationSeconds),
    mode: row.mode,
    prompt_preview: row.promptPreview,
    app: row.app,
    tag: row.tag,
    operation: row.operation,
    settled: row.settled,
  };
}
