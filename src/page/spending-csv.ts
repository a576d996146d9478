/** The sums of the page *Spending* as CSV. */
import { csvLines } from '../csv.ts';
import { askedSums, spentOn, type SpendingAsked } from './views/spending-asked.ts';
import { differenceOf } from './views/spending-sums.ts';
import type { PageContext } from './view.ts';

/** Gives every row and every number that the page with the same query shows, in its order. @throws ApiProblem. */
export async function spendingCsv(context: PageContext): Promise<string> {
  const { by, sums }: SpendingAsked = await askedSums(context);
  const head = [
    by,
    'creates',
    'settled_credits',
    'held_credits',
    'cost',
    'held_cost',
    'currency',
    'estimated_credits',
    'difference_credits',
    'total_credits',
  ];
  return csvLines([
    head,
    ...sums.map((row) => [
      row[by] ?? null,
      row.tasks,
      row.credits,
      row.heldCredits,
      row.cost,
      row.heldCost,
      row.currency,
      row.estimatedCredits,
      differenceOf(row),
      spentOn(row),
    ]),
  ]);
}
