/**
 * Task retries as rows: chains that wait for the end of their create, for their time, or are over.
 *
 * A chain begins in the transaction that inserts the first create ({@link beginChain}), and goes on in the transaction that inserts
 * the next one ({@link takeRetry}). Everything else is decided by `task-retries/` and written here.
 *
 * **Invariant**: a waiting chain gives its next create once, however often it is tried: the row that says so is changed in the
 * transaction that makes the hold. A body is kept only while its chain is not over.
 */
import { SidecarError } from '../errors.ts';
import { defineRead, defineWrite, type Tx } from '../store/operation.ts';
import type { Ms } from '../units.ts';
import type { HoldState, TaskState } from '../words.ts';

/** What the admission of a create does for task retries. */
export type RetryArgs =
  /** Its body is kept, in case its task fails. */
  | { kind: 'keep'; body: Uint8Array; expectedSeconds: number | null }
  /** It is the next create of a waiting chain. */
  | { kind: 'take'; firstHoldId: string; number: number };

/** Begins or continues a chain with a create whose row was just inserted. @throws SidecarError as {@link takeRetry}. */
export function noteAdmitted(tx: Tx, holdId: string, retry: RetryArgs): Promise<void> {
  return retry.kind === 'keep' ? beginChain(tx, holdId, retry) : takeRetry(tx, holdId, retry);
}

async function beginChain(
  tx: Tx,
  holdId: string,
  { body, expectedSeconds }: Extract<RetryArgs, { kind: 'keep' }>,
): Promise<void> {
  await tx.run(
    `INSERT INTO task_retry_chains (first_hold_id, hold_id, number, state, expected_seconds) VALUES (?, ?, 0, 'open', ?)`,
    holdId,
    holdId,
    expectedSeconds,
  );
  await tx.run('INSERT INTO task_retry_bodies (first_hold_id, body) VALUES (?, ?)', holdId, body);
}

/** @throws SidecarError `already_resolved` if the chain does not wait for this create: another process made it, or it is over. */
async function takeRetry(
  tx: Tx,
  holdId: string,
  { firstHoldId, number }: Extract<RetryArgs, { kind: 'take' }>,
): Promise<void> {
  const taken = await tx.run(
    `UPDATE task_retry_chains SET state = 'open', hold_id = ?, number = ?, due_at = NULL
     WHERE first_hold_id = ? AND state = 'waiting' AND number = ?`,
    holdId,
    number,
    firstHoldId,
    number - 1,
  );
  if (taken === 0) {
    const text = `Retry ${number} of ${firstHoldId} is not waiting any more; nothing is held or sent.`;
    throw new SidecarError('already_resolved', text);
  }
  await tx.run(
    `INSERT INTO task_retries (hold_id, first_hold_id, number, reason)
     SELECT hold_id, first_hold_id, number, COALESCE(reason, 'other') FROM task_retry_chains WHERE first_hold_id = ?`,
    firstHoldId,
  );
}

/** An open chain with its last create, as far as a decision about it needs. */
export interface OpenChain {
  firstHoldId: string;
  holdId: string;
  number: number;
  /** Creates of the next place that made no task. */
  tries: number;
  reason: string | null;
  waitingSince: Ms | null;
  app: string;
  tag: string | null;
  /** The date of the first create. */
  firstAt: Ms;
  holdState: HoldState;
  /** Null if Kling made no task, or none is known. */
  taskId: string | null;
  taskState: TaskState | null;
  taskMessage: string | null;
  /** Kling's code for the create, or null. */
  code: number | null;
}

const OPEN_CHAIN = `SELECT t.first_hold_id AS "firstHoldId", t.hold_id AS "holdId", t.number, t.tries, t.reason,
  t.waiting_since AS "waitingSince", f.app, f.tag, f.at AS "firstAt", c.state AS "holdState", c.task_id AS "taskId",
  c.task_state AS "taskState", c.task_message AS "taskMessage", c.code
FROM task_retry_chains t JOIN creates c ON c.id = t.hold_id JOIN creates f ON f.id = t.first_hold_id
WHERE t.state = 'open'`;

