/**
 * Files of results as rows: planned in the transaction that keeps a task's results, changed by the downloader.
 *
 * **Invariant**: a file is `saved` only after its content is whole and durable at its place. A file that is saved never waits
 * again, and no address of another answer replaces its row's.
 */
import type { Fact } from '../facts.ts';
import { defineFactWrite } from '../outbox/outbox-table.ts';
import { defineRead, defineWrite, type Tx } from '../store/operation.ts';
import { lostFacts } from './lost-result.ts';
import type { Ms } from '../units.ts';
import { fileIdOf, filesOf, lacksAddresses, type FileId, type ResultFileState } from './result-file.ts';
import type { TaskResult, TaskSighting } from './task.ts';

/** Where a saved file is. */
export type ResultPlace = 'folder' | 's3';

/** A file of a task's results, as stored. */
export interface ResultFileRow {
  holdId: string;
  /** From 1: the place in the task's list of results. */
  position: number;
  kind: TaskResult['kind'];
  /** Kling's address. */
  url: string;
  /** Its name at its place: a day, a slash, and a name of our ids. */
  name: string;
  state: ResultFileState;
  /** When Kling's address stops to work. */
  expiresAt: Ms;
  attempts: number;
  /** Why the last try gave no file; null without a failed one, and once it is saved. */
  reason: string | null;
  /** The next five are null until it is saved. */
  place: ResultPlace | null;
  bytes: number | null;
  /** Of the content, in hexadecimal digits. */
  sha256: string | null;
  /** By the content's own bytes. */
  contentType: string | null;
  savedAt: Ms | null;
}

const FILE = `f.hold_id AS "holdId", f.position, f.kind, f.url, f.name, f.state, f.expires_at AS "expiresAt", f.attempts,
  f.reason, f.place, f.bytes, f.sha256, f.content_type AS "contentType", f.saved_at AS "savedAt"`;

/** A new address makes a file that was not saved due at once. */
const PLAN = `INSERT INTO result_files (hold_id, position, kind, url, name, expires_at, next_at) VALUES (?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (hold_id, position) DO UPDATE SET url = excluded.url, expires_at = excluded.expires_at, state = 'waiting',
  attempts = 0, next_at = excluded.next_at, reason = NULL
WHERE (result_files.state = 'waiting' OR result_files.state = 'expired') AND result_files.url <> excluded.url`;
const ASK_AGAIN = `INSERT INTO result_asks (hold_id, why, since, next_at) VALUES (?, ?, ?, ?)
ON CONFLICT (hold_id) DO NOTHING`;

/** The first wait before a task is asked for again whose end came without addresses. */
const FIRST_ASK_MS: Ms = 5_000;

/** Plans the files of a task that succeeded, if results are kept; else it changes nothing. */
export async function planFiles(
  tx: Tx,
  holdId: string,
  { state, results, updatedAt }: Pick<TaskSighting, 'state' | 'results' | 'updatedAt'>,
  at: Ms,
): Promise<void> {
  if (state !== 'succeeded') return;
  const keeping = await tx.get<{ since: Ms }>('SELECT since FROM result_keeping');
  if (!keeping) return;
  if (lacksAddresses(results)) await tx.run(ASK_AGAIN, holdId, 'no_addresses', at, at + FIRST_ASK_MS);
  else await insertFiles(tx, { holdId, results, madeAt: Math.min(updatedAt ?? at, at), at });
}

interface FilesToPlan {
  holdId: string;
  results: readonly TaskResult[];
  /** When Kling made them. */
  madeAt: Ms;
  at: Ms;
}

/** Gives the number of files that are due now: new ones, and those with a new address. */
async function insertFiles(tx: Tx, { holdId, results, madeAt, at }: FilesToPlan): Promise<number> {
  let planned = 0;
  for (const { position, kind, url, name, expiresAt } of filesOf(holdId, results, madeAt)) {
    planned += await tx.run(PLAN, holdId, position, kind, url, name, expiresAt, at);
  }
  return planned;
}

/** Takes the addresses of a new answer, if results are kept; gives the number of files that are due by it. */
export async function renewFiles(tx: Tx, files: FilesToPlan): Promise<number> {
  const keeping = await tx.get<{ since: Ms }>('SELECT since FROM result_keeping');
  return keeping ? await insertFiles(tx, files) : 0;
}

/**
 * Begins or ends the keeping of results. Where it begins, results of tasks of an id from `from` on are planned too, page by page
 * ({@link planEarlier}).
 */
