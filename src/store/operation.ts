/**
 * Store operations: named functions over a transaction, defined beside their nouns, run by the store's workers.
 *
 * **Invariant**: an operation awaits nothing but its transaction, so that a batch of them is one uninterrupted
 * transaction. Its arguments and result are plain values (they cross a thread). Statements use `?` placeholders
 * and only what SQLite and PostgreSQL share; `undefined` is never bound.
 */

/** What a column holds. Integers come back as numbers; one beyond 2^53 is an error, never rounded. */
export type SqlValue = string | number | null | Uint8Array;
export type Row = Record<string, SqlValue>;

/** One transaction, or one savepoint in a batch's transaction. */
export interface Tx {
  get<T extends object>(sql: string, ...values: SqlValue[]): Promise<T | undefined>;
  all<T extends object>(sql: string, ...values: SqlValue[]): Promise<T[]>;
  /** Gives the number of rows changed. */
  run(sql: string, ...values: SqlValue[]): Promise<number>;
}

/** What the workers run; the name is what crosses to the worker, where the same module registered it. */
export interface StoreOperation<A, R> {
  readonly name: string;
  readonly access: 'read' | 'write';
  run(tx: Tx, args: A): Promise<R>;
  /** Vouches that arguments are plain JSON values, so that nobody looks at each of them on the way to the worker. */
  isPlain?(args: A): boolean;
  /** A request waits for it: it is read apart from reports, and what may wait is written in small pieces for a while. */
  readonly isAwaited?: boolean;
}

/** A named operation that a store runs for everybody. */
export interface Operation<A, R> extends StoreOperation<A, R> {
  readonly givesFacts?: false;
}

/** A write whose result may carry facts: no {@link Operation}, so that only the ledger's door runs it (`outbox/ledger.ts`). */
export interface FactWrite<A, R> extends StoreOperation<A, R> {
  readonly givesFacts: true;
}

/** Whether a request waits for an operation, or nobody in particular. */
export type Priority = 'request' | 'background';

/** Defines an operation that changes rows: durable when its promise resolves. */
export function defineWrite<A, R>(
  name: string,
  run: (tx: Tx, args: A) => Promise<R>,
  isPlain?: (args: A) => boolean,
  priority: Priority = 'background',
): Operation<A, R> {
  const isAwaited = priority === 'request';
  return { name, access: 'write', run, isAwaited, ...(isPlain && { isPlain }) };
}

/**
 * Defines an operation that only reads, on a connection of its own: it never delays a write. With `request` it is
 * short and waits for no report.
 */
export function defineRead<A, R>(
  name: string,
  run: (tx: Tx, args: A) => Promise<R>,
  priority: Priority = 'background',
): Operation<A, R> {
  return { name, access: 'read', run, isAwaited: priority === 'request' };
}

/** One step of the schema, per engine; ids are `001-budget` and so on, run once, in order, never edited. */
export interface Migration {
  readonly id: string;
  readonly sqlite: string;
}
