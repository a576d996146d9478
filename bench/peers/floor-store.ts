/**
 * The floor's writer thread: all waiting operations as one transaction and one fsync (WAL, `synchronous=FULL`).
 *
 * A create is one row, inserted with its hold and updated at its end. Counters and windows are read once and written once a batch.
 */
import { parentPort, workerData } from 'node:worker_threads';
import Database from 'better-sqlite3';
import type { FloorAnswer, FloorOperation } from './floor-operation.ts';

const LIMIT = 1e15;
const WINDOW_MS = 300_000;
const INSERTED =
  'n, id, req, at, app, tag, path, route, op, model, mode, product, dur, credits, basis, weight, ext, phash, prev, counters, ' +
  'state, settled';

const db = new Database(workerData as string);
db.pragma('page_size = 4096');
db.pragma('journal_mode = WAL');
db.pragma('synchronous = FULL');
db.pragma('wal_autocheckpoint = 4096');
db.pragma('cache_size = -16000');
db.exec(`
  CREATE TABLE creates (n INTEGER PRIMARY KEY, id TEXT, req TEXT, at INTEGER, app TEXT, tag TEXT, path TEXT, route TEXT, op TEXT,
    model TEXT, mode TEXT, product TEXT, dur TEXT, credits INTEGER, basis TEXT, weight INTEGER, ext TEXT, phash TEXT, prev TEXT,
    counters TEXT, state INTEGER, settled INTEGER, task_id TEXT, ended INTEGER, status INTEGER, code INTEGER, kreq TEXT, ms REAL,
    over REAL, sent INTEGER, recv INTEGER, off REAL, next_poll INTEGER) STRICT;
  CREATE INDEX creates_task ON creates (task_id) WHERE task_id IS NOT NULL;
  CREATE TABLE counters (id TEXT PRIMARY KEY, settled INTEGER, held INTEGER) STRICT, WITHOUT ROWID;
  CREATE TABLE windows (w INTEGER PRIMARY KEY, ok INTEGER) STRICT;
  INSERT INTO counters VALUES ('day', 0, 0);`);
const insert = db.prepare(
  `INSERT INTO creates (${INSERTED}) VALUES (${INSERTED.replaceAll(/[a-z]+/g, '?')})`,
);
const update = db.prepare(
  'UPDATE creates SET task_id=?, status=?, code=?, kreq=?, ms=?, over=?, sent=?, recv=?, off=?, next_poll=? WHERE n=?',
);
const readCounter = db.prepare<[], { settled: number; held: number }>(
  "SELECT settled, held FROM counters WHERE id = 'day'",
);
const addHeld = db.prepare("UPDATE counters SET held = held + ? WHERE id = 'day'");
const addOk = db.prepare(
  'INSERT INTO windows (w, ok) VALUES (?, ?) ON CONFLICT (w) DO UPDATE SET ok = ok + excluded.ok',
);
const begin = db.prepare('BEGIN IMMEDIATE');
const commit = db.prepare('COMMIT');

function run(operations: readonly FloorOperation[]): FloorAnswer[] {
  begin.run();
  const counter = readCounter.get() ?? { settled: 0, held: 0 };
  let used = counter.settled + counter.held;
  let held = 0;
  let ends = 0;
  let windowAt = 0;
  const answers = operations.map(([kind, number, row]) => {
    if (kind === 'end') {
      update.run(...row);
      ends += 1;
      windowAt = number - (number % WINDOW_MS);
      return 0;
    }
    if (used + number > LIMIT) return -1;
    used += number;
    held += number;
    insert.run(...row);
    return LIMIT - used;
  });
  if (held > 0) addHeld.run(held);
  if (ends > 0) addOk.run(windowAt, ends);
  commit.run();
  return answers;
}

parentPort?.on('message', (text: string) => {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
  parentPort?.postMessage(JSON.stringify(run(JSON.parse(text) as FloorOperation[])));
});
