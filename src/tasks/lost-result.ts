/** The fact that a result can no longer be saved, with what its create is known by. */
import type { Fact } from '../facts.ts';
import type { Tx } from '../store/operation.ts';
import type { Ms } from '../units.ts';
import type { Mode, OperationWord } from '../words.ts';

/** Gives the fact for the task of a hold. Somebody must hear it once for each task. */
export async function lostFacts(
  tx: Tx,
  holdId: string,
  { why, at }: { why: 'expired' | 'no_addresses'; at: Ms },
): Promise<Fact[]> {
  const row = await tx.get<{
    taskId: string;
    app: string;
    operation: OperationWord;
    model: string | null;
    mode: Mode | null;
  }>('SELECT task_id AS "taskId", app, operation, model, mode FROM creates WHERE id = ?', holdId);
  return row ? [{ kind: 'result_lost', holdId, why, at, ...row }] : [];
}
