/**
 * Received callbacks as rows, and the key of their addresses.
 *
 * **Invariant**: a callback changes no task and no money; it is a reason to ask Kling. Rows of one create are bounded: who
 * knows its address cannot fill the store.
 */
import { defineRead, defineWrite, type Tx } from '../store/operation.ts';
import type { Ms } from '../units.ts';
import type { TaskState } from '../words.ts';

/** What a callback's body says of the task; `unknown` if it names no documented state. */
export type CallbackStatus = TaskState | 'unknown';

/** The most different bodies that are kept for one create: Kling sends one for each change of its state. */
export const BODIES_MAX = 16;

/** Gives the key of the addresses, which is made once: `key` becomes it if there is none. */
export const callbackKey = defineWrite(
  'tasks.callbackKey',
  async (tx: Tx, { key, at }: { key: string; at: Ms }): Promise<string> => {
    await tx.run(
      'INSERT INTO callback_keys (id, key, made_at) VALUES (1, ?, ?) ON CONFLICT (id) DO NOTHING',
      key,
      at,
    );
    const row = await tx.get<{ key: string }>('SELECT key FROM callback_keys WHERE id = 1');
    if (!row) throw new Error('the key of callbacks was not kept');
    return row.key;
  },
  { scope: 'exclusive' },
);

export interface ReceivedCallback {
  holdId: string;
  at: Ms;
  /** SHA-256 of the body, in hexadecimal. */
  bodyHash: string;
  status: CallbackStatus;
  webhookId: string | null;
  /** Whether its signature was checked and is Kling's. */
  isSigned: boolean;
  /** Kept only if the create is relayed. */
  body: string;
}

/** What the store knows of the create of a callback. */
export interface CallbackCreate {
  /** Null before the create's own answer is recorded. */
  taskId: string | null;
  state: TaskState | null;
  isRelayed: boolean;
}

/** Keeps a callback, or counts it if its body is known. Gives its create; null, with nothing kept, if there is none. */
export const keepCallback = defineWrite(
  'tasks.keepCallback',
  async (tx: Tx, received: ReceivedCallback): Promise<CallbackCreate | null> => {
    const { holdId, at, bodyHash, status, webhookId, isSigned, body } = received;
    const row = await tx.get<{ task_id: string | null; state: TaskState | null; is_relayed: number }>(
      `SELECT c.task_id, c.task_state AS state,
         CASE WHEN EXISTS (SELECT 1 FROM callback_relays r WHERE r.hold_id = c.id AND r.state = 'open') THEN 1 ELSE 0 END
           AS is_relayed
       FROM creates c WHERE c.id = ?`,
      holdId,
    );
    if (!row) return null;
    const isRelayed = row.is_relayed === 1;
    const counted = await tx.run(
      `UPDATE callbacks SET times = times + 1, last_at = ?,
         is_signed = CASE WHEN is_signed = 1 THEN 1 ELSE ? END, webhook_id = COALESCE(?, webhook_id)
       WHERE hold_id = ? AND body_hash = ?`,
      at,
      isSigned ? 1 : 0,
      isSigned ? webhookId : null,
      holdId,
      bodyHash,
    );
    if (counted === 0 && (isSigned || (await hasRoom(tx, holdId)))) {
      await tx.run(
        `INSERT INTO callbacks (hold_id, body_hash, at, last_at, times, status, webhook_id, is_signed, body)
         VALUES (?, ?, ?, ?, 1, ?, ?, ?, ?)`,
        holdId,
        bodyHash,
        at,
        at,
        status,
        webhookId,
        isSigned ? 1 : 0,
        isRelayed ? body : null,
      );
    }
    return { taskId: row.task_id, state: row.state, isRelayed };
  },
  { scope: 'own', isPlain: () => true },
);

async function hasRoom(tx: Tx, holdId: string): Promise<boolean> {
  const kept = await tx.get<{ rows: number }>(
    'SELECT COUNT(*) AS rows FROM callbacks WHERE hold_id = ?',
    holdId,
  );
  return (kept?.rows ?? 0) < BODIES_MAX;
}

/** A callback as it was received. */
export interface CallbackRow {
  at: Ms;
  lastAt: Ms;
  /** How often its body came. */
  times: number;
  status: CallbackStatus;
  isSigned: boolean;
}

/** Lists the callbacks of a create, the first one first; at most {@link BODIES_MAX}. */
export const listCallbacks = defineRead(
  'tasks.listCallbacks',
  async (tx: Tx, { holdId }: { holdId: string }): Promise<CallbackRow[]> => {
    const rows = await tx.all<Omit<CallbackRow, 'isSigned'> & { isSigned: number }>(
      `SELECT at, last_at AS "lastAt", times, status, is_signed AS "isSigned" FROM callbacks
       WHERE hold_id = ? ORDER BY at, body_hash`,
      holdId,
    );
    return rows.map((row) => ({ ...row, isSigned: row.isSigned === 1 }));
  },
);
