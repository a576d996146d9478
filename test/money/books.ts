/** What the control plane says of money, for tests that watch it. */
import { get } from '../app/calls.ts';

export interface HoldRow {
  id: string;
  state: string;
  inDoubt: boolean;
  taskId: string | null;
  externalTaskId: string | null;
  credits: number;
}

export async function holdsOf(controlUrl: string): Promise<HoldRow[]> {
  const { json } = await get(`${controlUrl}/v1/holds`);
  return (json as unknown as { holds: HoldRow[] }).holds;
}

export interface BudgetRow {
  settledCredits: number;
  heldCredits: number;
  windowKey: string;
}

export async function budgetOf(controlUrl: string): Promise<BudgetRow> {
  const { json } = await get(`${controlUrl}/v1/budgets`);
  const [row] = (json as unknown as { budgets: BudgetRow[] }).budgets;
  if (!row) throw new Error('there is no budget');
  return row;
}
