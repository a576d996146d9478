/**
 * Runs batches of operations on one connection, inside a worker.
 *
 * **Invariant**: a batch is one transaction. An operation that throws undoes only its own changes (the others may have run
 * twice, so they only read and write in their transaction). A batch that cannot begin or commit changes nothing, and the
 * connection is ready for the next. The reply is sent after COMMIT returned: with `synchronous=FULL` the disk has it then.
 */
import type { Database, Statement } from 'better-sqlite3';
import type { Clock } from '../../clock.ts';
import type { CommitCount } from './commit-count.ts';
import type { AnyOperation } from '../registry.ts';
import type { SqlValue, SyncTx, Tx } from '../operation.ts';
import { toWireError, type WireError } from './wire-error.ts';

/** The form of calls in a message: name, arguments, name, arguments, … */
export type BatchCalls = readonly unknown[];

/** The result of a batch. `failures` are the operations that threw; their places in `results` hold null. */
export type BatchReply =
  | { kind: 'done'; seconds: number; failures: [index: number, error: WireError][]; results: unknown[] }
  | { kind: 'failed'; error: WireError; message: string };

export interface Executor {
  runBatch(calls: BatchCalls): Promise<BatchReply>;
}

/** The most prepared statements that are kept; lists build some texts from filters, so they are bounded. */
const STATEMENTS_MAX = 1000;

/**
 * SQLite's result codes about the file, the disk or memory, not about the statement. After one of them the
 * state of the transaction is unknown (sqlite.org/rescode.html, read 2026-11-21): the batch is rolled back.
 */
const ENGINE_FAILURE =
  /^SQLITE_(FULL|IOERR|CORRUPT|NOTADB|READONLY|CANTOPEN|NOMEM|BUSY|LOCKED|PROTOCOL|PERM|AUTH|INTERRUPT|INTERNAL)/;

/** Thrown if the whole batch must be rolled back. */
class BatchFailure extends Error {
  override readonly name = 'BatchFailure';
}

/** Makes the executor of the writing connection (`write`) or of a reading one (`read`). */
export function createExecutor(
  db: Database,
  operations: ReadonlyMap<string, AnyOperation>,
  options: { access: 'read' | 'write'; clock: Clock; commits?: CommitCount },
): Executor {
  const { access, clock, commits } = options;
  const begin = db.prepare(access === 'write' ? 'BEGIN IMMEDIATE' : 'BEGIN');
  const commit = db.prepare('COMMIT');
  const rollback = db.prepare('ROLLBACK');
  const savepoint = db.prepare('SAVEPOINT operation');
  const release = db.prepare('RELEASE operation');
  const rollbackTo = db.prepare('ROLLBACK TO operation');
  const runOne = createRunner(db, operations, access);
  /** Undoes one operation, unless the engine itself failed. */
  const undo = (thrown: unknown, isAlone: boolean): void => {
    if (isEngineFailure(thrown) || !db.inTransaction)
      throw new BatchFailure(messageOf(thrown), { cause: thrown });
    if (access === 'read') return;
    if (isAlone) {
      rollback.run();
      begin.run();
      return;
    }
    rollbackTo.run();
    release.run();
  };
  const runAll = async (calls: BatchCalls, isGuarded: boolean): Promise<Outcome> => {
    const failures: [number, WireError][] = [];
    const results: unknown[] = [];
    const isAlone = calls.length <= 2;
    begin.run();
    for (let i = 0; i < calls.length; i += 2) {
      if (isGuarded) savepoint.run();
      try {
        const result = runOne(calls[i] as string, calls[i + 1]);
        results.push(result instanceof Promise ? await result : result);
        // An operation may have caught an error that ended the transaction: later statements would commit by themselves.
        if (!db.inTransaction) throw new Error('the transaction ended inside an operation');
        if (isGuarded) release.run();
      } catch (thrown) {
        if (access === 'write' && !isAlone && !isGuarded && !isEngineFailure(thrown) && db.inTransaction) {
          rollback.run();
          return 'again';
        }
        results.length = i / 2;
        results.push(null);
        undo(thrown, isAlone);
        failures.push([i / 2, toWireError(thrown)]);
      }
    }
    const isCounted = commits?.beforeCommit() ?? false;
    const startedMs = clock.monotonic();
    commit.run();
    if (isCounted) commits?.afterCommit();
    return { kind: 'done', seconds: (clock.monotonic() - startedMs) / 1000, failures, results };
  };
  return {
    async runBatch(calls) {
      try {
        // A savepoint makes SQLite copy each changed page, and an operation seldom throws: only a batch in which
        // one did is run again with savepoints, from its beginning.
        const outcome = await runAll(calls, false);
        return outcome === 'again' ? ((await runAll(calls, true)) as BatchReply) : outcome;
      } catch (thrown) {
        if (db.inTransaction) rollback.run();
        return { kind: 'failed', error: toWireError(thrown), message: messageOf(thrown) };
      }
    },
  };
}

