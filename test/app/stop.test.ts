import { rm } from 'node:fs/promises';
import path from 'node:path';
import Database from 'better-sqlite3';
import { expect, it } from 'vitest';
import { createApp } from '../../src/app/app.ts';
import { loadConfig } from '../../src/config/config.ts';
import { loadSecrets } from '../../src/config/secrets.ts';
import { createLog } from '../../src/telemetry/log.ts';
import { EMULATOR_KEY, startApp } from './start-app.ts';

const OLD_CALLS = 60_000;

/** Fills a store's journal with calls that are too old to keep. */
function fill(store: string): void {
  const db = new Database(store);
  const columns = db
    .prepare<[], { name: string; type: string; notnull: number }>('PRAGMA table_info(journal)')
    .all();
  const values = columns.map(({ name, type, notnull }) => {
    if (name === 'id') return "'call_' || printf('%08d', n)";
    if (name === 'at') return '1000000 + n';
    if (name === 'origin') return "'app'";
    if (name === 'outcome') return "'ok'";
    if (notnull === 0) return 'NULL';
    return type === 'TEXT' ? "'x'" : '1';
  });
  db.exec(
    `WITH RECURSIVE c (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < ${OLD_CALLS})
     INSERT INTO journal (${columns.map(({ name }) => name).join(', ')}) SELECT ${values.join(', ')} FROM c`,
  );
  db.exec("UPDATE job_runs SET done_to = 0 WHERE name = 'retention'");
  db.close();
}

function leftIn(store: string): { calls: number; runs: number } {
  const db = new Database(store, { readonly: true });
  const count = (sql: string): number => db.prepare<[], number>(sql).pluck().get() ?? 0;
  const left = {
    calls: count('SELECT COUNT(*) FROM journal'),
    runs: count("SELECT COUNT(*) FROM job_runs WHERE name = 'retention' AND result = 'ok'"),
  };
  db.close();
  return left;
}

it('waits for no job: what is left of its work is done after the next start', async () => {
  const config = { listen: { drainMs: 0 } };
  const first = await startApp({ config });
  await first.app.runDue();
  await first.stop({ keep: true });
  const store = path.join(first.folder, 'data', 'sidecar.db');
  fill(store);
  const second = await startApp({ config, folder: first.folder });
  void second.app.runDue();
  await second.stop({ keep: true });
  const cutOff = leftIn(store);
  expect(cutOff.calls).toBeGreaterThan(0);
  expect(cutOff.runs).toBe(0);
  const third = await startApp({ config, folder: first.folder });
  await third.app.runDue();
  await third.stop({ keep: true });
  expect(leftIn(store)).toEqual({ calls: 0, runs: 1 });
  await rm(first.folder, { recursive: true });
});

it('keeps no store that it got after its stop', async () => {
  const first = await startApp();
  const env = { KLING_API_KEY: EMULATOR_KEY };
  const loaded = loadConfig({ env, cwd: first.folder });
  const secrets = await loadSecrets({ config: loaded.config, env, cwd: first.folder });
  const log = createLog({ level: 'silent', destination: { write: () => undefined } });
  const waiting = createApp({ loaded, secrets, log, version: '0.0.0-test' });
  const start = expect(waiting.start()).rejects.toMatchObject({ code: 'shutting_down' });
  await waiting.stop();
  await first.stop({ keep: true });
  await start;
  const last = await startApp({ folder: first.folder });
  await last.stop();
});
