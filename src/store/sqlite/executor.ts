/**
 * Runs batches of operations on one connection, inside a worker.
 *
 * **Invariant**: a batch is one transaction. An operation that throws takes back only what it did (the others may have run twice,
 * so they do nothing but read and write in their transaction); a batch that cannot begin or commit leaves nothing, and the
 * connection ready for the next. The reply is sent after COMMIT
 * returned, which with `synchronous=FULL` is after the disk has it.
 */
import type { Database, Statement } from 'better-sqlite3';
import type { Clock } from '../../clock.ts';
import type { CommitCount } from './commit-count.ts';
import type { AnyOperation } from '../registry.ts';
import type { SqlValue, Tx } from '../operation.ts';
import { toWireError, type WireError } from './wire-error.ts';

/** A call as it travels: name, arguments, name, arguments, … */
export type BatchCalls = readonly unknown[];

/** What came of a batch. `failures` are the operations that threw; their places in `results` hold null. */
export type BatchReply =
  | { kind: 'done'; seconds: number; failures: [index: number, error: WireError][]; results: unknown[] }
  | { kind: 'failed'; error: WireError; message: string };

export interface Executor {
  runBatch(calls: BatchCalls): Promise<BatchReply>;
}

/** Distinct statements kept prepared; lists build some texts from filters, so they are bounded. */
const STATEMENTS_MAX = 1000;

/**
 * SQLite's result codes that speak of the file, the disk or memory, not of the statement. After one of them the
 * state of the transaction is not to be relied on (sqlite.org/rescode.html, read 2026-11-21): the batch goes.
 */
const ENGINE_FAILURE =
  /^SQLITE_(FULL|IOERR|CORRUPT|NOTADB|READONLY|CANTOPEN|NOMEM|BUSY|LOCKED|PROTOCOL|PERM|AUTH|INTERRUPT|INTERNAL)/;

/** Thrown through a batch when it can only be rolled back as a whole. */
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
  const tx = createTx(db);

  const runOne = async (name: string, args: unknown): Promise<unknown> => {
    const operation = operations.get(name);
    if (operation?.access !== access) throw new Error(`no ${access} operation is registered as "${name}"`);
    return operation.run(tx, args);
  };
  /** Undoes one operation, where the engine itself did not fail. */
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
        results.push(await runOne(calls[i] as string, calls[i + 1]));
        // An operation may have swallowed an error that ended the transaction: what follows would commit by itself.
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
        // A savepoint makes SQLite copy each page that is changed, and an operation seldom throws: only a batch in which
        // one did is run again with them, from its beginning.
        const outcome = await runAll(calls, false);
        return outcome === 'again' ? ((await runAll(calls, true)) as BatchReply) : outcome;
      } catch (thrown) {
        if (db.inTransaction) rollback.run();
        return { kind: 'failed', error: toWireError(thrown), message: messageOf(thrown) };
      }
    },
  };
}

/** `again` where an operation threw and everything was taken back: the batch is to be run with savepoints. */
type Outcome = (BatchReply & { kind: 'done' }) | 'again';

function createTx(db: Database): Tx {
  const statements = new Map<string, Statement<SqlValue[], object>>();
  const prepare = (sql: string): Statement<SqlValue[], object> => {
    const known = statements.get(sql);
    if (known) return known;
    if (statements.size >= STATEMENTS_MAX) statements.clear();
    const statement = db.prepare<SqlValue[], object>(sql);
    statements.set(sql, statement);
    return statement;
  };
  // Async functions, so that what better-sqlite3 throws at once arrives as a rejection.
  return {
    async get<T extends object>(sql: string, ...values: SqlValue[]): Promise<T | undefined> {
      const row = prepare(sql).get(...bindable(values));
      if (row !== undefined) checkRow(row);
      return row as T | undefined;
    },
    async all<T extends object>(sql: string, ...values: SqlValue[]): Promise<T[]> {
      const rows = prepare(sql).all(...bindable(values));
      for (const row of rows) checkRow(row);
      return rows as T[];
    },
    async run(sql: string, ...values: SqlValue[]): Promise<number> {
      return prepare(sql).run(...bindable(values)).changes;
    },
  };
}

/** Left alone, `undefined` and NaN would be stored as NULL, and a number beyond 2^53 rounded. */
function bindable(values: SqlValue[]): SqlValue[] {
  for (const value of values) {
    if (value === undefined) throw new TypeError('undefined cannot be stored; write null');
    if (typeof value === 'number' && !isExact(value))
      throw new RangeError(`${value} cannot be stored exactly`);
  }
  return values;
}

/** better-sqlite3 rounds a 64-bit integer to a number; every rounded one lies beyond 2^53, so it shows. */
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
