/** A store for tests of operations: real SQLite in memory, one transaction around each operation, no workers. */
import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { ledgerModules } from '../../src/ledger/ledger-modules.ts';
import { compareIds } from '../../src/budget/rule-book.ts';
import type { SqlValue, StoreOperation, SyncTx, Tx } from '../../src/store/operation.ts';
import { orderMigrations, type StoreModule } from '../../src/store/registry.ts';

export interface MemoryStore {
  readonly db: Database.Database;
  /** How many statements have been run so far. */
  statements(): number;
  /** How many operations ran in their form for the usual case. */
  usualCases(): number;
  run<A, R>(operation: StoreOperation<A, R>, args: A): Promise<R>;
  close(): void;
}

/**
 * A folder in which each statement is recorded, as a line of JSON with its method and its text; none is recorded without it.
 * `test-debian/postgres.test.ts` reads what the tests of tables ran.
 */
const RECORDS = process.env['SQL_RECORDS'];
const recorded = new Set<string>();

/** @throws Error on a list without an order: each engine would give its rows in an order of its own. */
function checkOrder(method: 'get' | 'all' | 'run', sql: string): void {
  if (method !== 'all') return;
  let outermost = sql;
  for (let inner = ''; inner !== outermost;) {
    inner = outermost;
    outermost = inner.replace(/\([^()]*\)/g, '');
  }
  if (!/\bORDER BY\b/.test(outermost)) throw new Error(`a list without an order: ${sql}`);
}

function record(method: 'get' | 'all' | 'run', sql: string): void {
  if (RECORDS === undefined) return;
  const line = JSON.stringify([method, sql]);
  if (recorded.has(line)) return;
  recorded.add(line);
  appendFileSync(join(RECORDS, `${process.pid}.jsonl`), `${line}\n`);
}

/** The first migration that stores of 0.1.0 do not have. */
const FIRST_AFTER_0_1_0 = '070';

type Fill = (db: Database.Database) => void;

/**
 * Opens an empty store with the schema of the modules given; with `fill` one that 0.1.0 made and `fill` filled, brought
 * to this version's schema. Several are named by the first migration that the store does not have yet when each is called.
 * Without `isUsual` each operation runs in its general form.
 */
export function createMemoryStore(
  modules: readonly StoreModule[] = ledgerModules,
  fill: Fill | Readonly<Record<string, Fill>> = {},
  { isUsual = true }: { isUsual?: boolean } = {},
): MemoryStore {
  const db = new Database(':memory:');
  db.pragma('foreign_keys = ON');
  const migrations = orderMigrations(modules);
  const fills = Object.entries(typeof fill === 'function' ? { [FIRST_AFTER_0_1_0]: fill } : fill);
  let done = '';
  for (const [next, fillNow] of fills.toSorted(([a], [b]) => compareIds(a, b))) {
    for (const { id, sqlite } of migrations) if (id >= done && id < next) db.exec(sqlite);
    fillNow(db);
    done = next;
  }
  for (const { id, sqlite } of migrations) if (id >= done) db.exec(sqlite);
  const prepared = new Map<string, Database.Statement<SqlValue[], object>>();
  let statements = 0;
  let usualCases = 0;
  const prepare = (sql: string, method: 'get' | 'all' | 'run'): Database.Statement<SqlValue[], object> => {
    record(method, sql);
    statements += 1;
    const known = prepared.get(sql);
    if (known) return known;
    checkOrder(method, sql);
    const made = db.prepare<SqlValue[], object>(sql);
    prepared.set(sql, made);
    return made;
  };
  const tx: Tx = {
    get: async <T extends object>(sql: string, ...values: SqlValue[]) =>
      prepare(sql, 'get').get(...values) as T | undefined,
    all: async <T extends object>(sql: string, ...values: SqlValue[]) =>
      prepare(sql, 'all').all(...values) as T[],
    run: async (sql: string, ...values: SqlValue[]) => prepare(sql, 'run').run(...values).changes,
  };
  const syncTx: SyncTx = {
    get: <T extends object>(sql: string, values: readonly SqlValue[]) =>
      prepare(sql, 'get').get(...values) as T | undefined,
    run: (sql, values) => prepare(sql, 'run').run(...values).changes,
  };
  let last: Promise<unknown> = Promise.resolve();
  const runAlone = async <A, R>(operation: StoreOperation<A, R>, args: A): Promise<R> => {
    db.exec(operation.access === 'write' ? 'BEGIN IMMEDIATE' : 'BEGIN');
    db.pragma(`query_only = ${operation.access === 'read' ? 1 : 0}`);
    try {
      // As across a thread: operations see copies, and nothing that cannot be copied.
      const given = structuredClone(args);
      const atOnce = isUsual ? operation.usual?.(syncTx, given) : undefined;
      if (atOnce !== undefined) usualCases += 1;
      const result = structuredClone(atOnce ?? (await operation.run(tx, given)));
      db.exec('COMMIT');
      return result;
    } catch (error) {
      db.exec('ROLLBACK');
      throw error;
    } finally {
      db.pragma('query_only = 0');
    }
  };
  return {
    db,
    statements: () => statements,
    usualCases: () => usualCases,
    run(operation, args) {
      const result = last.then(() => runAlone(operation, args));
      last = result.catch(() => undefined);
      return result;
    },
    close: () => db.close(),
  };
}
