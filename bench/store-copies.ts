/**
 * Fills a store with copies of creates that the sidecar itself wrote: for measurements that need more of them than there is time to make.
 *
 * Nothing here knows the tables. A create is all rows that hold one of its ids, found from its task id on; a copy is an
 * `INSERT … SELECT` of those rows with other ids. What a create changes in rows that all share (counters, sums) is seen by
 * comparing the store before it and after it, and is added as often as it is copied. So it follows the schema wherever that goes.
 *
 * **Invariant**: `ledger verify` agrees with a store that was filled so (test/bench/store-copies.test.ts).
 */
import type Database from 'better-sqlite3';

type Value = string | number | null | Buffer;
type Row = Record<string, Value>;

interface Table {
  name: string;
  columns: string[];
  key: string[];
  /** The column that SQLite numbers by itself. */
  numbered: string | null;
}

export interface CopyPlan {
  copies: number;
  /** The first two digits of the copies' task ids: others for each create that is copied, and none that an upstream of the bench gives. */
  taskDigits: string;
  /** How many ms older than the original the copies are. Default 0. */
  olderMs?: number;
  /** The copies are spread evenly over so many ms before that, the last one the youngest. Default 0. */
  spreadMs?: number;
}

/** What a store held at a moment, to see what one create changes. */
export type Snapshot = Map<string, Map<string, Row>>;

/** Ids as the sidecar makes them: a word, `_`, and 26 characters. */
const OWN_ID = /^[a-z]+_[0-9a-z]{20,}$/;
/** Copies have the last digits of their ids from a counter. */
const DIGITS = 9;
/** Whole numbers as close to the present as this are instants. */
const INSTANT_NEAR_MS = 86_400_000;
const BATCH = 500_000;
const NO_SUM = /(?:^|_)(?:at|to|seq|since|until)$/;

function tablesOf(db: Database.Database): Table[] {
  const names = db
    .prepare(
      "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name",
    )
    .pluck()
    .all() as string[];
  return names.map((name) => {
    const info = db.prepare('SELECT name, type, pk FROM pragma_table_info(?)').all(name) as {
      name: string;
      type: string;
      pk: number;
    }[];
    const key = info.filter(({ pk }) => pk > 0);
    const numbered = key.length === 1 && key[0]?.type === 'INTEGER' ? key[0].name : null;
    const columns = info.map((column) => column.name);
    return { name, columns, key: key.length === 0 ? columns : key.map((column) => column.name), numbered };
  });
}

const keyOf = (table: Table, row: Row): string => JSON.stringify(table.key.map((column) => row[column]));

/** Reads every row of a store that holds few. */
export function takeSnapshot(db: Database.Database): Snapshot {
  return new Map(
    tablesOf(db).map((table) => {
      const rows = db.prepare(`SELECT * FROM "${table.name}"`).all() as Row[];
      return [table.name, new Map(rows.map((row) => [keyOf(table, row), row]))];
    }),
  );
}

/** One create as the store holds it: its rows, its ids, and what it changed in rows that all share. */
export interface StoredCreate {
  ids: string[];
  rows: FoundRow[];
  changes: SharedChange[];
}

interface SharedChange {
  table: string;
  where: string;
  key: Row;
  column: string;
  added: number;
}

/**
 * Finds the create that made a task. `before` is the store before that create; nothing else was created since.
 * @throws Error when no row has the task's id.
 */
export function findCreate(db: Database.Database, taskId: string, before: Snapshot): StoredCreate {
  const tables = tablesOf(db);
  const { ids, rows } = rowsOfCreate(db, { tables, taskId, before });
  if (rows.length === 0) throw new Error(`no row of the store has the task ${taskId}`);
  return { ids, rows, changes: tables.flatMap((table) => sharedChanges(db, table, before)) };
}

/** Inserts copies of a create, each under ids of its own, and adds to the shared rows what they would have. */
export function copyCreate(
  db: Database.Database,
  { ids, rows, changes }: StoredCreate,
  { copies, taskDigits, olderMs = 0, spreadMs = 0 }: CopyPlan,
): void {
  const now = Date.now();
  db.pragma('foreign_keys = OFF');
  for (let from = 1; from <= copies; from += BATCH) {
    const to = Math.min(copies, from + BATCH - 1);
    db.exec('BEGIN IMMEDIATE');
    for (const { table, row } of rows)
      insertCopies(db, table, {
        row,
        ids,
        taskDigits,
        from,
        to,
        olderMs,
        stepMs: spreadMs / copies,
        copies,
        now,
      });
    db.exec('COMMIT');
  }
  for (const { table, where, key, column, added } of changes) {
    const sum = `"${column}" = "${column}" + ${Math.round(added * copies)}`;
    db.prepare(`UPDATE "${table}" SET ${sum} WHERE ${where}`).run(key);
  }
}

