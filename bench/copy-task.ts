/** Makes many open tasks of one: for measurements that need more of them than there is time to create. */
import type { Database } from 'better-sqlite3';

/** Copies the first create of a store that has a task. */
export function copyTask(db: Database, copies: number): void {
  // As long as Kling's: 18 digits.
  const taskId = "substr('890000000000000000', 1, 18 - length(n.i)) || n.i";
  const changes: Readonly<Record<string, string>> = {
    id: "t.id || '-' || n.i",
    request_id: "t.request_id || '-' || n.i",
    external_task_id: "t.external_task_id || '-' || n.i",
    call_id: "t.call_id || '-' || n.i",
    task_id: taskId,
  };
  const columns = db.prepare('SELECT name FROM pragma_table_info(?)').pluck().all('creates') as string[];
  const values = columns.map((name) => changes[name] ?? `t."${name}"`);
  db.exec(
    `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${copies})
     INSERT INTO creates (${columns.map((name) => `"${name}"`).join(', ')})
     SELECT ${values.join(', ')} FROM n,
       (SELECT * FROM creates WHERE task_id IS NOT NULL ORDER BY id LIMIT 1) t`,
  );
}
