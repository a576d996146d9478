import {
  chmodSync,
  existsSync,
  readFileSync,
  readdirSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { dirname } from 'node:path';
import Database from 'better-sqlite3';
import { describe, expect, test } from 'vitest';
import { systemClock } from '../../src/clock.ts';
import { backupStore, restoreStore } from '../../src/store/sqlite/backup.ts';
import { addNumber, numbers } from './test-operations.ts';
import { openTestStore, refusalOf, tempFolder, tempStorePath } from './test-store.ts';

function numbersIn(path: string): number[] {
  const db = new Database(path, { readonly: true });
  const found = db.prepare<[], number>('SELECT n FROM numbers ORDER BY n').pluck().all();
  expect(db.pragma('integrity_check', { simple: true })).toBe('ok');
  db.close();
  return found;
}

describe('a backup', () => {
  test('made during writes holds one instant: everything acknowledged before, nothing partial', async () => {
    const path = tempStorePath();
    const target = `${tempFolder()}/backup.db`;
    const store = await openTestStore(path);
    await Promise.all(Array.from({ length: 20_000 }, (_, n) => store.write(addNumber, n)));
    let next = 20_000;
    const stop = new AbortController();
    const writing = (async () => {
      while (!stop.signal.aborted) await store.write(addNumber, next++);
    })();
    const before = next;
    await store.backup(target);
    const after = next;
    stop.abort();
    await writing;
    const found = numbersIn(target);
    expect(found).toEqual(Array.from({ length: found.length }, (_, n) => n));
    expect(found.length).toBeGreaterThanOrEqual(before);
    expect(found.length).toBeLessThanOrEqual(after);
    expect(after).toBeGreaterThan(before);
    expect(statSync(target).mode & 0o777).toBe(0o600);
    expect(readdirSync(dirname(target))).toEqual(['backup.db']);
  });

  test('never overwrites, and a failed one leaves nothing', async () => {
    const store = await openTestStore(tempStorePath());
    await store.write(addNumber, 1);
    const folder = tempFolder();
    writeFileSync(`${folder}/taken.db`, 'precious');
    expect((await refusalOf(store.backup(`${folder}/taken.db`))).code).toBe('bad_usage');
    expect(readFileSync(`${folder}/taken.db`, 'utf8')).toBe('precious');
    expect((await refusalOf(store.backup(`${folder}/no/such/backup.db`))).code).toBe('store_unwritable');
    expect(readdirSync(folder)).toEqual(['taken.db']);
    await store.write(addNumber, 2);
  });

  test('can be taken of a stopped store too, and says when there is none', async () => {
    const path = tempStorePath();
    const store = await openTestStore(path);
    await store.write(addNumber, 1);
    await store.close();
    await backupStore(path, `${path}.copy`);
    expect(numbersIn(`${path}.copy`)).toEqual([1]);
    expect((await refusalOf(backupStore(`${path}.none`, `${path}.other`))).code).toBe('store_missing');
  });
});

describe('a restore', () => {
  /** A store with 1 and 2 in it, closed, and a backup with 1 alone. */
  async function storeAndBackup(): Promise<{ path: string; backup: string }> {
    const path = tempStorePath();
    const backup = `${tempFolder()}/backup.db`;
    const store = await openTestStore(path);
    await store.write(addNumber, 1);
    await store.backup(backup);
    await store.write(addNumber, 2);
    await store.close();
    return { path, backup };
  }

  test('puts the backup in the place of the store and keeps what was there, each time under a new name', async () => {
    const { path, backup } = await storeAndBackup();
    const first = await restoreStore(backup, path, systemClock);
    expect(first).toEqual({ keptAs: `${path}.before-restore-1` });
    expect(numbersIn(path)).toEqual([1]);
    expect(numbersIn(`${path}.before-restore-1`)).toEqual([1, 2]);
    const store = await openTestStore(path);
    await store.write(addNumber, 3);
    expect(await store.read(numbers, undefined)).toEqual([1, 3]);
    await store.close();
    expect(await restoreStore(backup, path, systemClock)).toEqual({ keptAs: `${path}.before-restore-2` });
    expect(numbersIn(`${path}.before-restore-2`)).toEqual([1, 3]);
    expect(numbersIn(backup)).toEqual([1]);
    expect(existsSync(`${path}.incoming`)).toBe(false);
  });

  test('replaces a damaged store with its log, and works if there was none', async () => {
    const { path, backup } = await storeAndBackup();
    truncateSync(path, 5000);
    writeFileSync(`${path}-wal`, 'an old log');
    await restoreStore(backup, path, systemClock);
    expect(numbersIn(path)).toEqual([1]);
    expect(readFileSync(`${path}.before-restore-1-wal`, 'utf8')).toBe('an old log');
    const fresh = `${tempFolder()}/data/sidecar.db`;
    expect(await restoreStore(backup, fresh, systemClock)).toEqual({ keptAs: null });
    expect(numbersIn(fresh)).toEqual([1]);
    expect(statSync(fresh).mode & 0o777).toBe(0o600);
  });

  test('is refused while a sidecar owns the store, and for a file that is no complete backup of ours', async () => {
    const { path, backup } = await storeAndBackup();
    const before = readFileSync(path);
    const refused = async (source: string): Promise<string> =>
      (await refusalOf(restoreStore(source, path, systemClock))).code;
    expect(await refused(`${backup}.none`)).toBe('store_missing');
    expect(await refused(path)).toBe('bad_usage');
    const foreign = new Database(`${backup}.foreign`);
    foreign.exec('CREATE TABLE theirs (n INTEGER)');
    foreign.close();
    expect(await refused(`${backup}.foreign`)).toBe('store_foreign');
    const good = readFileSync(backup);
    writeFileSync(`${backup}.text`, 'not a database'.repeat(100));
    expect(await refused(`${backup}.text`)).toBe('store_corrupt');
    writeFileSync(`${backup}.short`, good.subarray(0, 8192));
    expect(await refused(`${backup}.short`)).toBe('store_corrupt');
    const damaged = Buffer.from(good);
    damaged.fill(0xff, 4096 * 2, 4096 * 2 + 20);
    writeFileSync(`${backup}.damaged`, damaged);
    expect(await refused(`${backup}.damaged`)).toBe('store_corrupt');
    expect(readFileSync(path).equals(before)).toBe(true);
    chmodSync(path, 0o600);
    await openTestStore(path);
    expect(await refused(backup)).toBe('store_owned');
  });
});