interface FoundRow {
  table: Table;
  row: Row;
}

interface Search {
  tables: readonly Table[];
  taskId: string;
  before: Snapshot;
}

/** Finds all new rows that hold an id of the create, going on from the ids in rows that were found. */
function rowsOfCreate(
  db: Database.Database,
  { tables, taskId, before }: Search,
): { ids: string[]; rows: FoundRow[] } {
  const all = tables.flatMap((table) =>
    (db.prepare(`SELECT * FROM "${table.name}"`).all() as Row[])
      .filter((row) => !before.get(table.name)?.has(keyOf(table, row)))
      .map((row) => ({ table, row })),
  );
  const ids = new Set([taskId]);
  let rows: FoundRow[] = [];
  for (let known = 0; known !== ids.size;) {
    known = ids.size;
    rows = all.filter(({ row }) => Object.values(row).some((value) => holdsOne(value, ids)));
    for (const { row } of rows) {
      for (const value of Object.values(row))
        if (typeof value === 'string' && OWN_ID.test(value)) ids.add(value);
    }
  }
  return { ids: [...ids], rows };
}

function holdsOne(value: Value | undefined, ids: ReadonlySet<string>): boolean {
  return typeof value === 'string' && [...ids].some((id) => value.includes(id));
}

interface Copying {
  row: Row;
  ids: readonly string[];
  taskDigits: string;
  from: number;
  to: number;
  olderMs: number;
  /** Between two copies. */
  stepMs: number;
  copies: number;
  now: number;
}

function insertCopies(db: Database.Database, table: Table, copying: Copying): void {
  const { row, ids, taskDigits, from, to, olderMs, stepMs, copies, now } = copying;
  const columns = table.columns.filter((column) => column !== table.numbered);
  const values = columns.map((column) => {
    const value = row[column];
    if (typeof value === 'number' && Number.isInteger(value) && Math.abs(value - now) < INSTANT_NEAR_MS)
      return `${value - olderMs} - CAST((${copies} - n.i) * ${stepMs} AS INTEGER)`;
    if (typeof value !== 'string') return `:${column}`;
    const held = ids.filter((id) => value.includes(id));
    return held.reduce(
      (text, id) => `replace(${text}, ${literal(id)}, ${idOfCopy(id, taskDigits)})`,
      `:${column}`,
    );
  });
  const bound = Object.fromEntries(
    columns.flatMap((column, index) =>
      values[index]?.includes(`:${column}`) ? [[column, row[column]]] : [],
    ),
  );
  db.prepare(
    `WITH RECURSIVE n(i) AS (SELECT ${from} UNION ALL SELECT i + 1 FROM n WHERE i < ${to})
     INSERT INTO "${table.name}" (${columns.map((column) => `"${column}"`).join(', ')})
     SELECT ${values.join(', ')} FROM n`,
  ).run(bound);
}

const literal = (text: string): string => `'${text.replaceAll("'", "''")}'`;

/** As long as the original. */
function idOfCopy(id: string, taskDigits: string): string {
  const head = id.slice(0, -DIGITS);
  return `${literal(/^\d/.test(head) ? taskDigits + head.slice(2) : head)} || printf('%0${DIGITS}d', n.i)`;
}

/** What changed in rows that were there before. Instants, and marks of how far something has come, are no sums. */
function sharedChanges(db: Database.Database, table: Table, before: Snapshot): SharedChange[] {
  const where = table.key.map((column) => `"${column}" IS :key_${column}`).join(' AND ');
  return [...(before.get(table.name) ?? []).values()].flatMap((was) => {
    const key = Object.fromEntries(table.key.map((column) => [`key_${column}`, was[column] ?? null]));
    const is = db.prepare(`SELECT * FROM "${table.name}" WHERE ${where}`).get(key) as Row | undefined;
    return table.columns.flatMap((column) => {
      const [one, other] = [was[column], is?.[column]];
      if (typeof one !== 'number' || typeof other !== 'number' || one === other) return [];
      return NO_SUM.test(column) ? [] : [{ table: table.name, where, key, column, added: other - one }];
    });
  });
}
