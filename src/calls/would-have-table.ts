/**
 * Counts, by word, budget and app, what `protect` would have refused or edited while the mode is `observe`.
 *
 * The list of refusals keeps only the newest ones, so the counts are kept apart from it. They begin when the mode
 * becomes `observe`, stay over restarts, and end when the mode becomes `protect`.
 */
import { defineRead, defineWrite, type Tx } from '../store/operation.ts';
import type { MilliCredits, Ms } from '../units.ts';
import type { EnforceMode } from '../words.ts';

/** One refusal or edit that `protect` would have made. */
export interface WouldHave {
  word: string;
  app: string;
  /** The budget that would have been exceeded; null for every other reason. */
  budget: string | null;
  /** What the create would have held; 0 if that is not known or nothing would have been refused. */
  credits: MilliCredits;
}

export interface WouldHaveCount extends WouldHave {
  count: number;
}

export interface WouldHaveCounts {
  /** Since when the mode is `observe`; null in another mode. */
  since: Ms | null;
  /** The most frequent first. */
  rows: WouldHaveCount[];
}

/** Without configured apps callers choose the app's name: with more rows than this, further apps are counted as `other`. */
const ROWS_MAX = 1_000;
const SINCE_KEY = 'calls.observing_since';
const KEPT = 'SELECT count FROM would_have WHERE word = ? AND budget = ? AND app = ?';
const ADD = `INSERT INTO would_have (word, budget, app, count, credits) VALUES (?, ?, ?, 1, ?)
ON CONFLICT (word, budget, app) DO UPDATE SET count = would_have.count + 1, credits = would_have.credits + excluded.credits`;

/** Counts one more in the caller's transaction; nothing after the mode became `protect`. */
export async function addWouldHave(tx: Tx, { word, app, budget, credits }: WouldHave): Promise<void> {
  if ((await tx.get('SELECT value FROM meta WHERE key = ?', SINCE_KEY)) === undefined) return;
  const key = budget ?? '';
  const isKept = (await tx.get(KEPT, word, key, app)) !== undefined;
  await tx.run(ADD, word, key, isKept || (await hasRoom(tx)) ? app : 'other', credits);
}

async function hasRoom(tx: Tx): Promise<boolean> {
  const counted = await tx.get<{ rows: number }>('SELECT COUNT(*) AS rows FROM would_have');
  return (counted?.rows ?? 0) < ROWS_MAX;
}

/** Counts what would have been done beside a refusal: an edit of a body. */
export const countWouldHave = defineWrite(
  'calls.countWouldHave',
  async (tx: Tx, args: WouldHave[]): Promise<void> => {
    for (const one of args) await addWouldHave(tx, one);
  },
  { scope: 'own' },
);

/** Notes the mode in force: the counts begin with `observe`, and are dropped with `protect`. */
export const noteMode = defineWrite(
  'calls.noteMode',
  async (tx: Tx, { mode, at }: { mode: EnforceMode; at: Ms }): Promise<void> => {
    if (mode === 'observe') {
      await tx.run(
        'INSERT INTO meta (key, value) VALUES (?, ?) ON CONFLICT (key) DO NOTHING',
        SINCE_KEY,
        String(at),
      );
      return;
    }
    await tx.run('DELETE FROM would_have');
    await tx.run('DELETE FROM meta WHERE key = ?', SINCE_KEY);
  },
  { scope: 'exclusive' },
);

/** Reads the counts. */
export const readWouldHave = defineRead('calls.readWouldHave', async (tx: Tx): Promise<WouldHaveCounts> => {
  const since = await tx.get<{ value: string }>('SELECT value FROM meta WHERE key = ?', SINCE_KEY);
  const rows = await tx.all<WouldHaveCount & { budget: string }>(
    'SELECT word, budget, app, count, credits FROM would_have ORDER BY count DESC, word, budget, app',
  );
  return {
    since: since === undefined ? null : Number(since.value),
    rows: rows.map((row) => ({ ...row, budget: row.budget === '' ? null : row.budget })),
  };
});
