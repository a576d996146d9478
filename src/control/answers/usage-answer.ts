/** `GET /v1/usage`: the cost of each create, or sums by some keys. */
import { SidecarError } from '../../errors.ts';
import { listUsage, type UsageRow } from '../../ledger/usage.ts';
import { sumUsage } from '../../ledger/usage-sums.ts';
import { checkMonth, parseMonth } from '../../sla/period.ts';
import type { Store } from '../../store/store.ts';
import { costOf, toCredits, type Ms } from '../../units.ts';
import { monthBounds } from '../../zone.ts';
import type { CashTerms } from '../commands.ts';
import type { UsageQuery } from '../questions.ts';
import type { UsageAnswer, UsageSumsAnswer } from '../usage-schemas.ts';
import { given, iso } from './shape.ts';

/** The inputs of an answer about usage in addition to the store. */
export interface UsageTerms {
  now: Ms;
  cash: CashTerms;
}

/**
 * Lists usage, newest first, or with `by` sums it by these keys in their order.
 * @throws SidecarError `bad_usage` for a month together with `from` or `to`, or one that cannot be asked for.
 */
export async function answerUsage(
  reader: Pick<Store, 'read'>,
  query: UsageQuery,
  terms: UsageTerms,
): Promise<UsageAnswer | UsageSumsAnswer> {
  const { by, limit, cursor = null, total, timeZone, month, ...asked } = query;
  const filters = { ...asked, ...(month !== undefined && rangeOf(month, query, terms.now)) };
  if (by) return sums(reader, { by, timeZone, ...given(filters) }, terms.cash);
  const args = { limit, cursor, ...given({ total, ...filters }) };
  const { rows, ...rest } = await reader.read(listUsage, args);
  return { rows: rows.map((row) => shapeRow(row, terms.cash)), ...rest };
}

/** Gives the instants of a month in the requested zone. */
function rangeOf(month: string, { from, to, timeZone }: UsageQuery, now: Ms): { from: Ms; to: Ms } {
  if (from !== undefined || to !== undefined)
    throw new SidecarError('bad_usage', 'Ask for a month, or for a time with from and to; not for both.');
  const { year, month: number } = parseMonth(checkMonth(month, { now, timeZone }));
  const { start, end } = monthBounds(timeZone, year, number);
  return { from: start, to: end };
}

async function sums(
  reader: Pick<Store, 'read'>,
  args: Parameters<typeof sumUsage.run>[1],
  { perCredit, currency }: CashTerms,
): Promise<UsageSumsAnswer> {
  const { rows } = await reader.read(sumUsage, args);
  return {
    rows: rows.map(({ tasks, credits, heldCredits, estimatedCredits, ...keys }) => ({
      ...keys,
      tasks,
      credits: toCredits(credits),
      heldCredits: toCredits(heldCredits),
      estimatedCredits: toCredits(estimatedCredits),
      cost: costOf(credits, perCredit),
      heldCost: costOf(heldCredits, perCredit),
      currency,
    })),
  };
}

function shapeRow(row: UsageRow, { perCredit, currency }: CashTerms): UsageAnswer['rows'][number] {
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
    cost: costOf(row.credits, perCredit),
    currency,
    results: row.results && { count: row.results.files, saved: row.results.saved, bytes: row.results.bytes },
    estimated_credits: toCredits(row.estimatedCredits),
  };
}
