/** Spreads the counts of availability windows over a span, as a real month has them: a filled store's calls all lie in the window in which it was filled. */
import type Database from 'better-sqlite3';
import { WINDOW_MS } from '../src/sla/window.ts';

/** Every so many windows have errors, and every so many of these only errors. */
const TROUBLED = 40;
const LOST = 20;

interface Counted {
  window_start: number;
  ok: number;
}

/** Gives each window of the `spreadMs` before the newest one its part of that one's good calls; some have errors too. */
export function spreadWindows(db: Database.Database, spreadMs: number): void {
  const newest = db.prepare<[], Counted>('SELECT * FROM sla_windows ORDER BY ok DESC LIMIT 1').get();
  if (!newest) throw new Error('the filled store has no window');
  const count = Math.floor(spreadMs / WINDOW_MS);
  const each = Math.max(1, Math.floor(newest.ok / (count + 1)));
  const columns = Object.keys(newest);
  const insert = db.prepare(
    `INSERT INTO sla_windows (${columns.join(', ')}) VALUES (${columns.map((name) => `@${name}`).join(', ')})`,
  );
  db.transaction(() => {
    for (let back = 1; back <= count; back += 1) {
      const isTroubled = back % TROUBLED === 0;
      const isLost = back % (TROUBLED * LOST) === 0;
      const counts = { ok: isLost ? 0 : each, server_error: isLost ? each : isTroubled ? 3 : 0 };
      insert.run({ ...newest, ...counts, window_start: newest.window_start - back * WINDOW_MS });
    }
    db.prepare('UPDATE sla_windows SET ok = ? WHERE window_start = ?').run(each, newest.window_start);
  })();
}
