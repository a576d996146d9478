import Database from 'better-sqlite3';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { systemClock } from '../../src/clock.ts';
import { createExecutor } from '../../src/store/sqlite/executor.ts';
import { indexOperations } from '../../src/store/registry.ts';
import { addAndFail, addNumber } from './test-operations.ts';

const operations = indexOperations([{ migrations: [], operations: [addNumber, addAndFail] }]);

test('a batch keeps the result of each operation even if others fail', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(
        fc.array(fc.record({ n: fc.integer({ min: 0, max: 20 }), fails: fc.boolean() }), { maxLength: 12 }),
        {
          maxLength: 6,
        },
      ),
      async (batches) => {
        const db = new Database(':memory:');
        db.exec('CREATE TABLE numbers (n INTEGER PRIMARY KEY) STRICT');
        const executor = createExecutor(db, operations, { access: 'write', clock: systemClock });
        const kept = new Set<number>();
        for (const batch of batches) {
          const calls = batch.flatMap(({ n, fails }): unknown[] =>
            fails ? [addAndFail.name, { n, fault: false }] : [addNumber.name, n],
          );
          const reply = await executor.runBatch(calls);
          // A number that is there already fails too, by its key.
          const expected = batch.map(({ n, fails }) => {
            if (fails || kept.has(n)) return null;
            kept.add(n);
            return n;
          });
          expect(reply).toMatchObject({ kind: 'done', results: expected });
          const failed = expected.flatMap((result, index) => (result === null ? [index] : []));
          expect(reply.kind === 'done' && reply.failures.map(([index]) => index)).toEqual(failed);
          expect(db.inTransaction).toBe(false);
        }
        const rows = db.prepare<[], number>('SELECT n FROM numbers ORDER BY n').pluck().all();
        expect(rows).toEqual([...kept].toSorted((a, b) => a - b));
        db.close();
      },
    ),
    { numRuns: 300 },
  );
});