/** Gives the open chains whose last create is one of some. */
export const openChainsOf = defineRead(
  'tasks.openChainsOf',
  async (tx: Tx, args: { holdIds: readonly string[] }): Promise<OpenChain[]> => {
    const chains: OpenChain[] = [];
    for (const holdId of args.holdIds) {
      const chain = await tx.get<OpenChain>(`${OPEN_CHAIN} AND t.hold_id = ?`, holdId);
      if (chain) chains.push(chain);
    }
    return chains;
  },
);

/** Gives a page of open chains, in the order of their first creates. */
export const openChains = defineRead(
  'tasks.openChains',
  (tx: Tx, args: { after: string; limit: number }): Promise<OpenChain[]> =>
    tx.all<OpenChain>(
      `${OPEN_CHAIN} AND t.first_hold_id > ? ORDER BY t.first_hold_id LIMIT ?`,
      args.after,
      args.limit,
    ),
);

/** A waiting chain. */
export interface WaitingChain {
  firstHoldId: string;
  /** Its last create. */
  holdId: string;
  /** The place of its last create; the next one's is one more. */
  number: number;
  tries: number;
  waitingSince: Ms;
  dueAt: Ms;
  app: string;
  tag: string | null;
}

/** Gives the waiting chains that are due first, also those that are not due yet. */
export const waitingChains = defineRead(
  'tasks.waitingChains',
  (tx: Tx, args: { limit: number }): Promise<WaitingChain[]> =>
    tx.all<WaitingChain>(
      `SELECT t.first_hold_id AS "firstHoldId", t.hold_id AS "holdId", t.number, t.tries,
         t.waiting_since AS "waitingSince", t.due_at AS "dueAt", f.app, f.tag
       FROM task_retry_chains t JOIN creates f ON f.id = t.first_hold_id
       WHERE t.state = 'waiting' ORDER BY t.due_at, t.first_hold_id LIMIT ?`,
      args.limit,
    ),
);

/** How many task retries wait, and when the first one is due. */
export interface RetryQueue {
  waiting: number;
  nextAt: Ms | null;
}

/** Counts the waiting chains. */
export const retryQueue = defineRead(
  'tasks.retryQueue',
  async (tx: Tx, _args: Record<string, never>): Promise<RetryQueue> => {
    const row = await tx.get<RetryQueue>(
      `SELECT COUNT(*) AS waiting, MIN(due_at) AS "nextAt" FROM task_retry_chains WHERE state = 'waiting'`,
    );
    return row ?? { waiting: 0, nextAt: null };
  },
);

/** A kept create that can be sent again. */
export interface KeptCreate {
  firstHoldId: string;
  /** The place of the create that is made of it: 1 for the first retry. */
  number: number;
  app: string;
  tag: string | null;
  path: string;
  expectedSeconds: number | null;
  /** As its caller sent it. */
  body: Uint8Array;
}

/** Gives what the next create of a waiting chain is made of; null if it does not wait. */
export const readKept = defineRead(
  'tasks.readKept',
  async (tx: Tx, args: { firstHoldId: string }): Promise<KeptCreate | null> => {
    const kept = await tx.get<KeptCreate>(
      `SELECT t.first_hold_id AS "firstHoldId", t.number + 1 AS number, f.app, f.tag, f.path,
         t.expected_seconds AS "expectedSeconds", b.body
       FROM task_retry_chains t JOIN creates f ON f.id = t.first_hold_id
         JOIN task_retry_bodies b ON b.first_hold_id = t.first_hold_id
       WHERE t.first_hold_id = ? AND t.state = 'waiting'`,
      args.firstHoldId,
    );
    return kept ?? null;
  },
);

