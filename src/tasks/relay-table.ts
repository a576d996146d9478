/**
 * The relay of callbacks as rows: the caller's own address, kept with the hold, and the messages to it.
 *
 * **Invariant**: a message of a task is given out only after the earlier ones of that task were delivered or given up. A task's
 * state has one message. After `gone` nothing is given out.
 */
import { defineRead, defineWrite, type SqlValue, type Tx } from '../store/operation.ts';
import type { Ms } from '../units.ts';
import type { HoldState, TaskState } from '../words.ts';
import type { CallbackStatus } from './callback-table.ts';

/** The statement by which a create's own address for callbacks is kept with its hold. */
export const INSERT_RELAY =
  "INSERT INTO callback_relays (hold_id, url, state, sent_rank) VALUES (?, ?, 'open', -1)";

/** Gives the values of {@link INSERT_RELAY}. */
export function relayValues(holdId: string, url: string): SqlValue[] {
  return [holdId, url];
}

/** A callback that may be relayed. */
export interface RelayedCallback {
  status: CallbackStatus;
  isSigned: boolean;
  webhookId: string | null;
  body: string;
}

/** A create whose callbacks are relayed, with all that decides what its address is sent next. */
export interface OpenRelay {
  holdId: string;
  sentRank: number;
  holdState: HoldState;
  path: string;
  route: string;
  externalTaskId: string | null;
  taskId: string | null;
  taskState: TaskState | null;
  /** When the task was last seen in another state. */
  changedAt: Ms | null;
  /** In the order of their arrival. */
  callbacks: RelayedCallback[];
}

const OPEN_RELAY = `SELECT r.hold_id AS "holdId", r.sent_rank AS "sentRank", c.state AS "holdState", c.path, c.route,
  c.external_task_id AS "externalTaskId", c.task_id AS "taskId", c.task_state AS "taskState", c.task_updated_at AS "changedAt"
FROM callback_relays r JOIN creates c ON c.id = r.hold_id WHERE r.state = 'open'`;

/** Reads those of some creates whose callbacks are relayed and not all made. */
export const openRelays = defineRead(
  'tasks.openRelays',
  async (tx: Tx, { holdIds }: { holdIds: readonly string[] }): Promise<OpenRelay[]> => {
    const found: OpenRelay[] = [];
    for (const holdId of holdIds) {
      const row = await tx.get<Omit<OpenRelay, 'callbacks'>>(`${OPEN_RELAY} AND r.hold_id = ?`, holdId);
      if (row) found.push({ ...row, callbacks: await callbacksOf(tx, holdId) });
    }
    return found;
  },
);

async function callbacksOf(tx: Tx, holdId: string): Promise<RelayedCallback[]> {
  const rows = await tx.all<Omit<RelayedCallback, 'isSigned'> & { isSigned: number }>(
    `SELECT status, is_signed AS "isSigned", webhook_id AS "webhookId", body FROM callbacks
     WHERE hold_id = ? AND body IS NOT NULL ORDER BY at, body_hash`,
    holdId,
  );
  return rows.map((row) => ({ ...row, isSigned: row.isSigned === 1 }));
}

/** Lists the creates whose callbacks are relayed and not all made, a page in the order of their ids. */
export const listOpenRelays = defineRead(
  'tasks.listOpenRelays',
  async (tx: Tx, { after, limit }: { after: string; limit: number }): Promise<string[]> => {
    const rows = await tx.all<{ holdId: string }>(
      `SELECT hold_id AS "holdId" FROM callback_relays WHERE state = 'open' AND hold_id > ? ORDER BY hold_id LIMIT ?`,
      after,
      limit,
    );
    return rows.map(({ holdId }) => holdId);
  },
);

/** A message for a task's state. */
export interface MadeDelivery {
  /** 0 submitted, 1 processing, 2 ended. */
  rank: number;
  /** The `webhook-id`: the same for every attempt. */
  id: string;
  body: string;
  /** Kling's own body, or one made from Kling's answer to a query. */
  origin: 'callback' | 'query';
}

