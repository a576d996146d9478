/** The lines of kept results in a task's timeline: each file that was saved, or not in time. */
import type { TimelineLine, TimelineReader } from '../store/timeline.ts';
import type { Ms } from '../units.ts';

const FILES_MAX = 100;

interface FileColumns {
  position: number;
  kind: string;
  state: string;
  bytes: number | null;
  sha256: string | null;
  savedAt: Ms | null;
  expiresAt: Ms;
  reason: string | null;
}

/** Reads the lines of a task's files. */
export const resultTimeline: TimelineReader = async (tx, { holdId }) => {
  const files = await tx.all<FileColumns>(
    `SELECT position, kind, state, bytes, sha256, saved_at AS "savedAt", expires_at AS "expiresAt", reason
     FROM result_files WHERE hold_id = ? AND state <> 'waiting' ORDER BY position LIMIT ?`,
    holdId,
    FILES_MAX,
  );
  return files.map(({ position, kind, bytes, sha256, savedAt, expiresAt, reason, state }): TimelineLine => {
    const what = `file ${position} (${kind})`;
    if (savedAt === null) {
      return {
        at: expiresAt,
        step: 'result',
        text: `${what} expired before it was saved: ${reason ?? state}`,
      };
    }
    const removed = state === 'removed' ? '; it was removed since' : '';
    return {
      at: savedAt,
      step: 'result',
      text: `${what} saved, ${bytes} bytes, SHA-256 ${sha256}${removed}`,
    };
  });
};
