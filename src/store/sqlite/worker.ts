/**
 * The store's side of the thread: opens the file, answers batches, closes.
 *
 * **Invariant**: one reply for each message, in order; only the main thread's message ends a worker that
 * opened its file.
 */
import { parentPort, type MessagePort } from 'node:worker_threads';
import type { Database } from 'better-sqlite3';
import { systemClock } from '../../clock.ts';
import { SidecarError } from '../../errors.ts';
import { backupStore } from './backup.ts';
import { CommitCount, refuseGoneStore } from './commit-count.ts';
import { assertFullSync, openReader } from './connection.ts';
import { FileIdentity } from './file-identity.ts';
import { createExecutor, type BatchReply, type Executor } from './executor.ts';
import { checkIdentity, createStore, openAndMigrate, pendingMigrations } from './migrate.ts';
import { toStoreError } from './store-errors.ts';
import { ownerLockPath } from './owner.ts';
import { pack, unpack, type Packed } from './plain.ts';
import { isPacked, type FromWorker, type LogLevel, type ToWorker, type WorkerTask } from './protocol.ts';
import { indexOperations, orderMigrations, type StoreModule } from '../registry.ts';
import { checkWritable, inspectStore, makePrivate, placeWarnings } from './store-file.ts';
import { giveWay } from './thread-priority.ts';
import { toWireError } from './wire-error.ts';

/** The longest time that the last checkpoint waits for a reader. */
const LAST_CHECKPOINT_MS = 200;

/** Serves one connection in this worker thread until the main thread closes it. */
export function serveStore(modules: readonly StoreModule[]): void {
  const port = parentPort;
  if (!port) throw new Error('the store serves from a worker thread only');
  let open: OpenConnection | null = null;

  const start = async (task: WorkerTask): Promise<void> => {
    try {
      if (task.role === 'backup') {
        await backupStore(task.path, task.targetPath);
      } else {
        const db = await openFor(task, modules, (level, message) =>
          say(port, { kind: 'log', level, message }),
        );
        open = serve(db, task, modules);
      }
      say(port, { kind: 'ready' });
    } catch (error) {
      say(port, { kind: 'refused', error: toWireError(toStoreError(task.path, error)) });
      port.close();
    }
  };
  const answer = async (batch: Packed): Promise<void> => {
    if (!open) throw new Error('a batch came before the store was open');
    say(port, packReply(await open.executor.runBatch(unpack(batch))));
  };
  const close = (): void => {
    if (open) closeConnection(open);
    open = null;
    port.close();
  };
  port.on('message', (message: ToWorker) => {
    if (isPacked(message)) void answer(message);
    else if (message.kind === 'open') void start(message.task);
    else close();
  });
}

/** A connection with its executor; a writing one counts its commits and checks its file. */
interface OpenConnection {
  db: Database;
  executor: Executor;
  writing: { commits: CommitCount; files: FileIdentity } | null;
}

function serve(
  db: Database,
  task: Exclude<WorkerTask, { role: 'backup' }>,
  modules: readonly StoreModule[],
): OpenConnection {
  const operations = indexOperations(modules);
  if (task.role === 'read') {
    const executor = createExecutor(db, operations, { access: 'read', clock: systemClock });
    return { db, executor, writing: null };
  }
  const commits = new CommitCount(db, task.path);
  const executor = createExecutor(db, operations, { access: 'write', clock: systemClock, commits });
  return {
    db,
    executor,
    writing: { commits, files: new FileIdentity([task.path, `${task.path}-wal`, ownerLockPath(task.path)]) },
  };
}

function say(port: MessagePort, message: FromWorker): void {
  port.postMessage(message);
}

async function openFor(
  task: Exclude<WorkerTask, { role: 'backup' }>,
  modules: readonly StoreModule[],
  log: (level: LogLevel, message: string) => void,
): Promise<Database> {
  if (task.role === 'write') return openForWriting(task, modules, log);
  if (task.givesWay) giveWay();
  const db = openReader(task.path);
  if (!task.check) return db;
  try {
    checkIdentity(db, task.path);
    refuseOlder(db, task.path, modules);
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}

async function openForWriting(
  task: WorkerTask & { role: 'write' },
  modules: readonly StoreModule[],
  log: (level: LogLevel, message: string) => void,
): Promise<Database> {
  const { path } = task;
  const migrations = orderMigrations(modules);
  const found = inspectStore(path, task.requireExisting);
  checkWritable(path);
  if (found === 'absent') {
    refuseGoneStore(path);
    createStore(path, migrations, systemClock);
    log('info', `a new store was made: ${path}`);
  }
  makePrivate(path);
  for (const warning of placeWarnings(path)) log('warn', warning);
  const db = await openAndMigrate(path, migrations, {
    clock: systemClock,
    log: (message) => log('info', message),
  });
  proveDurable(db);
  return db;
}

/** Makes a small commit, so that a full or read-only disk is found now, and checks that it was durable. */
function proveDurable(db: Database): void {
  db.exec(
    'CREATE TABLE IF NOT EXISTS store_opened (one INTEGER PRIMARY KEY CHECK (one = 1), at INTEGER NOT NULL) STRICT',
  );
  db.prepare(
    'INSERT INTO store_opened (one, at) VALUES (1, ?) ON CONFLICT (one) DO UPDATE SET at = excluded.at',
  ).run(systemClock.now());
  assertFullSync(db);
}

function refuseOlder(db: Database, path: string, modules: readonly StoreModule[]): void {
  const pending = pendingMigrations(db, path, orderMigrations(modules));
  if (pending.length === 0) return;
  throw new SidecarError(
    'daemon_required',
    `${path} was written by an older version and must be migrated (${pending.map(({ id }) => id).join(', ')}): ` +
      'start the sidecar once',
  );
}

function packReply(reply: BatchReply): Packed {
  if (reply.kind === 'failed') return pack([reply.message]);
  return pack([null, reply.seconds, reply.failures, ...reply.results]);
}

function closeConnection({ db, writing }: OpenConnection): void {
  if (!writing) {
    db.close();
    return;
  }
  // Everything is written to the main file, so that a stopped store is one file.
  const isLost = writing.files.lost() !== null;
  // A running report prevents the cut of the log; then the next start cuts it.
  db.pragma(`busy_timeout = ${LAST_CHECKPOINT_MS}`);
  const [done] = db.pragma('wal_checkpoint(TRUNCATE)') as {
    busy: number;
    log: number;
    checkpointed: number;
  }[];
  const isWhole = done?.busy === 0 && done.log === done.checkpointed && !isLost;
  db.close();
  writing.commits.close(isWhole);
}
