import { copyFileSync, existsSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import Database from 'better-sqlite3';
import { expect, test } from 'vitest';
import { storeModules } from '../../src/app/store-operations.ts';
import { systemClock } from '../../src/clock.ts';
import { openAndMigrate } from '../../src/store/sqlite/migrate.ts';
import { orderMigrations } from '../../src/store/registry.ts';
import { freeBytes, mountSmall, refusalOf, tempStorePath } from '../store/test-store.ts';
import { writeOldStore } from './old-file.ts';
import { differences } from './old-rows.ts';

const small = mountSmall('40m');

test.skipIf(small === undefined)(
  'a disk that is full in the copy or in the migration leaves the old store, and space lets the next start finish (skipped where tmpfs cannot be mounted)',
  async () => {
    const folder = small?.() ?? '';
    const [path, reference, filler] = [`${folder}/sidecar.db`, tempStorePath(), `${folder}/filler`];
    writeOldStore(reference, { version: 'before creates', creates: 2_000 });
    copyFileSync(reference, path);
    const bytes = statSync(path).size;
    const old = new Database(reference, { readonly: true });
    const migrate = (): Promise<Database.Database> =>
      openAndMigrate(path, orderMigrations(storeModules), { clock: systemClock, log: () => undefined });
    const leave = (free: number): void => {
      rmSync(filler, { force: true });
      writeFileSync(filler, Buffer.alloc(freeBytes(folder) - free));
    };
    const expectOld = (): void => {
      const now = new Database(path);
      expect(now.pragma('integrity_check', { simple: true })).toBe('ok');
      expect(differences({ db: old, schema: 'old' }, { db: now, schema: 'old' })).toEqual([]);
      now.prepare('UPDATE spending SET dated_to = dated_to').run();
      now.close();
    };
    // Too little for the copy; then enough for it, and too little for what the migration writes.
    for (const [free, hasCopy] of [
      [bytes / 2, false],
      [bytes * 1.5, true],
    ] as const) {
      leave(free);
      const refusal = await refusalOf(migrate());
      expect(refusal.code).toBe('store_unwritable');
      expect(refusal.message).toMatch(/space/);
      expect(existsSync(`${path}.before-200-creates`)).toBe(hasCopy);
      expect(readdirSync(folder).filter((name) => name.includes('.part'))).toEqual([]);
      expectOld();
    }
    rmSync(filler);
    const migrated = await migrate();
    expect(differences({ db: old, schema: 'old' }, { db: migrated, schema: 'new' })).toEqual([]);
    migrated.close();
    old.close();
  },
);
