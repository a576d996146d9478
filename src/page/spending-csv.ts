/** The sums of the page *Spending* as CSV. */
import { csvLines } from '../csv.ts';
import { askedSums, type SpendingAsked } from './views/spending.ts';
import type { PageContext } from './view.ts';

/** Gives the rows that the page with the same query shows. @throws ApiProblem. */
export async function spendingCsv(context: PageContext): Promise<string> {
  const { by, sums }: SpendingAsked = await askedSums(context);
  const head = [by, 'creates', 'settled_credits', 'held_credits', 'cost', 'held_cost', 'currency'];
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
    ]),
  ]);
}