/** Keeps the messages that were made for a create. `isOver`: no further one follows. */
export const makeDeliveries = defineWrite(
  'tasks.makeDeliveries',
  async (
    tx: Tx,
    args: { holdId: string; at: Ms; made: readonly MadeDelivery[]; isOver: boolean },
  ): Promise<void> => {
    const { holdId, at, made, isOver } = args;
    const last = made.at(-1);
    const changed = await tx.run(
      `UPDATE callback_relays SET state = ?, sent_rank = ? WHERE hold_id = ? AND state = 'open' AND sent_rank < ?`,
      isOver ? 'made' : 'open',
      last?.rank ?? 2,
      holdId,
      last?.rank ?? 2,
    );
    if (changed === 0) return;
    const waiting = await tx.get<{ nextAt: Ms | null }>(
      `SELECT MAX(next_at) AS "nextAt" FROM callback_deliveries WHERE hold_id = ? AND state = 'waiting'`,
      holdId,
    );
    for (const { rank, id, body, origin } of made) {
      await tx.run(
        `INSERT INTO callback_deliveries (hold_id, rank, id, body, origin, made_at, attempts, next_at, state)
         VALUES (?, ?, ?, ?, ?, ?, 0, ?, 'waiting') ON CONFLICT (hold_id, rank) DO NOTHING`,
        holdId,
        rank,
        id,
        body,
        origin,
        at,
        Math.max(at, waiting?.nextAt ?? at),
      );
    }
    // Their bodies are not needed any more.
    if (isOver)
      await tx.run('UPDATE callbacks SET body = NULL WHERE hold_id = ? AND body IS NOT NULL', holdId);
  },
  { scope: 'own' },
);

/** A message that is due. */
export interface DueDelivery {
  holdId: string;
  rank: number;
  id: string;
  url: string;
  body: string;
  attempts: number;
}

/** Gives messages that are due, the longest due first, and when the next one is; null if none waits. */
export const dueDeliveries = defineRead(
  'tasks.dueDeliveries',
  async (
    tx: Tx,
    { at, limit }: { at: Ms; limit: number },
  ): Promise<{ due: DueDelivery[]; nextAt: Ms | null }> => {
    const due = await tx.all<DueDelivery>(
      `SELECT d.hold_id AS "holdId", d.rank, d.id, r.url, d.body, d.attempts
       FROM callback_deliveries d JOIN callback_relays r ON r.hold_id = d.hold_id
       WHERE d.state = 'waiting' AND d.next_at <= ? AND NOT EXISTS (
         SELECT 1 FROM callback_deliveries e WHERE e.hold_id = d.hold_id AND e.rank < d.rank AND e.state = 'waiting')
       ORDER BY d.next_at, d.hold_id LIMIT ?`,
      at,
      limit,
    );
    const next = await tx.get<{ nextAt: Ms | null }>(
      `SELECT MIN(next_at) AS "nextAt" FROM callback_deliveries WHERE state = 'waiting' AND next_at > ?`,
      at,
    );
    return { due, nextAt: next?.nextAt ?? null };
  },
);

/** How an attempt ended. `failed` is tried again; after `gone` nothing is sent to the address of that create. */
export type DeliveryEnd =
  | { kind: 'delivered' }
  | { kind: 'failed'; nextAt: Ms; error: string }
  | { kind: 'undelivered'; error: string }
  | { kind: 'gone'; error: string };