export const setKeeping = defineWrite(
  'results.setKeeping',
  async (
    tx: Tx,
    { isOn, from, at }: { isOn: boolean; from: string; at: Ms },
  ): Promise<{ hasEarlier: boolean }> => {
    if (!isOn) {
      await tx.run('DELETE FROM result_keeping');
      return { hasEarlier: false };
    }
    await tx.run(
      'INSERT INTO result_keeping (id, since, planned_to) VALUES (1, ?, ?) ON CONFLICT (id) DO NOTHING',
      at,
      from,
    );
    const row = await tx.get<{ planned: string | null }>('SELECT planned_to AS planned FROM result_keeping');
    return { hasEarlier: row !== undefined && row.planned !== null };
  },
  { scope: 'exclusive' },
);

/** Returns whether results are kept, by the store. */
export const isKeeping = defineRead(
  'results.isKeeping',
  async (tx: Tx): Promise<boolean> =>
    (await tx.get<{ since: Ms }>('SELECT since FROM result_keeping')) !== undefined,
);

/** Plans the files of earlier results, those of at most `limit` tasks; `more` is false once all were looked through. */
export const planEarlier = defineWrite(
  'results.planEarlier',
  async (tx: Tx, { limit, at }: { limit: number; at: Ms }): Promise<{ files: number; more: boolean }> => {
    const keeping = await tx.get<{ planned: string | null }>(
      'SELECT planned_to AS planned FROM result_keeping',
    );
    if (!keeping || keeping.planned === null) return { files: 0, more: false };
    const rows = await tx.all<{ holdId: string; results: string; madeAt: Ms }>(
      `SELECT r.hold_id AS "holdId", r.results, COALESCE(c.vendor_updated_at, c.task_updated_at) AS "madeAt"
       FROM task_results r JOIN creates c ON c.id = r.hold_id
       WHERE r.hold_id > ? AND c.task_state = 'succeeded' ORDER BY r.hold_id LIMIT ?`,
      keeping.planned,
      limit,
    );
    let files = 0;
    for (const { holdId, results, madeAt } of rows) {
      files += await insertFiles(tx, { holdId, results: JSON.parse(results) as TaskResult[], madeAt, at });
    }
    const last = rows.at(-1);
    const more = last !== undefined && rows.length === limit;
    await tx.run('UPDATE result_keeping SET planned_to = ?', more ? last.holdId : null);
    return { files, more };
  },
  { scope: 'exclusive' },
);

/** A file that may be downloaded now. */
export interface DueFile extends ResultFileRow {
  taskId: string;
}

/**
 * Gives files whose next try is due at an instant, the longest due first, and when the next one is; null for never. With
 * `onlyExpired` those whose time is over, too.
 */
export const dueFiles = defineRead(
  'results.dueFiles',
  async (
    tx: Tx,
    { at, limit, onlyExpired = false }: { at: Ms; limit: number; onlyExpired?: boolean },
  ): Promise<{ files: DueFile[]; nextAt: Ms | null }> => {
    const files = await tx.all<DueFile>(
      `SELECT ${FILE}, c.task_id AS "taskId" FROM result_files f JOIN creates c ON c.id = f.hold_id
       WHERE f.state = 'waiting' AND ${onlyExpired ? 'f.expires_at' : 'f.next_at'} <= ?
       ORDER BY ${onlyExpired ? 'f.expires_at' : 'f.next_at'} LIMIT ?`,
      at,
      limit,
    );
    const next = await tx.get<{ at: Ms | null }>(
      "SELECT MIN(next_at) AS at FROM result_files WHERE state = 'waiting' AND next_at > ?",
      at,
    );
    return { files, nextAt: next?.at ?? null };
  },
);

/** Returns whether a name is of a file that waits. */
export const isWaiting = defineRead(
  'results.isWaiting',
  async (tx: Tx, { name }: { name: string }): Promise<boolean> => {
    const id = fileIdOf(name);
    if (id === null) return false;
    const row = await tx.get<{ name: string }>(
      "SELECT name FROM result_files WHERE hold_id = ? AND position = ? AND state = 'waiting'",
      id.holdId,
      id.position,
    );
    return row?.name === name;
  },
);

/** Records that a file is whole and durable at its place. */
export const noteSaved = defineWrite(
  'results.noteSaved',
  async (
    tx: Tx,
    file: FileId & { place: ResultPlace; bytes: number; sha256: string; contentType: string; at: Ms },
  ): Promise<void> => {
    await tx.run(
      `UPDATE result_files SET state = 'saved', next_at = NULL, reason = NULL, attempts = attempts + 1, place = ?, bytes = ?,
         sha256 = ?, content_type = ?, saved_at = ? WHERE hold_id = ? AND position = ? AND state <> 'saved'`,
      file.place,
      file.bytes,
      file.sha256,
      file.contentType,
      file.at,
      file.holdId,
      file.position,
    );
  },
  { scope: 'own' },
);

