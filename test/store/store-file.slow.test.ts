import {
  copyFileSync,
  linkSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import Database from 'better-sqlite3';
import { describe, expect, test } from 'vitest';
import { openStoreReadOnly } from '../../src/store/sqlite/read-only-store.ts';
import { systemClock } from '../../src/clock.ts';
import { SidecarError } from '../../src/errors.ts';
import { openAndMigrate } from '../../src/store/sqlite/migrate.ts';
import { orderMigrations } from '../../src/store/registry.ts';
import { addNumber, numbers, testModule } from './test-operations.ts';
import { openTestStore, refusalOf, tempFolder, tempStorePath } from './test-store.ts';
import { testWorkers } from './test-workers.ts';

/** Makes a store with 200 numbers in it, closed. */
async function stoppedStore(): Promise<string> {
  const path = tempStorePath();
  const store = await openTestStore(path);
  await Promise.all(Array.from({ length: 200 }, (_, index) => store.write(addNumber, index)));
  await store.close();
  return path;
}

/** Opening must refuse with the code, name the path, and leave the file as it was. */
async function expectRefused(path: string, code: string): Promise<string> {
  const before = readFileSync(path);
  const refusal = await refusalOf(openTestStore(path));
  expect({ code: refusal.code, namesPath: refusal.message.includes(path) }).toEqual({
    code,
    namesPath: true,
  });
  expect(readFileSync(path).equals(before)).toBe(true);
  return refusal.message;
}

describe('the file at the place of a store', () => {
  test('is refused when it is no SQLite file, is empty, or was cut short', async () => {
    const path = await stoppedStore();
    const good = readFileSync(path);
    const text = Buffer.from('not a database at all, but long enough'.repeat(40));
    for (const bytes of [
      text,
      Buffer.alloc(0),
      good.subarray(0, 50),
      good.subarray(0, 4096),
      Buffer.alloc(8192),
    ]) {
      writeFileSync(path, bytes);
      expect(await expectRefused(path, 'store_corrupt')).toMatch(/Restore a backup/);
    }
    writeFileSync(path, good);
    const store = await openTestStore(path);
    expect(await store.read(numbers, undefined)).toHaveLength(200);
  });

  test('is never replaced by an empty or shorter ledger, with any damaged bytes', async () => {
    const path = await stoppedStore();
    const good = readFileSync(path);
    const migrations = orderMigrations([testModule('1')]);
    const open = () => openAndMigrate(path, migrations, { clock: systemClock, log: () => undefined });
    let refused = 0;
    const tryWith = async (at: number, length: number): Promise<void> => {
      const bad = Buffer.from(good);
      for (let index = at; index < at + length; index += 1) bad[index] = 0xff - (bad[index] ?? 0);
      writeFileSync(path, bad);
      const outcome = await open().catch((error: unknown) => error);
      if (outcome instanceof SidecarError) {
        refused += 1;
        expect(['store_corrupt', 'store_foreign', 'store_newer', 'store_unwritable']).toContain(outcome.code);
        expect(readFileSync(path).equals(bad)).toBe(true);
        return;
      }
      // A flip in free space or inside a value breaks no structure: the rows must all be there.
      const db = outcome as Database.Database;
      expect(db.prepare('SELECT count(*) FROM numbers').pluck().get()).toBe(200);
      db.close();
    };
    for (let page = 0; page < good.length; page += 4096) await tryWith(page === 0 ? 100 : page, 12);
    expect(refused).toBe(good.length / 4096);
    for (let at = 0; at < good.length; at += 61) await tryWith(at, 1);
    expect(refused).toBeGreaterThan(good.length / 4096 + 10);
  });

  test('is refused when another program’s, and left in its journal mode', async () => {
    const path = tempStorePath();
    const db = new Database(path);
    db.exec('CREATE TABLE theirs (n INTEGER)');
    db.close();
    expect(await expectRefused(path, 'store_foreign')).toContain('another program');
  });

  test('is refused when a newer version wrote it, and when a part of it is gone', async () => {
    const path = tempStorePath();
    await (await openTestStore(path, { schema: '2' })).close();
    const refusal = await refusalOf(openTestStore(path));
    expect(refusal).toMatchObject({ code: 'store_newer', detail: { migration: '002-words' } });
    expect(refusal.message).toContain('002-words');
    const db = new Database(path);
    db.exec('DROP TABLE schema_migrations');
    db.close();
    expect(await expectRefused(path, 'store_corrupt')).toContain('schema_migrations');
  });

  test('is refused when only its log is there, or when it must exist and does not', async () => {
    const path = await stoppedStore();
    renameSync(path, `${path}.moved`);
    const required = await refusalOf(openTestStore(path, { requireExisting: true }));
    expect(required.code).toBe('store_missing');
    expect((await refusalOf(openTestStore(`${tempFolder()}/no/x.db`, { requireExisting: true }))).code).toBe(
      'store_missing',
    );
    writeFileSync(`${path}-wal`, 'what was committed last');
    const refusal = await refusalOf(openTestStore(path));
    expect(refusal.code).toBe('store_corrupt');
    expect(refusal.message).toContain(`${path}-wal`);
    rmSync(`${path}-wal`);
    writeFileSync(`${path}.incoming`, 'a checked copy');
    expect((await refusalOf(openTestStore(path))).message).toContain('a restore');
  });

  test('is used with a warning if it has a second name', async () => {
    const path = await stoppedStore();
    linkSync(path, `${path}.second`);
    const warnings: string[] = [];
    await openTestStore(path, { log: (level, message) => level === 'warn' && warnings.push(message) });
    expect(warnings).toEqual([expect.stringContaining('2 hard links')]);
  });
});

describe('a store opened only for reading', () => {
  const readOnly = (path: string, schema = '1') =>
    openStoreReadOnly(path, { reader: testWorkers(schema).reader, clock: systemClock });

  test('reads beside a running owner, sees what it committed, and does not disturb it', async () => {
    const path = tempStorePath();
    const owner = await openTestStore(path);
    await owner.write(addNumber, 1);
    const reader = await readOnly(path);
    expect(await reader.read(numbers, undefined)).toEqual([1]);
    await owner.write(addNumber, 2);
    expect(await reader.read(numbers, undefined)).toEqual([1, 2]);
    expect(reader.stats().path).toBe(path);
    await reader.close();
    await owner.write(addNumber, 3);
    expect(await owner.read(numbers, undefined)).toEqual([1, 2, 3]);
  });

  test('reads a stopped store without changing a byte, and lets an owner start meanwhile', async () => {
    const path = await stoppedStore();
    const before = readFileSync(path);
    const reader = await readOnly(path);
    expect(await reader.read(numbers, undefined)).toHaveLength(200);
    expect(readFileSync(path).equals(before)).toBe(true);
    const owner = await openTestStore(path);
    await owner.write(addNumber, 1000);
    expect(await reader.read(numbers, undefined)).toHaveLength(201);
    await reader.close();
  });

  test('sees what a killed owner left in the log', async () => {
    const path = tempStorePath();
    const owner = await openTestStore(path);
    await owner.write(addNumber, 1);
    const copy = `${tempFolder()}/copy.db`;
    copyFileSync(path, copy);
    copyFileSync(`${path}-wal`, `${copy}-wal`);
    const reader = await readOnly(copy);
    expect(await reader.read(numbers, undefined)).toEqual([1]);
    await reader.close();
  });

  test('is refused if there is none, if it is damaged, too new or too old', async () => {
    expect((await refusalOf(readOnly(`${tempFolder()}/none.db`))).code).toBe('store_missing');
    expect((await refusalOf(readOnly(`${tempFolder()}/no/none.db`))).code).toBe('store_missing');
    const path = await stoppedStore();
    expect((await refusalOf(readOnly(path, '2'))).code).toBe('daemon_required');
    truncateSync(path, 8192);
    expect((await refusalOf(readOnly(path))).code).toBe('store_corrupt');
    const newer = tempStorePath();
    await (await openTestStore(newer, { schema: '2' })).close();
    expect((await refusalOf(readOnly(newer))).code).toBe('store_newer');
  });
});
