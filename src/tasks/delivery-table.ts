/**
 * How callbacks and files of results come along, for the status: read from few rows.
 *
 * **Invariant**: no statement here reads more than {@link NEWEST} creates, or more than the index of what waits.
 */
import { defineRead, type Tx } from '../store/operation.ts';
import type { Ms } from '../units.ts';

/** The newest creates among which ends are counted. */
export const NEWEST = 1_000;

/** What is known of callbacks among the newest creates. */
export interface CallbackUse {
  /** When the last one came; null without any. */
  lastAt: Ms | null;
  /** Tasks that have ended, and those of them whose end a callback reported. */
  ended: number;
  reported: number;
}

/** Counts the ends that callbacks reported. */
export const callbackUse = defineRead(
  'tasks.callbackUse',
  async (tx: Tx, _args: Record<string, never>): Promise<CallbackUse> => {
    const row = await tx.get<{ lastAt: Ms | null; ended: number | null; reported: number | null }>(
      `SELECT MAX(n.last_at) AS "lastAt",
         SUM(CASE WHEN n.task_state IN ('succeeded', 'failed') THEN 1 ELSE 0 END) AS ended,
         SUM(CASE WHEN n.task_state IN ('succeeded', 'failed') AND n.ends > 0 THEN 1 ELSE 0 END) AS reported
       FROM (SELECT c.task_state,
           (SELECT MAX(b.last_at) FROM callbacks b WHERE b.hold_id = c.id) AS last_at,
           (SELECT COUNT(*) FROM callbacks b WHERE b.hold_id = c.id AND b.status IN ('succeeded', 'failed')) AS ends
         FROM creates c ORDER BY c.at DESC, c.id DESC LIMIT ${NEWEST}) AS n`,
    );
    return { lastAt: row?.lastAt ?? null, ended: row?.ended ?? 0, reported: row?.reported ?? 0 };
  },
);

/** The files that are not saved yet. */
export interface UnsavedFiles {
  files: number;
  /** When the first of them expires; null without any. */
  firstExpiresAt: Ms | null;
  /** Those that expire before the given instant. */
  expiring: number;
}

/** Counts the files that wait, and those of them that expire before an instant. */
export const unsavedFiles = defineRead(
  'results.unsaved',
  async (tx: Tx, { before }: { before: Ms }): Promise<UnsavedFiles> => {
    const all = await countWaiting(tx);
    const soon = await tx.get<{ files: number }>(
      "SELECT COUNT(*) AS files FROM result_files WHERE state = 'waiting' AND expires_at < ?",
      before,
    );
    return { ...all, expiring: soon?.files ?? 0 };
  },
);

async function countWaiting(tx: Tx): Promise<Pick<UnsavedFiles, 'files' | 'firstExpiresAt'>> {
  const all = await tx.get<{ files: number; first: Ms | null }>(
    "SELECT COUNT(*) AS files, MIN(expires_at) AS first FROM result_files WHERE state = 'waiting'",
  );
  return { files: all?.files ?? 0, firstExpiresAt: all?.first ?? null };
}

/** What is known of the files that are kept. */
export interface KeptFilesState {
  /** Files that wait. */
  unsaved: number;
  /** When the first of them ends at Kling; null without any. */
  firstExpiresAt: Ms | null;
  /** Why the last try gave no file, of the file that is tried next; null if no try has failed. */
  problem: string | null;
  /** When a file was saved last that is still kept; null without any. */
  lastSavedAt: Ms | null;
}

/** Reads the state of the files that are kept. */
export const keptFilesState = defineRead(
  'results.keptFilesState',
  async (tx: Tx, _args: Record<string, never>): Promise<KeptFilesState> => {
    const waiting = await countWaiting(tx);
    const failed = await tx.get<{ reason: string }>(
      "SELECT reason FROM result_files WHERE state = 'waiting' AND reason IS NOT NULL ORDER BY next_at LIMIT 1",
    );
    const saved = await tx.get<{ at: Ms | null }>(
      "SELECT MAX(saved_at) AS at FROM result_files WHERE state = 'saved'",
    );
    return {
      unsaved: waiting.files,
      firstExpiresAt: waiting.firstExpiresAt,
      problem: failed?.reason ?? null,
      lastSavedAt: saved?.at ?? null,
    };
  },
);
