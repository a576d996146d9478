import {
  copyFileSync,
  existsSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import Database from 'better-sqlite3';
import { describe, expect, test } from 'vitest';
import { systemClock } from '../../src/clock.ts';
import { restoreStore } from '../../src/store/sqlite/backup.ts';
import { checkCommits } from '../../src/store/sqlite/commit-count.ts';
import { addAndFail, addNumber, numbers, sql } from './test-operations.ts';
import { openTestStore, refusalOf, startChild, tempStorePath } from './test-store.ts';

/** Leaves a store with the numbers 1 to 40 as a killed process does. */
async function killedStore(path: string): Promise<void> {
  const child = startChild(['fill', path]);
  for (let line = await child.line(); line !== 'filled'; line = await child.line()) {
    if (line === undefined) throw new Error('the child ended early');
  }
  await child.kill();
}

/** Everything beside the store that decides a start, to try many damages on copies. */
function copyStore(from: string, to: string): void {
  for (const suffix of ['', '-wal', '.commits']) copyFileSync(from + suffix, to + suffix);
}

const beside = (path: string): number => Number(readFileSync(`${path}.commits`, 'utf8'));

describe('the number of the last commit beside the store', () => {
  test('lets a killed process’s store open with all that was acknowledged', async () => {
    const path = tempStorePath();
    await killedStore(path);
    expect(beside(path)).toBeGreaterThanOrEqual(40);
    const store = await openTestStore(path);
    expect(await store.read(numbers, undefined)).toHaveLength(40);
  });

  test('refuses a start if the log was deleted or cut, and leaves the files unchanged', async () => {
    const original = tempStorePath();
    await killedStore(original);
    const bytes = statSync(`${original}-wal`).size;
    for (const bytesKept of [null, 0, Math.floor(bytes / 2)]) {
      const path = tempStorePath();
      copyStore(original, path);
      if (bytesKept === null) rmSync(`${path}-wal`);
      else truncateSync(`${path}-wal`, bytesKept);
      const found = bytesKept === null ? Buffer.alloc(0) : readFileSync(`${path}-wal`);
      const refusal = await refusalOf(openTestStore(path));
      expect(refusal.code).toBe('store_corrupt');
      expect(refusal.message).toContain('restore a backup');
      expect(readFileSync(`${path}-wal`).equals(found)).toBe(true);
    }
  });

  test('finds a bit that was flipped anywhere in the log', async () => {
    const original = tempStorePath();
    await killedStore(original);
    const log = readFileSync(`${original}-wal`);
    const path = tempStorePath();
    for (let place = 0; place < 40; place += 1) {
      const at = Math.floor((log.length * place) / 40);
      copyStore(original, path);
      rmSync(`${path}-shm`, { force: true });
      const damaged = Buffer.from(log);
      damaged.writeUInt8((log[at] ?? 0) ^ 1, at);
      writeFileSync(`${path}-wal`, damaged);
      const db = new Database(path, { readonly: true });
      expect(() => checkCommits(db, path), `a bit flipped at ${at}`).toThrow('has lost part of the ledger');
      db.close();
    }
  });

  test('refuses a store that is gone after its process was killed, and does not begin an empty one', async () => {
    const path = tempStorePath();
    await killedStore(path);
    for (const suffix of ['', '-wal', '-shm']) rmSync(path + suffix);
    const refusal = await refusalOf(openTestStore(path));
    expect(refusal.code).toBe('store_corrupt');
    expect(refusal.message).toContain(`remove ${path}.commits`);
    expect(existsSync(path)).toBe(false);
    rmSync(`${path}.commits`);
    expect(await (await openTestStore(path)).read(numbers, undefined)).toEqual([]);
  });

  test('is removed to accept the present store, and by a restore', async () => {
    const path = tempStorePath();
    const before = await openTestStore(path);
    await before.write(addNumber, 900_000);
    const copy = `${path}.backup`;
    await before.backup(copy);
    await before.close();
    await killedStore(path);
    rmSync(`${path}-wal`);
    expect((await refusalOf(openTestStore(path))).code).toBe('store_corrupt');
    await restoreStore(copy, path, systemClock);
    expect(await (await openTestStore(path)).read(numbers, undefined)).toEqual([900_000]);
  });

  test('is gone after a clean end, so that the folder may be copied and moved', async () => {
    const path = tempStorePath();
    const store = await openTestStore(path);
    await store.write(addNumber, 1);
    expect(existsSync(`${path}.commits`)).toBe(true);
    await store.close();
    expect(existsSync(`${path}.commits`)).toBe(false);
  });

  test('grows by one with each batch that changed something, and with no other', async () => {
    const path = tempStorePath();
    const store = await openTestStore(path);
    const first = beside(path);
    await store.write(addNumber, 1);
    expect(beside(path)).toBe(first + 1);
    await Promise.all([store.write(addNumber, 2), store.write(addNumber, 3)]);
    expect(beside(path)).toBe(first + 2);
    await store.write(sql, { sql: 'SELECT 1' });
    expect(beside(path)).toBe(first + 2);
    await store.write(addAndFail, { n: 4, fault: true }).catch(() => undefined);
    await store.write(addNumber, 5);
    expect(await store.write(sql, { sql: 'SELECT commits AS n FROM store_opened' })).toEqual({
      n: beside(path),
    });
  });

  test('that is no number, as after a power cut, proves nothing and refuses nothing', async () => {
    const path = tempStorePath();
    await killedStore(path);
    writeFileSync(`${path}.commits`, '\0'.repeat(17));
    expect(await (await openTestStore(path)).read(numbers, undefined)).toHaveLength(40);
  });
});