/** Marks the end of an attempt. */
export const markDelivery = defineWrite(
  'tasks.markDelivery',
  async (
    tx: Tx,
    { holdId, rank, at, end }: { holdId: string; rank: number; at: Ms; end: DeliveryEnd },
  ): Promise<void> => {
    const isOver = end.kind !== 'failed';
    await tx.run(
      `UPDATE callback_deliveries SET attempts = attempts + 1, state = ?, next_at = ?, ended_at = ?, error = ?
       WHERE hold_id = ? AND rank = ? AND state = 'waiting'`,
      end.kind === 'delivered' ? 'delivered' : isOver ? 'undelivered' : 'waiting',
      end.kind === 'failed' ? end.nextAt : at,
      isOver ? at : null,
      end.kind === 'delivered' ? null : end.error,
      holdId,
      rank,
    );
    if (end.kind === 'failed') {
      // Later messages wait for this one.
      await tx.run(
        `UPDATE callback_deliveries SET next_at = ? WHERE hold_id = ? AND state = 'waiting' AND next_at < ?`,
        end.nextAt,
        holdId,
        end.nextAt,
      );
    }
    if (end.kind !== 'gone') return;
    await tx.run("UPDATE callback_relays SET state = 'gone' WHERE hold_id = ?", holdId);
    await tx.run(
      `UPDATE callback_deliveries SET state = 'undelivered', ended_at = ?, error = ? WHERE hold_id = ? AND state = 'waiting'`,
      at,
      end.error,
      holdId,
    );
  },
  { scope: 'own' },
);

/** Puts off a message that was not tried. */
export const putOffDelivery = defineWrite(
  'tasks.putOffDelivery',
  async (tx: Tx, { holdId, rank, nextAt }: { holdId: string; rank: number; nextAt: Ms }): Promise<void> => {
    await tx.run(
      `UPDATE callback_deliveries SET next_at = ? WHERE hold_id = ? AND rank >= ? AND state = 'waiting' AND next_at < ?`,
      nextAt,
      holdId,
      rank,
      nextAt,
    );
  },
  { scope: 'own' },
);

/** Messages that were given up. */
export interface GivenUp {
  count: number;
  firstAt: Ms;
  lastAt: Ms;
  /** The last one's. */
  error: string;
}

/** Sums up the messages that were given up from an instant on; null if there are none. */
export const readGivenUp = defineRead(
  'tasks.readGivenUp',
  async (tx: Tx, { from }: { from: Ms }): Promise<GivenUp | null> => {
    const row = await tx.get<{ count: number; firstAt: Ms | null; lastAt: Ms | null }>(
      `SELECT COUNT(*) AS count, MIN(ended_at) AS "firstAt", MAX(ended_at) AS "lastAt" FROM callback_deliveries
       WHERE state = 'undelivered' AND ended_at >= ?`,
      from,
    );
    if (!row || row.firstAt === null || row.lastAt === null) return null;
    const last = await tx.get<{ error: string | null }>(
      `SELECT error FROM callback_deliveries WHERE state = 'undelivered' AND ended_at = ? ORDER BY hold_id LIMIT 1`,
      row.lastAt,
    );
    return { count: row.count, firstAt: row.firstAt, lastAt: row.lastAt, error: last?.error ?? '' };
  },
);

/** Rows that one run drops, so that no create waits for it. */
const DROPPED_MAX = 500;

/** Drops callbacks, relays and messages of creates from before an id; `more` asks for another run. */
export const dropCallbacks = defineWrite(
  'tasks.dropCallbacks',
  async (tx: Tx, { beforeId }: { beforeId: string }): Promise<{ dropped: number; more: boolean }> => {
    let dropped = 0;
    let more = false;
    for (const sql of [
      'DELETE FROM callbacks WHERE hold_id IN (SELECT hold_id FROM callbacks WHERE hold_id < ? ORDER BY hold_id LIMIT ?)',
      'DELETE FROM callback_deliveries WHERE hold_id IN (SELECT hold_id FROM callback_deliveries WHERE hold_id < ? ORDER BY hold_id LIMIT ?)',
      'DELETE FROM callback_relays WHERE hold_id IN (SELECT hold_id FROM callback_relays WHERE hold_id < ? ORDER BY hold_id LIMIT ?)',
    ]) {
      const count = await tx.run(sql, beforeId, DROPPED_MAX);
      dropped += count;
      more ||= count >= DROPPED_MAX;
    }
    return { dropped, more };
  },
  { scope: 'exclusive' },
);
