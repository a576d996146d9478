import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import Database from 'better-sqlite3';
import { beforeEach, describe, expect, it } from 'vitest';
import { applyBudgets } from '../../src/budget/budget-table.ts';
import { defaultBudgetRules } from '../../src/budget/budget-config.ts';
import { systemClock } from '../../src/clock.ts';
import { makeBackup, type Backup, type BackupDeps } from '../../src/jobs/backup.ts';
import { backupName } from '../../src/jobs/backup-files.ts';
import { lastVerification, noteVerification } from '../../src/ledger/verification-table.ts';
import type { Verification } from '../../src/ledger/verify.ts';
import { openStore } from '../../src/store/sqlite/open-store.ts';
import type { Store } from '../../src/store/store.ts';
import { afterTest, refusalOf, tempStorePath } from '../store/test-store.ts';

const NOW = Date.UTC(2026, 10, 28, 2, 43);
const DAY = 86_400_000;
const SRC = new URL('../../src/app/', import.meta.url);
const reader = new URL('store-reader.ts', SRC);

let store: Store;
let storePath = '';
let folder = '';
let warnings: string[];

beforeEach(async () => {
  storePath = tempStorePath();
  folder = path.join(path.dirname(storePath), 'backups');
  warnings = [];
  const workers = { reader, writer: new URL('store-writer.ts', SRC) };
  store = await openStore({ path: storePath, clock: systemClock, workers });
  afterTest(() => store.close());
  await store.write(applyBudgets, { rules: [...defaultBudgetRules()], at: NOW });
});

function backup(
  at: number,
  {
    kept = 7,
    signal = new AbortController().signal,
    ...over
  }: Partial<BackupDeps> & {
    kept?: number;
    signal?: AbortSignal;
  } = {},
): Promise<Backup> {
  const onWarning = (message: string): void => void warnings.push(message);
  const deps = { store, reader, clock: systemClock, onWarning, ...over };
  return makeBackup(deps, { folder, kept }, { at, signal });
}

const inFolder = (): string[] => readdirSync(folder).toSorted();
const name = (at: number): string => backupName(storePath, at);

describe('a backup', () => {
  it('is a complete store, verified, for this user only', async () => {
    const made = await backup(NOW);
    expect(made).toMatchObject({ path: path.join(folder, name(NOW)), dropped: [], verified: { ok: true } });
    expect(inFolder()).toEqual([name(NOW)]);
    expect(statSync(made.path).mode & 0o777).toBe(0o600);
    expect(statSync(folder).mode & 0o777).toBe(0o700);
    const db = new Database(made.path, { readonly: true });
    expect(db.pragma('integrity_check', { simple: true })).toBe('ok');
    expect(db.prepare('SELECT COUNT(*) FROM budgets').pluck().get()).toBe(1);
    db.close();
  });

  it('drops the oldest surplus ones, and no other file', async () => {
    const precious = ['sidecar-before-upgrade.db', 'notes.txt', 'other-20261101-024300-000.db'];
    mkdirSync(folder);
    for (const file of precious) writeFileSync(path.join(folder, file), 'precious');
    for (let day = 0; day < 5; day += 1) await backup(NOW + day * DAY, { kept: 3 });
    expect(inFolder()).toEqual([...precious, ...[2, 3, 4].map((day) => name(NOW + day * DAY))].toSorted());
  });

  it('removes the rest of an earlier one that was killed', async () => {
    mkdirSync(folder);
    for (const end of ['', '.part', '.part-journal'])
      writeFileSync(path.join(folder, `.${name(NOW - DAY)}${end}`), 'half');
    await backup(NOW);
    expect(inFolder()).toEqual([name(NOW)]);
  });

  it('is good also if an old one cannot be dropped, which is reported', async () => {
    mkdirSync(path.join(folder, name(NOW - DAY), 'a folder in the way'), { recursive: true });
    const made = await backup(NOW, { kept: 1 });
    expect(made.dropped).toEqual([]);
    expect(existsSync(made.path)).toBe(true);
    expect(warnings).toEqual([expect.stringContaining(`${name(NOW - DAY)} could not be dropped`)]);
  });
});

describe('a backup that fails', () => {
  const earlier = [1, 2, 3].map((day) => name(NOW - day * DAY));
  beforeEach(() => {
    mkdirSync(folder);
    for (const file of earlier) writeFileSync(path.join(folder, file), 'an earlier one');
  });
  const dropsNothing = (): void => {
    expect(inFolder()).toEqual(earlier.toSorted());
    for (const file of earlier) expect(readFileSync(path.join(folder, file), 'utf8')).toBe('an earlier one');
  };

  it('because the books in it do not agree drops nothing and leaves nothing, and what was found is kept', async () => {
    const db = new Database(storePath);
    db.exec(
      "INSERT INTO budget_counters (id, budget_id, window_key, per_value, settled, held) SELECT 'wrong', id, 'x', '', 5, 0 FROM budgets",
    );
    db.close();
    const onVerified = ({ problems }: Verification) => store.write(noteVerification, { at: NOW, problems });
    const refusal = await refusalOf(backup(NOW, { kept: 1, onVerified }));
    expect(refusal.code).toBe('store_corrupt');
    expect(await store.read(lastVerification, undefined)).toMatchObject({ problems: 1, since: NOW });
    expect(refusal.message).toMatch(/does not agree.*counter wrong/);
    dropsNothing();
  });

  it('because the disk has too little room says how much is needed', async () => {
    const huge = { ...store.stats(), bytes: 2 ** 52 };
    const full = { backup: store.backup.bind(store), stats: () => huge };
    const refusal = await refusalOf(backup(NOW, { kept: 1, store: full }));
    expect(refusal.message).toMatch(/needs 4294967360 MiB in .*make room, or name another jobs\.backupDir/);
    dropsNothing();
  });

  it('because the copy fails drops nothing', async () => {
    const failing = { stats: () => store.stats(), backup: () => Promise.reject(new Error('EIO')) };
    const refusal = await refusalOf(backup(NOW, { kept: 1, store: failing }));
    expect(refusal.message).toMatch(/cannot write a backup to .*: EIO; check the folder/);
    dropsNothing();
  });

  it.each([
    ['before it begins', 0],
    ['while it copies', 1],
    ['before its ledger is verified', 2],
  ])('because it is aborted %s drops nothing and leaves nothing', async (_when, step) => {
    const abort = new AbortController();
    if (step === 0) abort.abort();
    const aborting = {
      stats: () => store.stats(),
      async backup(target: string, signal?: AbortSignal) {
        const copying = store.backup(target, signal);
        if (step === 1) abort.abort();
        await copying;
        if (step === 2) abort.abort();
      },
    };
    const refusal = await refusalOf(backup(NOW, { kept: 1, store: aborting, signal: abort.signal }));
    expect(refusal.code).toBe('ledger_unavailable');
    dropsNothing();
    // Nothing of it keeps the next one from being made.
    expect((await backup(NOW, { kept: 4 })).verified.ok).toBe(true);
  });
});

it('names the folder if it cannot be made', async () => {
  writeFileSync(folder, 'a file in the way');
  const refusal = await refusalOf(backup(NOW));
  expect(refusal).toMatchObject({ code: 'store_unwritable' });
  expect(refusal.message).toMatch(/cannot write a backup to .*backups: .*jobs\.backupDir/);
});
