/**
 * Tasks that Kling is asked for again for the sake of their results: those that succeeded without addresses, and those whose
 * addresses are refused.
 *
 * **Invariant**: a task is here once. A success without addresses is asked for during a day; then its result is lost, and reported.
 */
import type { Fact } from '../facts.ts';
import { defineFactWrite } from '../outbox/outbox-table.ts';
import { doublingWait } from '../retry.ts';
import { defineRead, defineWrite, type Tx } from '../store/operation.ts';
import type { Ms } from '../units.ts';
import { DAY_MS } from '../zone.ts';
import { lostFacts } from './lost-result.ts';
import { renewFiles } from './result-file-table.ts';
import { KEEP_RESULTS, type OpenTask } from './task-table.ts';
import type { TaskResult } from './task.ts';

/** Waits between two questions about one task. */
const WAITS = { firstMs: 10_000, maxMs: 3_600_000 };
/** So long is a success without addresses asked for. */
const ASKED_FOR_MS: Ms = DAY_MS;

/** Gives the tasks that are to be asked for at an instant, and when the next one is; null for never. */
export const dueResultAsks = defineRead(
  'results.dueAsks',
  async (
    tx: Tx,
    { at, limit }: { at: Ms; limit: number },
  ): Promise<{ tasks: OpenTask[]; nextAt: Ms | null }> => {
    const tasks = await tx.all<OpenTask>(
      `SELECT c.task_id AS id, c.id AS "holdId", c.path, c.route, c.task_state AS state, c.product,
         c.task_created_at AS "createdAt"
       FROM result_asks a JOIN creates c ON c.id = a.hold_id JOIN hold_places p ON p.hold_id = c.id
       WHERE a.next_at <= ? AND p.is_at_host = 1 ORDER BY a.next_at LIMIT ?`,
      at,
      limit,
    );
    const next = await tx.get<{ at: Ms | null }>(
      'SELECT MIN(next_at) AS at FROM result_asks WHERE next_at > ?',
      at,
    );
    return { tasks, nextAt: next?.at ?? null };
  },
);

/** Takes the results of a new answer: their addresses replace those of files that wait. */
export const renewResults = defineWrite(
  'results.renew',
  async (
    tx: Tx,
    args: { holdId: string; results: TaskResult[]; madeAt: Ms; at: Ms },
  ): Promise<{ renewed: number }> => {
    const { holdId, results } = args;
    const renewed = await renewFiles(tx, args);
    if (renewed > 0) await tx.run(KEEP_RESULTS, holdId, JSON.stringify(results));
    return { renewed };
  },
  { scope: 'own' },
);

/** Records that a task was asked for: it is asked for again later, or not any more. */
export const noteResultAsked = defineFactWrite(
  'results.noteAsked',
  async (tx: Tx, { holdId, at }: { holdId: string; at: Ms }): Promise<{ facts: Fact[] }> => {
    const ask = await tx.get<{ why: 'no_addresses' | 'refused'; since: Ms; asks: number }>(
      'SELECT why, since, asks FROM result_asks WHERE hold_id = ?',
      holdId,
    );
    if (!ask) return { facts: [] };
    const rows = await tx.get<{ files: number; refused: number }>(
      `SELECT COUNT(*) AS files, COALESCE(SUM(CASE WHEN state = 'waiting' AND reason IS NOT NULL THEN 1 ELSE 0 END), 0) AS refused
       FROM result_files WHERE hold_id = ?`,
      holdId,
    );
    const { files = 0, refused = 0 } = rows ?? {};
    const isDone = ask.why === 'no_addresses' ? files > 0 : refused === 0;
    const isGivenUp = ask.why === 'no_addresses' && at - ask.since >= ASKED_FOR_MS;
    if (isDone || isGivenUp) {
      await tx.run('DELETE FROM result_asks WHERE hold_id = ?', holdId);
      return { facts: isDone ? [] : await lostFacts(tx, holdId, { why: 'no_addresses', at }) };
    }
    await tx.run(
      'UPDATE result_asks SET asks = asks + 1, next_at = ? WHERE hold_id = ?',
      at + doublingWait(ask.asks, WAITS),
      holdId,
    );
    return { facts: [] };
  },
  { scope: 'own' },
);
