/**
 * Holds in doubt: those that are due for a look-up by external id, and the results of look-ups.
 *
 * **Invariant**: a doubt ends if the task is found, if Kling says at a decisive look-up that there is none
 * (look-up-schedule.ts), or by an operator's order. A hold without an external id is never due: only an operator can
 * end its doubt.
 */
import { isOfUpstream } from '../budget/hold-upstream.ts';
import { readHold } from '../budget/hold-table.ts';
import type { HoldRow } from '../budget/hold.ts';
import type { Fact } from '../facts.ts';
import { keepAnswer } from '../idempotency/guard-table.ts';
import { defineFactWrite } from '../outbox/outbox-table.ts';
import { defineRead, defineWrite, type Tx } from '../store/operation.ts';
import type { TaskSighting } from '../tasks/task.ts';
import type { Ms } from '../units.ts';
import type { DueLookUp, LookUpArgs, StoredAnswer } from './ledger.ts';
import { DECISIVE_MS, isDecisive, nextLookUpAt, RETRY_MS } from './look-up-schedule.ts';
import { attachSighting, doubtEnded, releaseHold } from './sighting.ts';

interface DueColumns {
  id: string;
  external_task_id: string;
  path: string;
  route: string;
  app: string;
  doubt_age_from: Ms | null;
  look_ups: number;
}

/**
 * Gives the holds that are due for a look-up, the longest due first, and in `open` the number of all that can become due.
 * A doubt that began in the future, or whose next look-up is later than the schedule allows, is due: 0.1.0 dated it by a wall
 * clock. Holds of an upstream that is not in use are never due. `at` is a reading of the clock of ages.
 */
export const dueLookUps = defineRead(
  'ledger.dueLookUps',
  async (tx: Tx, args: { at: Ms; limit: number }): Promise<{ due: DueLookUp[]; open: number }> => {
    const rows = await tx.all<DueColumns>(
      `SELECT id, external_task_id, path, route, app, doubt_age_from, look_ups
       FROM creates JOIN hold_places ON hold_id = id
       WHERE in_doubt = 1 AND external_task_id IS NOT NULL AND is_in_use = 1 AND (next_look_up_at <= ? OR next_look_up_at > ? OR doubt_age_from > ?)
       ORDER BY next_look_up_at LIMIT ?`,
      args.at,
      args.at + DECISIVE_MS,
      args.at,
      args.limit,
    );
    const count = await tx.get<{ open: number }>(
      `SELECT COUNT(*) AS open FROM creates JOIN hold_places ON hold_id = id
       WHERE in_doubt = 1 AND external_task_id IS NOT NULL AND is_in_use = 1`,
    );
    const due = rows.map((row) => ({
      holdId: row.id,
      externalTaskId: row.external_task_id,
      path: row.path,
      route: row.route,
      app: row.app,
      ageFrom: row.doubt_age_from,
      lookUps: row.look_ups,
    }));
    return { due, open: count?.open ?? 0 };
  },
  // The caller of a create in doubt waits for its first look-ups.
  'request',
);

/** Records the results of look-ups. If the hold's doubt has ended, a result changes nothing, except that a task is attached. */
export const recordLookUps = defineFactWrite(
  'ledger.recordLookUps',
  async (tx: Tx, lookUps: LookUpArgs[]): Promise<{ facts: Fact[] }> => {
    const facts: Fact[] = [];
    for (const lookUp of lookUps) facts.push(...(await recordOne(tx, lookUp)));
    return { facts };
  },
  { scope: 'own' },
);

async function recordOne(tx: Tx, lookUp: LookUpArgs): Promise<Fact[]> {
  const { holdId, at, age = at, outcome } = lookUp;
  const hold = await readHold(tx, holdId);
  // A reload may have changed the upstream since it was due: the new one does not know this create.
  if (!isOfUpstream(hold, lookUp.upstream)) return [];
  if (outcome.kind === 'found') return found(tx, hold, outcome, at);
  if (hold.in_doubt === 0) return [];
  const ageFrom = hold.doubt_age_from ?? age;
  if (outcome.kind === 'failed') {
    await tx.run('UPDATE creates SET next_look_up_at = ? WHERE id = ?', age + RETRY_MS, holdId);
    return [];
  }
  if (isDecisive(ageFrom, age)) {
    const released = await releaseHold(tx, hold, outcome.evidence, at);
    return [...released, doubtEnded(hold, null, at)];
  }
  await tx.run(
    'UPDATE creates SET look_ups = look_ups + 1, doubt_age_from = ?, next_look_up_at = ? WHERE id = ?',
    ageFrom,
    nextLookUpAt(ageFrom, age),
    holdId,
  );
  return [];
}

async function found(
  tx: Tx,
  hold: HoldRow,
  outcome: { sighting: TaskSighting; answer: StoredAnswer | null },
  at: Ms,
): Promise<Fact[]> {
  const { sighting, answer } = outcome;
  if (hold.task_id !== null && hold.task_id !== sighting.taskId) return [];
  if (answer) await keepAnswer(tx, hold.id, answer, at);
  const { isOwn, facts } = await attachSighting(tx, hold.id, sighting, { source: 'look_up', at });
  if (hold.in_doubt === 0) return facts;
  return [doubtEnded(hold, isOwn ? sighting.taskId : null, at), ...facts];
}

/** Makes every hold in doubt due now, such as after an outage of Kling; gives their number. `at` is a reading of the clock of ages. */
export const makeLookUpsDue = defineWrite(
  'ledger.makeLookUpsDue',
  async (tx: Tx, args: { at: Ms }): Promise<{ due: number }> => {
    const due = await tx.run(
      'UPDATE creates SET next_look_up_at = ? WHERE in_doubt = 1 AND external_task_id IS NOT NULL',
      args.at,
    );
    return { due };
  },
  { scope: 'exclusive' },
);
