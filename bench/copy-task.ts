/** Makes many open tasks of one: for measurements that need more of them than there is time to create. */
import type { Database } from 'better-sqlite3';

/** Copies the first task of a store with its hold. */
export function copyTask(db: Database, copies: number): void {
  const copy = (table: 'holds' | 'tasks', changes: Readonly<Record<string, string>>): void => {
    const columns = db.prepare('SELECT name FROM pragma_table_info(?)').pluck().all(table) as string[];
    const values = columns.map((name) => changes[name] ?? `t."${name}"`);
    db.exec(
      `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${copies})
       INSERT INTO ${table} (${columns.map((name) => `"${name}"`).join(', ')})
       SELECT ${values.join(', ')} FROM n, (SELECT * FROM ${table} WHERE ${table === 'tasks' ? 'hold_id' : 'id'} =
         (SELECT hold_id FROM tasks ORDER BY id LIMIT 1)) t`,
    );
  };
  // As long as Kling's: 18 digits.
  const id = "substr('890000000000000000', 1, 18 - length(n.i)) || n.i";
  db.exec('BEGIN');
  copy('holds', {
    id: "t.id || '-' || n.i",
    request_id: "t.request_id || '-' || n.i",
    external_task_id: "t.external_task_id || '-' || n.i",
    task_id: id,
  });
  copy('tasks', { id, hold_id: "t.hold_id || '-' || n.i" });
  db.exec('COMMIT');
}
