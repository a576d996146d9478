import { chmodSync, existsSync, mkdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { describe, expect, test } from 'vitest';
import { systemClock } from '../../src/clock.ts';
import { SidecarError } from '../../src/errors.ts';
import { assertFullSync, setFullSync } from '../../src/store/sqlite/connection.ts';
import { defineWrite } from '../../src/store/operation.ts';
import {
  addAndFail,
  addBytes,
  addInRead,
  addNumber,
  bindOdd,
  echo,
  endThread,
  longReport,
  numbers,
  readForRequest,
  readSql,
  sql,
} from './test-operations.ts';
import { openTestStore, refusalOf, tempFolder, tempStorePath } from './test-store.ts';

describe('a store', () => {
  test('keeps its rows, across closing and opening again, as one private file', async () => {
    const path = tempStorePath();
    const store = await openTestStore(path);
    expect(await store.write(addNumber, 7)).toBe(7);
    expect(await store.read(numbers, undefined)).toEqual([7]);
    expect(store.stats()).toEqual({
      path,
      bytes: expect.any(Number),
      walBytes: expect.any(Number),
      queues: ['writer', 'reader', 'reports'].map((queue) => ({ queue, length: 0 })),
    });
    expect(store.stats().bytes).toBeGreaterThan(4096);
    store.later(addNumber, 8);
    await Promise.all([store.close(), store.close()]);
    expect(existsSync(`${path}-wal`)).toBe(false);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    const again = await openTestStore(path, { requireExisting: true });
    expect(await again.read(numbers, undefined)).toEqual([7, 8]);
  });

  test('runs a read that a request waits for during a report', async () => {
    const path = tempStorePath();
    const store = await openTestStore(path);
    let isReported = false;
    const report = store.read(longReport, `${path}.done`).then(() => (isReported = true));
    for (let n = 1; n <= 3; n += 1) {
      expect(await store.read(readForRequest, undefined)).toBe('now');
      await store.write(addNumber, n);
    }
    expect(isReported).toBe(false);
    writeFileSync(`${path}.done`, '');
    await report;
  });

  test('closes during a report, and keeps all writes', async () => {
    const path = tempStorePath();
    const store = await openTestStore(path);
    const report = refusalOf(store.read(longReport, `${path}.done`));
    await store.write(addNumber, 1);
    await store.close();
    expect((await report).code).toBe('ledger_unavailable');
    writeFileSync(`${path}.done`, '');
    const again = await openTestStore(path);
    expect(await again.read(numbers, undefined)).toEqual([1]);
  });

  test('undoes only the failing operation of a batch', async () => {
    const commits: number[] = [];
    const store = await openTestStore(tempStorePath(), {
      onCommit: ({ operations }) => commits.push(operations),
    });
    const outcomes = await Promise.allSettled([
      store.write(addNumber, 1),
      store.write(addAndFail, { n: 2, fault: false }),
      store.write(addNumber, 3),
      store.write(addAndFail, { n: 4, fault: true }),
      store.write(addNumber, 1),
      store.write(addNumber, 5),
    ]);
    expect(outcomes.map(({ status }) => status)).toEqual([
      'fulfilled',
      'rejected',
      'fulfilled',
      'rejected',
      'rejected',
      'fulfilled',
    ]);
    const errors = outcomes.map((outcome) => (outcome.status === 'rejected' ? outcome.reason : null));
    expect(errors[1]).toBeInstanceOf(SidecarError);
    expect(errors[1]).toMatchObject({ code: 'already_resolved', status: 409, detail: { n: 2, why: 'test' } });
    expect(errors[3]).toMatchObject({ message: 'a fault of ours' });
    expect(errors[4]).toMatchObject({ message: expect.stringContaining('UNIQUE') });
    expect(await store.read(numbers, undefined)).toEqual([1, 3, 5]);
    expect(commits).toEqual([6]);
  });

  test('undoes an operation that fails alone in its batch, and continues', async () => {
    const store = await openTestStore(tempStorePath());
    await expect(store.write(addAndFail, { n: 2, fault: true })).rejects.toThrow('a fault of ours');
    await store.write(addNumber, 3);
    expect(await store.read(numbers, undefined)).toEqual([3]);
  });

  test('shares commits among parallel callers', async () => {
    let batches = 0;
    let seconds = 0;
    const store = await openTestStore(tempStorePath(), {
      onCommit(commit) {
        batches += 1;
        seconds += commit.seconds;
      },
    });
    await Promise.all(Array.from({ length: 600 }, (_, index) => store.write(addNumber, index)));
    expect(batches).toBe(3);
    expect(seconds).toBeGreaterThan(0);
    expect(await store.read(numbers, undefined)).toHaveLength(600);
  });

  test('brings values unchanged through both threads and the database', async () => {
    const store = await openTestStore(tempStorePath());
    const value = {
      text: 'ключ \ud83c\udfac \0',
      list: [1, null, [true]],
      bytes: new Uint8Array([0, 128, 255]),
    };
    expect(await store.write(echo, value)).toStrictEqual(value);
    expect(await store.write(echo, undefined)).toBeUndefined();
    expect(await store.write(echo, null)).toBeNull();
    const row = await store.write(addBytes, new Uint8Array([1, 2, 3]));
    expect([...(row as { bytes: Uint8Array }).bytes]).toEqual([1, 2, 3]);
    const largest = { sql: 'SELECT ? AS n', values: [Number.MAX_SAFE_INTEGER] };
    expect(await store.write(sql, largest)).toEqual({ n: Number.MAX_SAFE_INTEGER });
  });

  test('refuses numbers that it cannot keep or give back exactly, and never binds undefined', async () => {
    const store = await openTestStore(tempStorePath());
    await expect(store.write(bindOdd, 'undefined')).rejects.toThrow(/undefined cannot be stored/);
    await expect(store.write(bindOdd, 'nan')).rejects.toThrow(/cannot be stored exactly/);
    await expect(store.write(bindOdd, 'large')).rejects.toThrow(/cannot be stored exactly/);
    await expect(store.read(readSql, { sql: 'SELECT 9007199254740993 AS credits' })).rejects.toThrow(
      /column credits .* beyond 2\^53/,
    );
    expect(await store.read(numbers, undefined)).toEqual([]);
  });

  test('names an operation that nobody registered, or that was sent to the wrong thread', async () => {
    const store = await openTestStore(tempStorePath());
    const stranger = defineWrite('test.stranger', async () => null, { scope: 'own' });
    await expect(store.write(stranger, null)).rejects.toThrow(/"test.stranger"/);
    await expect(store.write(numbers, undefined)).rejects.toThrow(/no write operation .* "test.numbers"/);
    await expect(store.read(addInRead, 1)).rejects.toThrow(/readonly/);
    expect(await store.read(numbers, undefined)).toEqual([]);
  });

  test('rejects all waiting operations when a thread dies, reports it once, and still closes', async () => {
    const failures: SidecarError[] = [];
    const path = tempStorePath();
    const store = await openTestStore(path, { onFailure: (error) => failures.push(error) });
    await store.write(addNumber, 1);
    const [ended, beside] = await Promise.all([
      refusalOf(store.write(endThread, undefined)),
      refusalOf(store.write(addNumber, 2)),
    ]);
    expect(ended.code).toBe('ledger_unavailable');
    expect(beside.message).toMatch(/thread ended/);
    expect((await refusalOf(store.write(addNumber, 3))).code).toBe('ledger_unavailable');
    expect(failures).toHaveLength(1);
    await store.close();
    const again = await openTestStore(path);
    expect(await again.read(numbers, undefined)).toEqual([1]);
  });

  test('refuses operations after close', async () => {
    const store = await openTestStore(tempStorePath());
    const waiting = store.write(addNumber, 1);
    const closing = store.close();
    expect(await waiting).toBe(1);
    expect((await refusalOf(store.write(addNumber, 2))).code).toBe('ledger_unavailable');
    await closing;
    expect((await refusalOf(store.read(numbers, undefined))).code).toBe('ledger_unavailable');
  });
});

describe('durability settings', () => {
  test('are FULL, with keys and cells checked, on the connection that writes', async () => {
    const store = await openTestStore(tempStorePath());
    await store.write(addNumber, 1);
    const pragmas = ['synchronous', 'foreign_keys', 'cell_size_check', 'trusted_schema', 'journal_mode'];
    const values = await Promise.all(
      pragmas.map(
        async (name) => Object.values((await store.write(sql, { sql: `PRAGMA ${name}` })) ?? {})[0],
      ),
    );
    expect(values).toEqual([2, 1, 1, 0, 'wal']);
    expect(await store.write(sql, { sql: 'PRAGMA journal_size_limit' })).toEqual({
      journal_size_limit: 67_108_864,
    });
    expect(await store.write(sql, { sql: 'PRAGMA busy_timeout' })).toEqual({ timeout: 5000 });
    expect(await store.read(readSql, { sql: 'PRAGMA foreign_keys' })).toEqual({ foreign_keys: 1 });
  });

  test('are refused loudly when a write shows that they are not FULL', () => {
    const db = new Database(join(tempFolder(), 'normal.db'));
    db.pragma('journal_mode = WAL');
    db.exec('CREATE TABLE t (n INTEGER) STRICT');
    expect(() => assertFullSync(db)).toThrow(/synchronous=1/);
    setFullSync(db);
    db.exec('INSERT INTO t VALUES (1)');
    assertFullSync(db);
    db.close();
  });
});

describe('a place for a store', () => {
  test('may be a folder that does not exist yet, if the one above it does', async () => {
    const folder = join(tempFolder(), 'data');
    const store = await openTestStore(join(folder, 'sidecar.db'));
    await store.close();
    expect(statSync(folder).mode & 0o777).toBe(0o700);
    const refusal = await refusalOf(openTestStore(join(folder, 'no', 'such', 'sidecar.db')));
    expect(refusal.code).toBe('store_unwritable');
    expect(refusal.message).toContain(join(folder, 'no', 'such'));
  });

  test('may be reached through a link to the file or to its folder, and stays one store', async () => {
    const folder = tempFolder();
    mkdirSync(join(folder, 'real'));
    symlinkSync('real', join(folder, 'linked'));
    symlinkSync(join('real', 'sidecar.db'), join(folder, 'link.db'));
    const store = await openTestStore(join(folder, 'link.db'));
    await store.write(addNumber, 1);
    expect(store.stats().path).toBe(join(folder, 'real', 'sidecar.db'));
    expect((await refusalOf(openTestStore(join(folder, 'linked', 'sidecar.db')))).code).toBe('store_owned');
    await store.close();
    expect(existsSync(join(folder, 'link.db.owner'))).toBe(false);
    const again = await openTestStore(join(folder, 'linked', 'sidecar.db'), { requireExisting: true });
    expect(await again.read(numbers, undefined)).toEqual([1]);
  });

  test('is refused if links loop, or if there is a folder', async () => {
    const folder = tempFolder();
    symlinkSync('b.db', join(folder, 'a.db'));
    symlinkSync('a.db', join(folder, 'b.db'));
    expect((await refusalOf(openTestStore(join(folder, 'a.db')))).message).toMatch(/loop of symbolic links/);
    mkdirSync(join(folder, 'c.db'));
    expect((await refusalOf(openTestStore(join(folder, 'c.db')))).code).toBe('store_unwritable');
  });

  test('is made private again when somebody opened it to others', async () => {
    const path = tempStorePath();
    await (await openTestStore(path)).close();
    chmodSync(path, 0o644);
    await (await openTestStore(path, { clock: systemClock })).close();
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });
});
