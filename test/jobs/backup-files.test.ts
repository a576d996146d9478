import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  backupName,
  backupTime,
  isLeftover,
  surplusBackups,
  unverifiedName,
} from '../../src/jobs/backup-files.ts';

const STORE = '/data/sidecar.db';
const DAY = 86_400_000;
const NOW = Date.UTC(2026, 10, 28, 2, 43);
const nameAt = (at: number): string => backupName(STORE, at);
const others = ['sidecar.db', 'sidecar-before-upgrade.db', 'other-20261128-024300-000.db', 'notes.txt'];
const instants = fc.integer({ min: 0, max: Date.UTC(2200, 0, 1) });

describe('the name of a backup', () => {
  it('says in UTC when it was made, and sorts by that', () => {
    expect(nameAt(NOW + 7)).toBe('sidecar-20261128-024300-007.db');
    fc.assert(
      fc.property(instants, instants, (a, b) => {
        expect(backupTime(STORE, nameAt(a))).toBe(a);
        expect(nameAt(a) < nameAt(b)).toBe(a < b);
      }),
    );
  });

  it('is distinguished from every other file, and from an interrupted copy', () => {
    const wrong = [...others, 'sidecar-20261328-024300-000.db', `${nameAt(NOW)}.part`, `.${nameAt(NOW)}`];
    expect(wrong.map((name) => backupTime(STORE, name))).toEqual(wrong.map(() => null));
    const left = unverifiedName(nameAt(NOW));
    for (const end of ['', '.part', '-journal', '.part-journal', '.part-wal', '-shm'])
      expect([end, isLeftover(STORE, left + end)]).toEqual([end, true]);
    for (const name of [
      nameAt(NOW),
      ...others,
      '.sidecar.db',
      '.sidecar-x.db',
      `${left}.txt`,
      `${left}.partly`,
    ])
      expect([name, isLeftover(STORE, name)]).toEqual([name, false]);
  });
});

describe('backups that are too many', () => {
  const which = (names: string[], kept: number, at = NOW): string[] =>
    surplusBackups(names, { storePath: STORE, made: nameAt(at), kept, at });

  it('are the oldest ones; no other file is touched', () => {
    const days = Array.from({ length: 9 }, (_, day) => nameAt(NOW - day * DAY));
    expect(which([...days, ...others], 7)).toEqual([nameAt(NOW - 7 * DAY), nameAt(NOW - 8 * DAY)]);
    expect(which(days.slice(0, 7), 7)).toEqual([]);
    expect(which(days, 1)).toEqual(days.slice(1));
  });

  it('are first those that a wrong clock dated into the future, so that they do not stay for ever', () => {
    const future = [1, 2, 3].map((year) => nameAt(NOW + year * 365 * DAY));
    const days = Array.from({ length: 6 }, (_, day) => nameAt(NOW - day * DAY));
    expect(which([...future, ...days], 7).toSorted()).toEqual(future.slice(0, 2));
    // One of a clock that was some minutes ahead is as good as the others.
    expect(which([nameAt(NOW + 60_000), ...days], 6)).toEqual([nameAt(NOW - 5 * DAY)]);
  });

  it('never leave fewer than are to be kept, nor drop the one just made', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(instants, { maxLength: 20 }),
        fc.integer({ min: 1, max: 10 }),
        (ats, kept) => {
          const names = [...new Set([nameAt(NOW), ...ats.map(nameAt)])];
          const dropped = which([...names, ...others], kept);
          expect(dropped).not.toContain(nameAt(NOW));
          expect(dropped.length).toBe(Math.max(0, names.length - kept));
          expect(dropped.every((name) => names.includes(name))).toBe(true);
        },
      ),
    );
  });
});
