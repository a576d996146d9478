import { existsSync, readdirSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import Database from 'better-sqlite3';
import { describe, expect, test } from 'vitest';
import { defineRead } from '../../src/store/operation.ts';
import { exportedOperations, indexOperations, orderMigrations } from '../../src/store/registry.ts';
import { addNumber, numbers, readSql } from './test-operations.ts';
import { openTestStore, startChild, tempStorePath } from './test-store.ts';

const WORDS = 20_000;

/** What a file's schema is, read without the engine. */
function schemaOf(path: string): {
  migrations: unknown;
  words: unknown;
  integrity: unknown;
  numbers: unknown;
} {
  const db = new Database(path, { readonly: true });
  const one = (sql: string): unknown => db.prepare(sql).pluck().get();
  const hasWords = one(`SELECT count(*) FROM sqlite_schema WHERE name = 'words'`) === 1;
  const found = {
    migrations: one('SELECT group_concat(id) FROM (SELECT id FROM schema_migrations ORDER BY id)'),
    words: hasWords ? one('SELECT count(*) FROM words') : null,
    integrity: db.pragma('integrity_check', { simple: true }),
    numbers: one('SELECT group_concat(n) FROM numbers'),
  };
  db.close();
  return found;
}

const OLD = { migrations: '001-numbers', words: null, integrity: 'ok', numbers: '1' };
const NEW = { migrations: '001-numbers,002-words', words: WORDS, integrity: 'ok', numbers: '1' };

async function oldStore(): Promise<string> {
  const path = tempStorePath();
  const store = await openTestStore(path);
  await store.write(addNumber, 1);
  await store.close();
  return path;
}

describe('migrations', () => {
  test('run once, in the order of their ids, after a copy was made', async () => {
    const path = await oldStore();
    const logged: string[] = [];
    const store = await openTestStore(path, { schema: '2', log: (_level, message) => logged.push(message) });
    expect(await store.read(numbers, undefined)).toEqual([1]);
    await store.close();
    expect(schemaOf(path)).toEqual(NEW);
    expect(schemaOf(`${path}.before-002-words`)).toEqual(OLD);
    expect(statSync(`${path}.before-002-words`).mode & 0o777).toBe(0o600);
    expect(logged).toEqual([
      expect.stringMatching(/^copying .* \(1 MB\) to .*before-002-words/),
      expect.stringMatching(/^migrating .*: 002-words; the copy is kept/),
      expect.stringMatching(/^migrated .* in \d+ s/),
    ]);
    const again = await openTestStore(path, { schema: '2', log: (_level, message) => logged.push(message) });
    expect(await again.read(readSql, { sql: 'PRAGMA foreign_keys' })).toEqual({ foreign_keys: 1 });
    expect(logged).toHaveLength(3);
  });

  test('that fail leave the old schema, and say what failed', async () => {
    const path = await oldStore();
    await expect(openTestStore(path, { schema: 'broken' })).rejects.toThrow(/no such table: nowhere/);
    await expect(openTestStore(path, { schema: 'orphaning' })).resolves.toBeDefined();
    const other = tempStorePath();
    await (await openTestStore(other)).close();
    await expect(openTestStore(other, { schema: 'orphaning' })).rejects.toThrow(/would refer to nothing/);
    expect(schemaOf(other)).toEqual({ ...OLD, numbers: null });
  });

  test('that rows of the store contradict leave it as it is, and do not blame the disk', async () => {
    const path = await oldStore();
    await expect(openTestStore(path, { schema: 'contradicted' })).rejects.toMatchObject({
      code: 'store_corrupt',
      message: expect.stringMatching(/rows contradict each other \(CHECK .*ledger verify/),
    });
    expect(schemaOf(path)).toEqual(OLD);
  });

  test('killed at any step leave the old schema or the new one, and the next start finishes', async () => {
    const path = await oldStore();
    const copy = `${path}.before-002-words`;
    const bytes = (file: string): number => statSync(file, { throwIfNoEntry: false })?.size ?? 0;
    const steps: [name: string, isReached: () => boolean][] = [
      // A small copy may be whole between two looks.
      ['the copy begins', () => bytes(`${copy}.part`) > 0 || existsSync(copy)],
      ['the copy is whole', () => existsSync(copy)],
      ['the log grows', () => bytes(`${path}-wal`) > 1_000_000],
      ['the log has most of it', () => bytes(`${path}-wal`) > 12_000_000],
    ];
    for (const [name, isReached] of steps) {
      if (name === 'the copy begins') expect(existsSync(copy)).toBe(false);
      const child = startChild(['migrate', path]);
      const ended = new Promise<void>((resolve) => child.process.once('exit', () => resolve()));
      await Promise.race([until(isReached), ended]);
      await child.kill();
      const found = schemaOf(path);
      expect([OLD, NEW], name).toContainEqual(found);
      if (existsSync(copy)) expect(schemaOf(copy), name).toEqual(OLD);
    }
    await (await openTestStore(path, { schema: '2' })).close();
    expect(schemaOf(path)).toEqual(NEW);
    expect(readdirSync(dirname(path)).filter((name) => /\.(part|new)/.test(name))).toEqual([]);
  });

  test('of a new store are whole or nothing: what a kill left of one is made again', async () => {
    const path = tempStorePath();
    const child = startChild(['migrate', path]);
    await until(() => existsSync(`${path}.new-journal`) || existsSync(path));
    await child.kill();
    const store = await openTestStore(path, { schema: '2' });
    expect(await store.read(readSql, { sql: 'SELECT count(*) AS n FROM words' })).toEqual({ n: WORDS });
  });
});

describe('a registry', () => {
  const one = defineRead('one', async () => 1);
  const two = defineRead('two', async () => 2);

  test('finds the operations that a module exports, and nothing else', () => {
    const namespace = { one, two, text: 'x', make: () => one, nothing: null, partial: { name: 'three' } };
    expect(exportedOperations(namespace, { again: one })).toEqual([one, two]);
  });

  test('refuses two operations of one name, two migrations of one id, and ids without order', () => {
    const twin = defineRead('one', async () => 3);
    expect(() => indexOperations([{ operations: [one, twin], migrations: [] }])).toThrow(/"one"/);
    const migrations = [
      { id: '002-b', sqlite: '' },
      { id: '001-a', sqlite: '' },
    ];
    expect(orderMigrations([{ operations: [], migrations }]).map(({ id }) => id)).toEqual(['001-a', '002-b']);
    expect(() => orderMigrations([{ operations: [], migrations: [...migrations, ...migrations] }])).toThrow(
      /002-b/,
    );
    expect(() => orderMigrations([{ operations: [], migrations: [{ id: 'later', sqlite: '' }] }])).toThrow(
      /later/,
    );
  });
});

/** Waits for a condition, looking at each turn of the event loop. */
async function until(isReached: () => boolean): Promise<void> {
  while (!isReached()) await new Promise((resolve) => setImmediate(resolve));
}