/** Makes a function that gives an operation's result in the usual case, and the promise of it in any other. */
function createRunner(
  db: Database,
  operations: ReadonlyMap<string, AnyOperation>,
  access: 'read' | 'write',
): (name: string, sent: unknown) => unknown {
  const { tx, syncTx } = createTx(db);
  return (name, sent) => {
    const operation = operations.get(name);
    if (operation?.access !== access) throw new Error(`no ${access} operation is registered as "${name}"`);
    const { form } = operation;
    if (!form || !Array.isArray(sent)) return operation.usual?.(syncTx, sent) ?? operation.run(tx, sent);
    const args = form.unpack(sent);
    const result = operation.usual?.(syncTx, args);
    if (result === undefined) return operation.run(tx, args);
    return form.result ? form.result.pack(result, args) : result;
  };
}

/** `again` if an operation threw and everything was rolled back: the batch must be run with savepoints. */
type Outcome = (BatchReply & { kind: 'done' }) | 'again';

function createTx(db: Database): { tx: Tx; syncTx: SyncTx } {
  const statements = new Map<string, Statement<SqlValue[], object>>();
  const prepare = (sql: string): Statement<SqlValue[], object> => {
    const known = statements.get(sql);
    if (known) return known;
    if (statements.size >= STATEMENTS_MAX) statements.clear();
    const statement = db.prepare<SqlValue[], object>(sql);
    statements.set(sql, statement);
    return statement;
  };
  const syncTx: SyncTx = {
    get<T extends object>(sql: string, values: readonly SqlValue[]): T | undefined {
      const row = prepare(sql).get(...bindable(values));
      if (row !== undefined) checkRow(row);
      return row as T | undefined;
    },
    run: (sql, values) => prepare(sql).run(...bindable(values)).changes,
  };
  // Async functions, so that an error of better-sqlite3 becomes a rejection.
  const tx: Tx = {
    async get<T extends object>(sql: string, ...values: SqlValue[]): Promise<T | undefined> {
      return syncTx.get<T>(sql, values);
    },
    async all<T extends object>(sql: string, ...values: SqlValue[]): Promise<T[]> {
      const rows = prepare(sql).all(...bindable(values));
      for (const row of rows) checkRow(row);
      return rows as T[];
    },
    async run(sql: string, ...values: SqlValue[]): Promise<number> {
      return syncTx.run(sql, values);
    },
  };
  return { tx, syncTx };
}

/** Left alone, `undefined` and NaN would be stored as NULL, and a number beyond 2^53 rounded. */
function bindable(values: readonly SqlValue[]): readonly SqlValue[] {
  for (const value of values) {
    if (value === undefined) throw new TypeError('undefined cannot be stored; write null');
    if (typeof value === 'number' && !isExact(value))
      throw new RangeError(`${value} cannot be stored exactly`);
  }
  return values;
}

/** better-sqlite3 rounds a 64-bit integer to a number; every rounded one is above 2^53, so that this check sees it. */
function checkRow(row: object): void {
  for (const column in row) {
    const value = (row as Record<string, unknown>)[column];
    if (typeof value === 'number' && !isExact(value)) {
      throw new RangeError(`column ${column} holds ${value}, beyond 2^53: it cannot be read exactly`);
    }
  }
}

function isExact(value: number): boolean {
  return value <= Number.MAX_SAFE_INTEGER && value >= Number.MIN_SAFE_INTEGER;
}

function isEngineFailure(thrown: unknown): boolean {
  return thrown instanceof Error && 'code' in thrown && ENGINE_FAILURE.test(String(thrown.code));
}

function messageOf(thrown: unknown): string {
  if (!(thrown instanceof Error)) return String(thrown);
  return 'code' in thrown ? `${thrown.message} (${String(thrown.code)})` : thrown.message;
}
