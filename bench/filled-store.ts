/** A store with as many ended and open creates as a measurement needs, made in a folder by a real sidecar and by copies. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { request } from 'undici';
import { pause } from './measure.ts';
import { BENCH_KEY } from './peer.ts';
import { end } from './processes.ts';
import { startOwnSidecar } from './own-sidecar.ts';
import { CREATE_BODY, CREATE_PATH, createTasks, ENDING_BODY, ENDING_PATH } from './requests.ts';
import { spreadWindows } from './spread-windows.ts';
import { copyCreate, findCreate, takeSnapshot, type StoredCreate } from './store-copies.ts';

export interface StoreSize {
  /** Creates whose task has ended and is settled. */
  ended: number;
  open: number;
  /** How long ago the copies were made. */
  olderMs?: number;
  /** Over how many ms before that the ended ones, and the windows of availability, are spread. */
  spreadMs?: number;
}

const CREDITS = 1_000_000_000;
/** The config of a sidecar with such a store. */
export const FILLED_CONFIG = {
  budgets: [{ name: 'daily', credits: CREDITS, window: 'day', timeZone: 'UTC' }],
};
/** Journals of reads are written within 100 ms. */
const WRITTEN_MS = 500;

/** Makes `data/sidecar.db` in a folder, before an upstream of the bench; the sidecar that made it has ended. */
export async function fillStore(folder: string, baseUrl: string, size: StoreSize): Promise<void> {
  mkdirSync(folder, { recursive: true });
  const more = { ...FILLED_CONFIG, tasks: { poll: false } };
  const { sidecar, data } = await startOwnSidecar(folder, { baseUrl, key: BENCH_KEY, more });
  const path = join(folder, 'data/sidecar.db');
  const ended = (): Promise<string> => createAndEnd(data);
  const open = async (): Promise<string> => (await make(data, CREATE_PATH, CREATE_BODY))[0] ?? '';
  // The first ones make the rows that all share.
  await ended();
  await open();
  const [endedCreate, openCreate] = [await store(path, ended), await store(path, open)];
  await end(sidecar.child);
  const db = new Database(path);
  db.pragma('journal_mode = WAL');
  // The store is made for one measurement: a power cut may take it.
  db.pragma('synchronous = OFF');
  const { olderMs = 0, spreadMs = 0 } = size;
  copyCreate(db, endedCreate, { copies: size.ended, taskDigits: '88', olderMs, spreadMs });
  if (spreadMs > 0) spreadWindows(db, spreadMs);
  copyCreate(db, openCreate, { copies: size.open, taskDigits: '87', olderMs });
  db.pragma('wal_checkpoint(TRUNCATE)');
  db.close();
}

/** Makes one create and finds the rows that it wrote. */
async function store(path: string, create: () => Promise<string>): Promise<StoredCreate> {
  await pause(WRITTEN_MS);
  const db = new Database(path, { readonly: true });
  try {
    const before = takeSnapshot(db);
    const taskId = await create();
    await pause(WRITTEN_MS);
    return findCreate(db, taskId, before);
  } finally {
    db.close();
  }
}

async function createAndEnd(origin: string): Promise<string> {
  const [id = ''] = await make(origin, ENDING_PATH, ENDING_BODY);
  const answer = await request(`${origin}${ENDING_PATH}/${id}`);
  const text = await answer.body.text();
  if (!text.includes('"succeed"')) throw new Error(`the read of an ended task was answered with ${text}`);
  return id;
}

function make(origin: string, path: string, body: string): Promise<string[]> {
  return createTasks(origin, { 'content-type': 'application/json' }, { count: 1, path, body });
}
