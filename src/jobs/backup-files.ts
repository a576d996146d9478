/** The names of backups: when each was made, which are ours, and which are surplus. */
import path from 'node:path';
import type { Ms } from '../units.ts';

const DAY_MS = 86_400_000;
const STAMP = /^(\d{4})(\d{2})(\d{2})-(\d{2})(\d{2})(\d{2})-(\d{3})$/;
/** An interrupted copy: its name begins with a dot. */
const LEFTOVER_END = /^\.db(\.part)?(-journal|-wal|-shm)?$/;

/** Gives the name of a backup of a store, `sidecar-20261128-024300-000.db`, in UTC. */
export function backupName(storePath: string, at: Ms): string {
  const [day = '', time = ''] = new Date(at).toISOString().replaceAll(/[-:]/g, '').slice(0, -1).split('T');
  return `${stemOf(storePath)}-${day}-${time.replace('.', '-')}.db`;
}

/** Gives the name under which a backup is written until it is verified. */
export function unverifiedName(name: string): string {
  return `.${name}`;
}

/** Gives when a backup of a store was made, by its name; null for every other file. */
export function backupTime(storePath: string, name: string): Ms | null {
  const stem = `${stemOf(storePath)}-`;
  if (!name.startsWith(stem) || !name.endsWith('.db')) return null;
  const match = STAMP.exec(name.slice(stem.length, -'.db'.length));
  if (!match) return null;
  const [, year, month, day, hour, minute, second, ms] = match;
  const at = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}.${ms}Z`);
  return Number.isNaN(at) ? null : at;
}

/** Gives when the newest backup of a store was made; null if there is none. One of the future counts as none. */
export function newestBackup(
  names: readonly string[],
  { storePath, at }: { storePath: string; at: Ms },
): Ms | null {
  const times = names.flatMap((name) => backupTime(storePath, name) ?? []).filter((madeAt) => madeAt <= at);
  return times.length === 0 ? null : Math.max(...times);
}

/** Returns whether a file is an interrupted backup of a store. */
export function isLeftover(storePath: string, name: string): boolean {
  const stem = `.${stemOf(storePath)}-`;
  const rest = name.slice(stem.length);
  const dot = rest.indexOf('.');
  return name.startsWith(stem) && STAMP.test(rest.slice(0, dot)) && LEFTOVER_END.test(rest.slice(dot));
}

/**
 * Gives the surplus backups: the oldest ones, never `made`. A backup with a date in the future was made with a wrong clock, and
 * is dropped first.
 */
export function surplusBackups(
  names: readonly string[],
  { storePath, made, kept, at }: { storePath: string; made: string; kept: number; at: Ms },
): string[] {
  const others = names.flatMap((name) => {
    const madeAt = backupTime(storePath, name);
    return madeAt === null || name === made ? [] : [{ name, rank: madeAt > at + DAY_MS ? 0 : madeAt }];
  });
  const newestFirst = others.toSorted((a, b) => b.rank - a.rank || (a.name < b.name ? 1 : -1));
  return newestFirst.slice(kept - 1).map(({ name }) => name);
}

function stemOf(storePath: string): string {
  return path.basename(storePath, path.extname(storePath));
}
