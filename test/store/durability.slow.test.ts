import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import Database from 'better-sqlite3';
import { describe, expect, test } from 'vitest';
import { addNumber, numbers, sql } from './test-operations.ts';
import { freeBytes, mountSmall, openTestStore, refusalOf, startChild, tempStorePath } from './test-store.ts';

/** How often the writing process is killed; more with STORE_KILLS=1000. */
const KILLS = Number(process.env['STORE_KILLS'] ?? 20);

describe('a killed process', () => {
  test(
    'loses nothing that was acknowledged, and doubles nothing',
    { timeout: 30_000 + KILLS * 3000 },
    async () => {
      const path = tempStorePath();
      let acknowledged: number[] = [];
      let from = 1;
      for (let kill = 0; kill < KILLS; kill += 1) {
        const child = startChild(['write', path, String(from)]);
        // A different number of acknowledgements each time, so that kills fall at different moments of a batch.
        const wanted = 1 + ((kill * 37) % 101);
        const acks: number[] = [];
        for (let line = await child.line(); line !== undefined; line = await child.line()) {
          if (!line.startsWith('ack ')) continue;
          acks.push(Number(line.slice(4)));
          if (acks.length === wanted) child.process.kill('SIGKILL');
        }
        await child.kill();
        expect(acks.length).toBeGreaterThanOrEqual(wanted);
        acknowledged = [...acknowledged, ...acks];
        from = Math.max(...acknowledged) + 1000;
      }
      const db = new Database(path);
      const stored = new Set(db.prepare<[], number>('SELECT n FROM numbers').pluck().all());
      expect(acknowledged.filter((n) => !stored.has(n))).toEqual([]);
      expect(new Set(acknowledged).size).toBe(acknowledged.length);
      expect(db.pragma('integrity_check', { simple: true })).toBe('ok');
      db.close();
    },
  );
});

describe('a full disk', () => {
  test('rejects the whole batch, leaves the store unchanged, and has no effect when space returns', async () => {
    const failures: { operations: number; message: string }[] = [];
    const store = await openTestStore(tempStorePath(), {
      onCommitFailed: (failure) => failures.push(failure),
    });
    await store.write(addNumber, 1);
    const pages = (await store.write(sql, { sql: 'PRAGMA page_count' })) as { page_count: number };
    await store.write(sql, { sql: `PRAGMA max_page_count = ${pages.page_count}` });
    const fill = { sql: 'INSERT INTO blobs (bytes) VALUES (zeroblob(?)) RETURNING 1', values: [100_000] };
    const outcomes = await Promise.allSettled([
      store.write(addNumber, 2),
      store.write(sql, fill),
      store.write(addNumber, 3),
    ]);
    for (const outcome of outcomes) {
      expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'ledger_unavailable' } });
    }
    expect(failures).toEqual([{ operations: 3, message: expect.stringContaining('SQLITE_FULL') }]);
    expect(await store.read(numbers, undefined)).toEqual([1]);
    await store.write(sql, { sql: 'PRAGMA max_page_count = 1000000' });
    await store.write(sql, fill);
    await store.write(addNumber, 4);
    expect(await store.read(numbers, undefined)).toEqual([1, 4]);
  });

  const small = mountSmall();
  test.skipIf(small === undefined)(
    'is reported by COMMIT itself on a real one, and nothing of the batch stays (skipped if tmpfs cannot be mounted)',
    async () => {
      const folder = small?.() ?? '';
      const path = `${folder}/data/sidecar.db`;
      mkdirSync(`${folder}/data`);
      const store = await openTestStore(path);
      await store.write(addNumber, 1);
      writeFileSync(`${folder}/filler`, Buffer.alloc(freeBytes(folder)));
      let kept = 1;
      let refused = 0;
      while (refused < 3) {
        const batch = Array.from({ length: 50 }, (_, index) => store.write(addNumber, kept * 1000 + index));
        const outcomes = await Promise.allSettled(batch);
        const rejected = outcomes.filter(({ status }) => status === 'rejected');
        expect([0, 50]).toContain(rejected.length);
        if (rejected.length === 0) kept += 1;
        else refused += 1;
      }
      expect(await store.read(numbers, undefined)).toHaveLength(1 + (kept - 1) * 50);
      rmSync(`${folder}/filler`);
      await store.write(addNumber, 999_999);
      await store.close();
      const again = await openTestStore(path);
      expect(await again.read(numbers, undefined)).toHaveLength(2 + (kept - 1) * 50);
      await again.close();
      writeFileSync(`${folder}/filler`, Buffer.alloc(freeBytes(folder)));
      const refusal = await refusalOf(openTestStore(path));
      expect(refusal.code).toBe('store_unwritable');
      expect(refusal.message).toMatch(/space/);
    },
  );

  test.skipIf(small === undefined)(
    'or one that became read-only refuses a start, naming the path (skipped where tmpfs cannot be mounted)',
    async () => {
      const folder = small?.() ?? '';
      const path = `${folder}/sidecar.db`;
      await (await openTestStore(path)).close();
      const before = readFileSync(path);
      expect(spawnSync('mount', ['-o', 'remount,ro', folder]).status).toBe(0);
      const refusal = await refusalOf(openTestStore(path));
      expect(refusal.code).toBe('store_unwritable');
      expect(refusal.message).toContain(path);
      expect((await refusalOf(openTestStore(`${folder}/other.db`))).code).toBe('store_unwritable');
      expect(readFileSync(path).equals(before)).toBe(true);
    },
  );
});
