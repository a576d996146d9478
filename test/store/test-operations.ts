/** Operations and schemas for tests of the engine. */
import { existsSync } from 'node:fs';
import { SidecarError } from '../../src/errors.ts';
import { defineRead, defineWrite, type Migration, type Tx } from '../../src/store/operation.ts';
import { exportedOperations, type StoreModule } from '../../src/store/registry.ts';

export const addNumber = defineWrite(
  'test.add',
  async (tx, n: number) => {
    await tx.run('INSERT INTO numbers (n) VALUES (?)', n);
    return n;
  },
  { scope: 'own' },
);

/** Writes, then fails: as a refusal of ours, or as a fault. */
export const addAndFail = defineWrite(
  'test.addAndFail',
  async (tx, args: { n: number; fault: boolean }) => {
    await tx.run('INSERT INTO numbers (n) VALUES (?)', args.n);
    if (args.fault) throw new TypeError('a fault of ours');
    throw new SidecarError('already_resolved', 'no more of it', {
      detail: { n: args.n, why: 'test' },
      status: 409,
    });
  },
  { scope: 'own' },
);

export const numbers = defineRead('test.numbers', async (tx) => {
  const rows = await tx.all<{ n: number }>('SELECT n FROM numbers ORDER BY n');
  return rows.map(({ n }) => n);
});

export const addInRead = defineRead('test.addInRead', async (tx, n: number) =>
  tx.run('INSERT INTO numbers (n) VALUES (?)', n),
);

/** Reads until a file exists, as a report reads for a while. */
const readUntil = async (_tx: Tx, path: string): Promise<null> => {
  const cell = new Int32Array(new SharedArrayBuffer(4));
  while (!existsSync(path)) Atomics.wait(cell, 0, 0, 5);
  return null;
};
export const longReport = defineRead('test.longReport', readUntil);
export const readForRequest = defineRead('test.readForRequest', async () => 'now', 'request');

/** Gives back what it got, through the thread and the database untouched. */
export const echo = defineWrite('test.echo', async (_tx, value: unknown) => value, { scope: 'own' });

/** Runs one statement, for pragmas and values that no real operation needs. */
export const sql = defineWrite(
  'test.sql',
  async (tx, args: { sql: string; values?: (string | number | null)[] }) =>
    tx.get(args.sql, ...(args.values ?? [])),
  { scope: 'own' },
);
export const readSql = defineRead('test.readSql', async (tx, args: { sql: string }) => tx.get(args.sql));

/** Binds what must never be bound. */
export const bindOdd = defineWrite(
  'test.bindOdd',
  async (tx, kind: 'undefined' | 'nan' | 'large') => {
    const values = { undefined, nan: Number.NaN, large: 2 ** 53 };
    await tx.run('INSERT INTO numbers (n) VALUES (?)', values[kind] as number);
  },
  { scope: 'own' },
);

export const addBytes = defineWrite(
  'test.addBytes',
  async (tx, bytes: Uint8Array) => {
    await tx.run('INSERT INTO blobs (bytes) VALUES (?)', bytes);
    return tx.get('SELECT bytes FROM blobs ORDER BY rowid DESC LIMIT 1');
  },
  { scope: 'own' },
);

/** Ends the worker as a crash would. */
export const endThread = defineWrite('test.endThread', async () => process.exit(3), { scope: 'own' });

const first: Migration = {
  id: '001-numbers',
  sqlite: `
    CREATE TABLE numbers (n INTEGER PRIMARY KEY) STRICT;
    CREATE TABLE blobs (bytes BLOB NOT NULL) STRICT;`,
};
/** Writes some 20 MiB, so that a kill finds it half-way. */
const second: Migration = {
  id: '002-words',
  sqlite: `
    CREATE TABLE words (n INTEGER PRIMARY KEY, word TEXT NOT NULL) STRICT;
    INSERT INTO words WITH RECURSIVE c (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 20000)
      SELECT n, hex(zeroblob(500)) FROM c;`,
};
const orphaning: Migration = {
  id: '002-orphans',
  sqlite: `
    CREATE TABLE parts (n INTEGER PRIMARY KEY REFERENCES numbers (n)) STRICT;
    INSERT INTO parts SELECT 1;`,
};
const broken: Migration = {
  id: '002-broken',
  sqlite: 'CREATE TABLE half (n INTEGER) STRICT; INSERT INTO nowhere VALUES (1);',
};
/** Its rule is one that the store of the test breaks. */
const contradicted: Migration = {
  id: '002-contradicted',
  sqlite: 'CREATE TABLE large (n INTEGER CHECK (n > 1)) STRICT; INSERT INTO large SELECT n FROM numbers;',
};

const SCHEMAS: Record<string, Migration[]> = {
  '1': [first],
  '2': [second, first],
  orphaning: [first, orphaning],
  broken: [first, broken],
  contradicted: [first, contradicted],
};

/** Gives the module of one schema: `1`, `2`, `orphaning`, `broken` or `contradicted`. */
export function testModule(schema: string): StoreModule {
  const operations = exportedOperations({
    addNumber,
    addAndFail,
    numbers,
    longReport,
    readForRequest,
    addInRead,
    echo,
    sql,
    readSql,
    bindOdd,
    addBytes,
    endThread,
  });
  return { migrations: SCHEMAS[schema] ?? [], operations };
}
