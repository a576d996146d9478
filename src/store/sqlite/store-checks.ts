/** What `doctor` finds where the store should be: its file, its folder, and the disk below. */
import { statSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import path from 'node:path';
import { checked, notOk, ok, type Check } from '../../check.ts';
import { sentence } from '../../phrases.ts';
import { isOpen, modeText, READABLE_BY_OTHERS, WRITABLE_BY_OTHERS } from '../file-mode.ts';
import { existingStorePath, placeWarnings, statsOf, storeBytes } from './store-file.ts';

const GIB = 1_073_741_824;
const MIB = 1_048_576;
const FREE_BYTES_MIN = GIB;
/** In a folder with this bit only a file's owner may replace it. */
const STICKY = 0o1000;

/** What was found where the store should be. */
export interface StorePlace {
  checks: Check[];
  /** Its real path; null if there is none to open. */
  path: string | null;
}

/** Checks the store's file, its folder and the disk below. */
export async function checkStorePlace({
  path: named,
  requireExisting,
}: {
  path: string;
  requireExisting: boolean;
}): Promise<StorePlace> {
  let real: string | null = null;
  const checks = await checked('store', () => {
    if (!requireExisting && statsOf(named, statSync) === undefined) {
      const advice = 'Nothing to do before the first start; else correct store.path.';
      return [notOk('note', 'store', `There is none at ${named} yet.`, advice)];
    }
    real = existingStorePath(named);
    return checkFiles(real);
  });
  const folder = path.dirname(real ?? named);
  return { checks: [...checks, ...(await checkDisk(folder))], path: real };
}

/** Notes that a store was written by an older version: nothing in it can be checked before a start has migrated it. */
export function olderStoreCheck(file: string): Check {
  const finding = `An older version wrote ${file}: its ledger was not verified.`;
  const advice =
    'Start the sidecar once: it makes a copy beside the store and migrates it. Then run doctor again.';
  return notOk('note', 'ledger', finding, advice);
}

function checkFiles(file: string): Check[] {
  const folder = path.dirname(file);
  const checks = placeWarnings(file).map((warning) =>
    notOk('warn', 'store', sentence(warning), 'Stop the sidecar before you change the place of its store.'),
  );
  const [ofFile, ofFolder] = [statsOf(file, statSync), statsOf(folder, statSync)];
  if (ofFile && isOpen(ofFile, WRITABLE_BY_OTHERS)) {
    const finding = `Others may write ${file} (mode ${modeText(ofFile)}).`;
    checks.push(notOk('fail', 'store', finding, `Run chmod 600 ${file}, then ledger verify.`));
  } else if (ofFile && isOpen(ofFile, READABLE_BY_OTHERS)) {
    const finding = `Others may read ${file} (mode ${modeText(ofFile)}): it holds previews of prompts.`;
    checks.push(notOk('warn', 'store', finding, `Run chmod 600 ${file}.`));
  }
  if (ofFolder && isOpen(ofFolder, WRITABLE_BY_OTHERS) && (ofFolder.mode & STICKY) === 0) {
    const finding = `Others may replace what is in ${folder} (mode ${modeText(ofFolder)}).`;
    checks.push(notOk('fail', 'store', finding, `Run chmod 700 ${folder}.`));
  }
  if (checks.length > 0) return checks;
  return [ok('store', `${file} is private, ${(storeBytes(file) / MIB).toFixed(1)} MiB.`)];
}

async function checkDisk(wanted: string): Promise<Check[]> {
  const folder = existingFolder(wanted);
  try {
    const { bavail, bsize } = await statfs(folder);
    const free = bavail * bsize;
    const finding = `${(free / GIB).toFixed(1)} GiB are free at ${folder}.`;
    if (free >= FREE_BYTES_MIN) return [ok('disk', finding)];
    const advice = 'Make room: on a full disk no hold can be written, and creates are refused.';
    return [notOk('warn', 'disk', finding, advice)];
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'an error';
    const finding = `The free space at ${folder} is not known (${code}).`;
    return [notOk('note', 'disk', finding, 'Look yourself: the ledger needs room to grow.')];
  }
}

/** The folder itself, or the nearest one above it that is there. */
function existingFolder(wanted: string): string {
  let folder = wanted;
  while (statsOf(folder, statSync) === undefined && path.dirname(folder) !== folder) {
    folder = path.dirname(folder);
  }
  return folder;
}