/** Records a try that gave no file, and when the next one is; `asksAgain` where Kling should be asked for another address. */
export const putOffFile = defineWrite(
  'results.putOff',
  async (
    tx: Tx,
    file: FileId & { reason: string; nextAt: Ms; at: Ms; asksAgain: boolean },
  ): Promise<void> => {
    await tx.run(
      `UPDATE result_files SET attempts = attempts + 1, next_at = ?, reason = ?
       WHERE hold_id = ? AND position = ? AND state = 'waiting'`,
      file.nextAt,
      file.reason,
      file.holdId,
      file.position,
    );
    if (file.asksAgain) await tx.run(ASK_AGAIN, file.holdId, 'refused', file.at, file.at);
  },
  { scope: 'own' },
);

/** Records that a file's time was over before it could be saved; reported once for each task. */
export const expireFile = defineFactWrite(
  'results.expire',
  async (tx: Tx, file: FileId & { reason: string; at: Ms }): Promise<{ facts: Fact[] }> => {
    const changed = await tx.run(
      `UPDATE result_files SET state = 'expired', attempts = attempts + 1, next_at = NULL, reason = ?
       WHERE hold_id = ? AND position = ? AND state = 'waiting'`,
      file.reason,
      file.holdId,
      file.position,
    );
    return { facts: changed === 0 ? [] : await lostFacts(tx, file.holdId, { why: 'expired', at: file.at }) };
  },
  { scope: 'own' },
);

/** Gives the saved files of a place that were saved before an instant, the oldest first. */
export const savedBefore = defineRead(
  'results.savedBefore',
  (tx: Tx, { before, limit }: { before: Ms; limit: number }): Promise<ResultFileRow[]> =>
    tx.all<ResultFileRow>(
      `SELECT ${FILE} FROM result_files f WHERE f.state = 'saved' AND f.saved_at < ? ORDER BY f.saved_at LIMIT ?`,
      before,
      limit,
    ),
);

/** Records that a saved file was removed from its place. */
export const noteRemoved = defineWrite(
  'results.noteRemoved',
  async (tx: Tx, { holdId, position }: FileId): Promise<void> => {
    await tx.run(
      "UPDATE result_files SET state = 'removed' WHERE hold_id = ? AND position = ? AND state = 'saved'",
      holdId,
      position,
    );
  },
  { scope: 'own' },
);

/** Gives the bytes of all saved files at a place. */
export const savedBytes = defineRead(
  'results.savedBytes',
  async (tx: Tx, { place }: { place: ResultPlace }): Promise<number> => {
    const row = await tx.get<{ bytes: number | null }>(
      "SELECT SUM(bytes) AS bytes FROM result_files WHERE state = 'saved' AND place = ?",
      place,
    );
    return row?.bytes ?? 0;
  },
);

/** Lists the files of a task by Kling's id, in the order of its results; empty if there are none, or the task is not ours. */
export const filesOfTask = defineRead(
  'results.filesOfTask',
  (tx: Tx, { taskId }: { taskId: string }): Promise<ResultFileRow[]> =>
    tx.all<ResultFileRow>(
      `SELECT ${FILE} FROM result_files f JOIN creates c ON c.id = f.hold_id WHERE c.task_id = ? ORDER BY f.position`,
      taskId,
    ),
  'request',
);

/** Gives one file of a task by Kling's id; null if there is none. */
export const fileOfTask = defineRead(
  'results.fileOfTask',
  async (
    tx: Tx,
    { taskId, position }: { taskId: string; position: number },
  ): Promise<ResultFileRow | null> => {
    const row = await tx.get<ResultFileRow>(
      `SELECT ${FILE} FROM result_files f JOIN creates c ON c.id = f.hold_id WHERE c.task_id = ? AND f.position = ?`,
      taskId,
      position,
    );
    return row ?? null;
  },
  'request',
);

/** The sums of the files of one create. */
export interface FileSums {
  holdId: string;
  files: number;
  saved: number;
  bytes: number;
}

/** Sums the files of some creates; a create without files is left out. */
export const fileSums = defineRead(
  'results.fileSums',
  async (tx: Tx, { holdIds }: { holdIds: readonly string[] }): Promise<FileSums[]> => {
    const sums: FileSums[] = [];
    for (const holdId of holdIds) {
      const row = await tx.get<Omit<FileSums, 'holdId'>>(
        `SELECT COUNT(*) AS files, COALESCE(SUM(CASE WHEN state = 'saved' THEN 1 ELSE 0 END), 0) AS saved,
           COALESCE(SUM(CASE WHEN state = 'saved' THEN bytes ELSE 0 END), 0) AS bytes FROM result_files WHERE hold_id = ?`,
        holdId,
      );
      if (row && row.files > 0) sums.push({ holdId, ...row });
    }
    return sums;
  },
);
