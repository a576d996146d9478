import { copyFileSync, existsSync, readdirSync, rmSync, statSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { storeModules } from '../../src/app/store-operations.ts';
import { systemClock } from '../../src/clock.ts';
import { openAndMigrate } from '../../src/store/sqlite/migrate.ts';
import { orderMigrations } from '../../src/store/registry.ts';
import { launch, type Started } from '../cli/launch.ts';
import { randomOf } from '../random-numbers.ts';
import { migrateTo, writeOldStore } from './old-file.ts';
import { differences } from './old-rows.ts';

const BIN = new URL('../../bin/kling-sidecar.js', import.meta.url).pathname;
/** Creates of the store that is killed; more with CREATES=200000. */
const CREATES = Number(process.env['CREATES'] ?? 5_000);
/** Kills at random instants of the migration, after the named ones. */
const RANDOM_KILLS = Number(process.env['KILLS'] ?? 4);

const sizeOf = (file: string): number => statSync(file, { throwIfNoEntry: false })?.size ?? 0;

/** Opens a store that nobody has open, or a copy of it that is brought to a schema first, to read it. */
function reader(file: string, upTo?: string): Database.Database {
  if (upTo === undefined) return new Database(file, { readonly: true });
  const copied = `${file}.read`;
  copyFileSync(file, copied);
  const copy = new Database(copied);
  migrateTo(copy, upTo);
  return copy;
}

function migrationsOf(file: string): string[] {
  const db = reader(file);
  const ids = db.prepare<[], string>('SELECT id FROM schema_migrations ORDER BY id').pluck().all();
  expect(db.pragma('quick_check', { simple: true })).toBe('ok');
  db.close();
  return ids;
}

/** Makes a file as it was written, without what belongs to a store. */
function renew(store: string, reference: string): void {
  for (const suffix of ['', '-wal', '-shm', '.commits']) rmSync(store + suffix, { force: true });
  copyFileSync(reference, store);
}

let folder = '';
beforeEach(async () => void (folder = await mkdtemp(path.join(tmpdir(), 'kling-sidecar-old-'))));
afterEach(() => rm(folder, { recursive: true }));

const start = (): Started =>
  launch([process.execPath, BIN, 'start'], { cwd: folder, env: { KLING_API_KEY: 'k' } });

/** Starts the process and kills it at an instant of its migration. */
async function killAt(isReached: () => boolean): Promise<void> {
  const began = start();
  let hasEnded = false;
  void began.exit.then(() => (hasEnded = true));
  const isOver = (): boolean => hasEnded || began.text().includes('migrated ');
  while (!isReached() && !isOver()) await new Promise((resolve) => setImmediate(resolve));
  began.child.kill('SIGKILL');
  await began.exit;
}

for (const version of ['before creates', '0.1.0'] as const) {
  test(`a store of ${version}, killed in its migration, is old or new, and ends migrated with its copy`, async () => {
    const [store, reference] = [path.join(folder, 'sidecar.db'), path.join(folder, 'reference.db')];
    const listen = { listen: { port: 0 }, control: { port: 0 } };
    const config = { upstream: { baseUrl: 'http://127.0.0.1:9' }, store: { path: store }, ...listen };
    await writeFile(path.join(folder, 'sidecar.config.json'), JSON.stringify(config));
    writeOldStore(reference, { version, creates: CREATES });
    renew(store, reference);
    const old = migrationsOf(store);
    const copy = `${store}.before-${version === '0.1.0' ? '070-blame-proof' : '200-creates'}`;
    const random = randomOf(7);
    // SQLite's log grows with the migration: its size says how far that is.
    const growths = Array.from({ length: RANDOM_KILLS }, () => random() * sizeOf(reference));
    const steps = [
      () => sizeOf(`${copy}.part`) > 0,
      () => existsSync(copy),
      ...growths.map((bytes) => () => sizeOf(`${store}-wal`) > bytes),
    ];
    let cutOff = 0;
    for (const isReached of steps) {
      await killAt(isReached);
      if (existsSync(copy)) expect(migrationsOf(copy)).toEqual(old);
      if (migrationsOf(store).length === old.length) cutOff += 1;
      else renew(store, reference);
    }
    expect(cutOff).toBeGreaterThanOrEqual(3);

    const migrated = await openAndMigrate(store, orderMigrations(storeModules), {
      clock: systemClock,
      log: () => undefined,
    });
    const was = reader(reference, '200');
    expect(differences({ db: was, schema: 'old' }, { db: migrated, schema: 'new' })).toEqual([]);
    migrated.close();
    const kept = reader(copy, '200');
    expect(differences({ db: was, schema: 'old' }, { db: kept, schema: 'old' })).toEqual([]);
    kept.close();
    was.close();

    const last = start();
    await last.says(/"control":"http/);
    last.child.kill('SIGTERM');
    expect(await last.exit, last.text()).toBe(0);
    expect(readdirSync(folder).filter((name) => name.includes('.part'))).toEqual([]);
  });
}
