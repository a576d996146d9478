/** Drops old calls and previews of prompts, in the transaction of `ledger/purge.ts`; the rows of creates stay. */
import { defineRead, type Tx } from '../store/operation.ts';
import type { Ms } from '../units.ts';

/** How far prompts have been dropped, as an instant and a hold's id, so that few are checked twice. */
const PROMPTS_KEY = 'calls.prompts_dropped_to';
/** The instant before which calls were dropped: rows that come later with an earlier time are not all there were. */
const CALLS_KEY = 'calls.dropped_to';
/** How much later than its date a hold may be committed. */
const LATE_MS = 600_000;
const SET_META =
  'INSERT INTO meta (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value';

const DROP_PROMPT = 'UPDATE creates SET prompt_hash = NULL, prompt_preview = NULL WHERE id = ?';

/** The attempt of a create is part of its row, which stays. */
const FORGET_CALLS = `UPDATE creates SET sent_at = NULL, call_id = NULL, attempt = NULL, status = NULL, code = NULL,
  kling_request_id = NULL, outcome = NULL, error_class = NULL, duration_ms = NULL, overhead_ms = NULL, bytes_sent = NULL,
  bytes_received = NULL, clock_offset_ms = NULL, evidence = NULL
WHERE id IN (
  SELECT id FROM creates WHERE outcome IS NOT NULL AND sent_at >= ? AND sent_at < ? ORDER BY sent_at, call_id LIMIT ?)`;

/** Drops calls before an instant, outside of the stretches that stay; gives how many. */
export async function purgeCalls(
  tx: Tx,
  { before, kept, rowsMax }: { before: Ms; kept: readonly { start: Ms; end: Ms }[]; rowsMax: number },
): Promise<number> {
  let dropped = 0;
  // What lies between the stretches that are kept, the oldest first, without a look at the rows of those.
  for (const [index, { start }] of [...kept, { start: before }].entries()) {
    const from = kept[index - 1]?.end ?? 0;
    dropped += await tx.run(
      `DELETE FROM journal WHERE (at, id) IN (
         SELECT at, id FROM journal WHERE at >= ? AND at < ? ORDER BY at, id LIMIT ?)`,
      from,
      Math.min(start, before),
      rowsMax - dropped,
    );
    dropped += await tx.run(FORGET_CALLS, from, Math.min(start, before), rowsMax - dropped);
    if (dropped >= rowsMax) break;
  }
  if (dropped > 0) {
    const droppedTo = Math.max(before, await selectDroppedTo(tx));
    await tx.run(SET_META, CALLS_KEY, String(droppedTo));
  }
  return dropped;
}

/** Gives the instant before which the journal is not complete; 0 if nothing was dropped. */
export async function selectDroppedTo(tx: Tx): Promise<Ms> {
  const kept = await tx.get<{ value: string }>('SELECT value FROM meta WHERE key = ?', CALLS_KEY);
  return Number(kept?.value ?? 0);
}

/** Reads the instant before which the journal is not complete; 0 if nothing was dropped. */
export const readDroppedTo = defineRead('calls.readDroppedTo', (tx): Promise<Ms> => selectDroppedTo(tx));

/**
 * Gives how many holds were passed, not how many of them had a prompt: it says whether there are more.
 *
 * The mark only saves work. A hold may be committed after it was passed, by another writer or with an earlier date, once a clock
 * was set back. So a pass that is done ends {@link LATE_MS} before its bound, and a mark above the bound is not used.
 */
export async function purgePrompts(tx: Tx, before: Ms, rowsMax: number): Promise<number> {
  const kept = await tx.get<{ value: string }>('SELECT value FROM meta WHERE key = ?', PROMPTS_KEY);
  const [marked = '0', behind = ''] = (kept?.value ?? '0 ').split(' ');
  const isUsable = Number(marked) <= before;
  const [at, id] = isUsable ? [marked, behind] : ['0', ''];
  const rows = await tx.all<{ at: Ms; id: string; has_prompt: number }>(
    `SELECT at, id, CASE WHEN prompt_hash IS NULL THEN 0 ELSE 1 END AS has_prompt FROM creates
     WHERE at >= ? AND (at > ? OR id > ?) AND at < ? ORDER BY at, id LIMIT ?`,
    Number(at),
    Number(at),
    id,
    before,
    rowsMax,
  );
  for (const row of rows) {
    if (row.has_prompt === 1) await tx.run(DROP_PROMPT, row.id);
  }
  const last = rows.at(-1);
  if (!last) return 0;
  const late = before - LATE_MS;
  const isDone = rows.length < rowsMax;
  await tx.run(SET_META, PROMPTS_KEY, isDone && last.at > late ? `${late} ` : `${last.at} ${last.id}`);
  return rows.length;
}