/** Gives the last create of a chain and its place; null without such a chain. */
export const readChain = defineRead(
  'tasks.readChain',
  async (
    tx: Tx,
    args: { firstHoldId: string },
  ): Promise<{ holdId: string; number: number; state: ChainState } | null> => {
    const chain = await tx.get<{ holdId: string; number: number; state: ChainState }>(
      'SELECT hold_id AS "holdId", number, state FROM task_retry_chains WHERE first_hold_id = ?',
      args.firstHoldId,
    );
    return chain ?? null;
  },
);

export type ChainState = 'open' | 'waiting' | 'ended';

/** Why a chain ends; also the words of a log line and of `kling_task_retries_total`. */
export const CHAIN_ENDS = [
  'succeeded',
  'not_a_reason',
  'no_more',
  'refused',
  'waited_too_long',
  'no_rule',
  'ended_by_operator',
  'no_task',
  'kept_too_long',
] as const;
export type ChainEnd = (typeof CHAIN_ENDS)[number];

export interface QueueArgs {
  firstHoldId: string;
  /** The last create, which failed or made no task. */
  holdId: string;
  /** The place of the last create that counts: a create that made no task is tried again as the same one. */
  number: number;
  /** Why the task failed. */
  reason: string;
  tries: number;
  /** Kling's own text, or why nothing was made; null for none. */
  note: string | null;
  waitingSince: Ms;
  dueAt: Ms;
}

/** Lets an open chain wait for its next create. False if it is not open, or has another last create. */
export const queueRetry = defineWrite(
  'tasks.queueRetry',
  async (tx: Tx, args: QueueArgs): Promise<boolean> => {
    const changed = await tx.run(
      `UPDATE task_retry_chains SET state = 'waiting', number = ?, reason = ?, tries = ?, note = ?, waiting_since = ?,
         due_at = ? WHERE first_hold_id = ? AND hold_id = ? AND state = 'open'`,
      args.number,
      args.reason,
      args.tries,
      args.note,
      args.waitingSince,
      args.dueAt,
      args.firstHoldId,
      args.holdId,
    );
    return changed > 0;
  },
  { scope: 'own' },
);

/** Puts the next create of a waiting chain off. */
export const delayRetry = defineWrite(
  'tasks.delayRetry',
  async (tx: Tx, args: { firstHoldId: string; tries: number; note: string; dueAt: Ms }): Promise<void> => {
    await tx.run(
      `UPDATE task_retry_chains SET tries = ?, note = ?, due_at = ? WHERE first_hold_id = ? AND state = 'waiting'`,
      args.tries,
      args.note,
      args.dueAt,
      args.firstHoldId,
    );
  },
  { scope: 'own' },
);

/** Ends a chain and deletes its body; nothing else of it stays if it never waited. */
export const endChain = defineWrite(
  'tasks.endChain',
  (tx: Tx, { firstHoldId, ...end }: { firstHoldId: string; why: ChainEnd; at: Ms }): Promise<void> =>
    endOne(tx, firstHoldId, end),
  { scope: 'own' },
);

/** Ends the open chain of a create, if it has one: an operator ended its hold, and nothing more may be made of it. */
export async function endChainOf(tx: Tx, holdId: string, end: { why: ChainEnd; at: Ms }): Promise<void> {
  const chain = await tx.get<{ firstHoldId: string }>(
    `SELECT first_hold_id AS "firstHoldId" FROM task_retry_chains WHERE hold_id = ? AND state = 'open'`,
    holdId,
  );
  if (chain) await endOne(tx, chain.firstHoldId, end);
}

async function endOne(tx: Tx, firstHoldId: string, { why, at }: { why: ChainEnd; at: Ms }): Promise<void> {
  await tx.run('DELETE FROM task_retry_bodies WHERE first_hold_id = ?', firstHoldId);
  await tx.run('DELETE FROM task_retry_chains WHERE first_hold_id = ? AND reason IS NULL', firstHoldId);
  await tx.run(
    `UPDATE task_retry_chains SET state = 'ended', note = ?, due_at = NULL, ended_at = ?
     WHERE first_hold_id = ? AND state <> 'ended'`,
    why,
    at,
    firstHoldId,
  );
}
