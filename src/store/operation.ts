/**
 * Store operations: named functions over a transaction, defined in the folders of their nouns, run by the store's workers.
 *
 * **Invariant**: an operation awaits only its transaction, so that a batch of them is one uninterrupted
 * transaction. Its arguments and result are plain values (they are sent to a thread). Statements use `?` placeholders
 * and only the common SQL of SQLite and PostgreSQL; `undefined` is never bound.
 */
import type { Fact } from '../facts.ts';

/** The values of a column. Integers are read as numbers; one above 2^53 is an error, never rounded. */
export type SqlValue = string | number | null | Uint8Array;
export type Row = Record<string, SqlValue>;

/** One transaction, or one savepoint in a batch's transaction. */
export interface Tx {
  get<T extends object>(sql: string, ...values: SqlValue[]): Promise<T | undefined>;
  all<T extends object>(sql: string, ...values: SqlValue[]): Promise<T[]>;
  /** Gives the number of rows changed. */
  run(sql: string, ...values: SqlValue[]): Promise<number>;
}

/** The transaction of an engine that answers at once: what the usual case of a hot operation is written for. */
export interface SyncTx {
  get<T extends object>(sql: string, values: readonly SqlValue[]): T | undefined;
  /** Gives the number of rows changed. */
  run(sql: string, values: readonly SqlValue[]): number;
}

/** Short forms of an operation's arguments and result, which cost less to send between threads. */
export interface ShortForm<A, R> {
  /** Gives a list of plain JSON values; null if these arguments have no short form. */
  pack(args: A): readonly unknown[] | null;
  /** Gives back what was packed. */
  unpack(list: readonly unknown[]): A;
  /** Of the result of a usual case whose arguments were packed; without it, results are sent as they are. */
  readonly result?: {
    /** Gives a plain JSON value. */
    pack(result: R, args: A): unknown;
    /** Gives back a result; one that was not packed is given back as it is. */
    unpack(packed: unknown, args: A): R;
  };
}

/** An operation of the workers; only the name is sent to the worker, where the same module registered it. */
export interface StoreOperation<A, R> {
  readonly name: string;
  readonly access: 'read' | 'write';
  run(tx: Tx, args: A): Promise<R>;
  /**
   * Does what `run` does in the usual case, without a promise; undefined, with nothing changed, in every other case: then `run`
   * decides. An engine that does not answer at once never calls it.
   */
  usual?(tx: SyncTx, args: A): R | undefined;
  /** Promises that arguments are plain JSON values, so that they are not checked one by one before they are sent. */
  isPlain?(args: A): boolean;
  /** Of an operation that every create runs. */
  readonly form?: ShortForm<A, R>;
  /** Of a write. */
  readonly scope?: Scope;
  /** A request waits for it: it is read on another thread than reports, and background writes are small for a while. */
  readonly isAwaited?: boolean;
}

/** A named operation that every holder of a store may run. */
export interface Operation<A, R> extends StoreOperation<A, R> {
  readonly givesFacts?: false;
}

/** A write whose result may carry facts: no {@link Operation}, so that only the ledger's door runs it (`outbox/ledger.ts`). */
export interface FactWrite<A, R> extends StoreOperation<A, R> {
  readonly givesFacts: true;
  /** Gives the facts to publish where the result does not carry them all: what the arguments say is sent by no thread. */
  toPublish?(args: A, result: R): readonly Fact[];
}

/** Priority: whether a request waits for an operation, or it runs in the background. */
export type Priority = 'request' | 'background';

/**
 * What a write may meet where several instances share one database. `own`: it changes rows of its own instance, appends, or
 * changes single rows by statements that test them (counters, claims by state): any number run at the same time. `exclusive`: it
 * reads many rows and decides by them, or changes what others read: it runs alone. With SQLite every write runs alone.
 */
export type Scope = 'own' | 'exclusive';

export interface WriteOptions<A, R> {
  scope: Scope;
  /** See {@link Operation.isPlain}. */
  isPlain?: (args: A) => boolean;
  /** See {@link Operation.form}. */
  form?: ShortForm<A, R>;
  /** Default: `background`. */
  priority?: Priority;
  /** See {@link Operation.usual}. */
  usual?: (tx: SyncTx, args: A) => R | undefined;
}

/** Defines an operation that changes rows: durable when its promise resolves. */
export function defineWrite<A, R>(
  name: string,
  run: (tx: Tx, args: A) => Promise<R>,
  { scope, isPlain, form, priority = 'background', usual }: WriteOptions<A, R>,
): Operation<A, R> {
  return {
    name,
    access: 'write',
    run,
    scope,
    isAwaited: priority === 'request',
    ...(isPlain && { isPlain }),
    ...(form && { form }),
    ...(usual && { usual }),
  };
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
