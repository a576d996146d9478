import path from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, expect, it } from 'vitest';
import { post, textToVideo, until } from './calls.ts';
import { startApp, type StartedApp } from './start-app.ts';

const HOLDS = 3_000;
/** As many as the emulator's pack runs at once, less the one of the history. */
const CREATES = 4;

let app: StartedApp | undefined;
afterEach(() => app?.stop());

/** Gives a store a history: copies of its one hold, each settled, in the counters of its budgets. */
function multiply(store: string): void {
  const db = new Database(store);
  const columns = db
    .prepare<[], { name: string }>('PRAGMA table_info(creates)')
    .all()
    .map(({ name }) => name);
  const own = new Map([
    ['id', "'hold_0' || printf('%06d', n)"],
    ['request_id', "'req_' || n"],
    ['task_id', 'NULL'],
    ['external_task_id', "'ks_' || n"],
    ['state', "'settled'"],
    ['settled_credits', 'credits'],
    ['in_doubt', '0'],
    ['ended_at', 'at'],
    ['end_credits', 'credits'],
    ['end_basis', "'estimate'"],
    ['guard_key', 'NULL'],
    ['guard_task_id', 'NULL'],
    ['fingerprint', 'NULL'],
    ...['task_state', 'task_source', 'task_first_state', 'sent_at', 'call_id', 'outcome'].map(
      (name): [string, string] => [name, 'NULL'],
    ),
  ]);
  db.exec(
    `WITH RECURSIVE c (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < ${HOLDS})
     INSERT INTO creates (${columns.join(', ')}) SELECT ${columns.map((name) => own.get(name) ?? name).join(', ')}
     FROM c, (SELECT * FROM creates LIMIT 1)`,
  );
  db.close();
}

const budgetOf = async (controlUrl: string, name: string) => {
  const answer = (await (await fetch(`${controlUrl}/v1/budgets`)).json()) as {
    budgets: { name: string; pending?: true; settledCredits: number; heldCredits: number }[];
  };
  return answer.budgets.find((budget) => budget.name === name);
};

it('a reload that adds a budget lets creates pass, and the budget has counted all in the end', async () => {
  const budgets = [{ name: 'old', credits: 1_000_000, window: 'total' }];
  const first = await startApp({ config: { budgets } });
  await post(`${first.dataUrl}/v1/videos/text2video`, textToVideo());
  await first.stop({ keep: true });
  multiply(path.join(first.folder, 'data', 'sidecar.db'));
  app = await startApp({ config: { budgets }, folder: first.folder });
  const url = `${app.dataUrl}/v1/videos/text2video`;
  const reload = app.reload({
    budgets: [...budgets, { name: 'added', credits: 1_000_000, window: 'total' }],
  });
  const created = await Promise.all(Array.from({ length: CREATES }, () => post(url, textToVideo())));
  expect(created.map(({ status }) => status)).toEqual(Array.from({ length: CREATES }, () => 200));
  await reload;
  const { controlUrl } = app;
  const counted = await until('all is counted', async () => {
    const budget = await budgetOf(controlUrl, 'added');
    return budget && budget.pending === undefined ? budget : null;
  });
  // Of ten credits each: the history, its origin, and those that were made meanwhile.
  expect(counted.settledCredits + counted.heldCredits).toBe((HOLDS + 1 + CREATES) * 10);
});

it('a start counts to the end before it serves', async () => {
  const first = await startApp({ config: { budgets: [] } });
  await post(`${first.dataUrl}/v1/videos/text2video`, textToVideo());
  await first.stop({ keep: true });
  multiply(path.join(first.folder, 'data', 'sidecar.db'));
  const budgets = [{ name: 'added', credits: 1_000_000, window: 'total' }];
  app = await startApp({ config: { budgets }, folder: first.folder });
  const counted = await budgetOf(app.controlUrl, 'added');
  expect(counted?.pending).toBeUndefined();
  expect((counted?.settledCredits ?? 0) + (counted?.heldCredits ?? 0)).toBe((HOLDS + 1) * 10);
});
