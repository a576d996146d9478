/**
 * Drops old calls, previews of prompts, and guards whose answers need not be given again.
 *
 * **Invariant**: money is never dropped: creates, adjustments, counters and the audit stay. One run drops at most
 * {@link ROWS_MAX} rows of each kind, or fewer if the caller asks for it, so that no create waits for it; `more` asks for another run.
 */
import { defineRead, defineWrite, type Tx } from '../store/operation.ts';
import { ANSWER_KEPT_MS, type Ms } from '../units.ts';

export interface PurgeArgs {
  at: Ms;
  /** Above 0. */
  callRetentionDays: number;
  /** 0 keeps nothing of a prompt beyond the next run. */
  promptRetentionDays: number;
  /** Time ranges, in order and without overlaps, whose calls stay at any age; `end` is exclusive. */
  kept?: readonly { start: Ms; end: Ms }[];
  /** Rows of each kind; {@link ROWS_MAX} if absent. */
  rowsMax?: number;
}

export interface Purged {
  calls: number;
  prompts: number;
  guards: number;
  /** Whether there is more to drop. */
  more: boolean;
}

const DAY_MS = 86_400_000;
const ROWS_MAX = 2000;
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
const DROP_GUARD =
  'UPDATE creates SET guard_key = NULL, guard_task_id = NULL, fingerprint = NULL WHERE id = ?';

/** Drops what is older than its retention allows. */
export const purgeOld = defineWrite(
  'calls.purgeOld',
  async (tx: Tx, args: PurgeArgs): Promise<Purged> => {
    const { at, kept = [], rowsMax = ROWS_MAX } = args;
    const calls = await purgeCalls(tx, { before: at - args.callRetentionDays * DAY_MS, kept, rowsMax });
    const prompts = await purgePrompts(tx, at - args.promptRetentionDays * DAY_MS, rowsMax);
    const guards = await purgeGuards(tx, at, rowsMax);
    return { calls, prompts, guards, more: Math.max(calls, prompts, guards) >= rowsMax };
  },
  { scope: 'exclusive' },
);

async function purgeCalls(
  tx: Tx,
  { before, kept, rowsMax }: Required<Pick<PurgeArgs, 'kept' | 'rowsMax'>> & { before: Ms },
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
async function purgePrompts(tx: Tx, before: Ms, rowsMax: number): Promise<number> {
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

/** Answers grow old by the clock of ages, as the store knows it. */
async function purgeGuards(tx: Tx, at: Ms, rowsMax: number): Promise<number> {
  const expired = await tx.all<{ hold_id: string }>(
    `SELECT a.hold_id FROM answers a JOIN creates h ON h.id = a.hold_id
     WHERE a.at <= COALESCE((SELECT aged_to FROM spending), ?) - ? AND h.state <> 'held'
     ORDER BY a.at LIMIT ?`,
    at,
    ANSWER_KEPT_MS,
    rowsMax,
  );
  for (const { hold_id } of expired) {
    await tx.run(DROP_GUARD, hold_id);
    await tx.run('DELETE FROM answers WHERE hold_id = ?', hold_id);
  }
  return expired.length;
}
