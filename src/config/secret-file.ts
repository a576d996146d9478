/**
 * Files that hold secrets: who may read and write them, and what they may hold.
 *
 * **Invariant**: no message shows a file's content. A file that others may write is refused in every folder. A file
 * that others may read is refused too, except below the folders of Docker, Kubernetes and systemd for secrets: there it warns.
 */
import { closeSync, fstatSync, openSync, readSync, realpathSync, type Stats } from 'node:fs';
import path from 'node:path';
import { SidecarError } from '../errors.ts';
import { isOpen, modeText, READABLE_BY_OTHERS, WRITABLE_BY_OTHERS } from '../store/file-mode.ts';
import type { Environment } from './config-environment.ts';

const FILE_BYTES_MAX = 65_536;

export interface SecretFileRules {
  /** Folders below which files may be readable by others. */
  trustedFolders: readonly string[];
  /** Called with warnings. */
  warn: (message: string) => void;
}

/** Gives the folders in which container runtimes and systemd mount secrets, and the operator's own. */
export function trustedFolders(own: readonly string[], env: Environment): string[] {
  const systemd = env['CREDENTIALS_DIRECTORY'];
  return ['/run/secrets', '/var/run/secrets', ...(systemd ? [systemd] : []), ...own];
}

/**
 * Reads a secret's file, less one newline at its end.
 * @param name the variable or config key that names the file, for messages.
 * @throws SidecarError `secret_invalid` if it cannot be read, is not private, or is empty.
 */
export function readSecretFile(name: string, file: string, rules: SecretFileRules): string {
  const text = readPrivate(name, file, rules).replace(/\r?\n$/, '');
  if (text === '') throw invalid(name, `names ${file}, which is empty`, 'write the secret into it');
  return text;
}

/** Makes the error of a bad secret: its name, the problem, the remedy. */
export function invalid(name: string, fault: string, remedy: string, cause?: unknown): SidecarError {
  return new SidecarError('secret_invalid', `${name} ${fault}: ${remedy}.`, { cause });
}

function readPrivate(name: string, file: string, rules: SecretFileRules): string {
  let handle: number;
  try {
    // Opened first and checked afterwards, so that the checked file is the file that is read.
    handle = openSync(file, 'r');
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? 'an error';
    throw invalid(
      name,
      `names ${file}, which cannot be opened (${code})`,
      'check path and permissions',
      cause,
    );
  }
  try {
    const stats = fstatSync(handle);
    if (!stats.isFile()) throw invalid(name, `names ${file}, which is no file`, 'name the file itself');
    if (stats.size > FILE_BYTES_MAX) {
      throw invalid(
        name,
        `names ${file}, which is larger than ${FILE_BYTES_MAX} bytes`,
        'is it the right file',
      );
    }
    checkAccess(name, file, stats, rules);
    const bytes = Buffer.alloc(FILE_BYTES_MAX);
    return bytes.toString('utf8', 0, readSync(handle, bytes, 0, FILE_BYTES_MAX, 0));
  } finally {
    closeSync(handle);
  }
}

function checkAccess(name: string, file: string, stats: Stats, rules: SecretFileRules): void {
  const uid = process.getuid?.();
  // Windows keeps no such modes.
  if (uid === undefined) return;
  const mode = `mode ${modeText(stats)}`;
  if (isOpen(stats, WRITABLE_BY_OTHERS)) {
    throw invalid(name, `names ${file}, which others may write (${mode})`, `run chmod 600 ${file}`);
  }
  const isTrusted = isBelow(file, rules.trustedFolders);
  if (!isTrusted && uid !== 0 && stats.uid !== uid && stats.uid !== 0) {
    throw invalid(name, `names ${file}, which belongs to user ${stats.uid}`, `let it belong to user ${uid}`);
  }
  if (!isOpen(stats, READABLE_BY_OTHERS)) return;
  if (!isTrusted) {
    const remedy = `run chmod 600 ${file}, or name its folder in auth.trustedDirectories`;
    throw invalid(name, `names ${file}, which others may read (${mode})`, remedy);
  }
  rules.warn(`${name} names ${file}, which others may read (${mode}); its folder is trusted.`);
}

/** Compares real paths, so that a link out of a trusted folder is checked by its target. */
function isBelow(file: string, folders: readonly string[]): boolean {
  const real = realpathSync(file);
  return folders.some((folder) => {
    try {
      const relative = path.relative(realpathSync(folder), real);
      // Kubernetes keeps the files themselves in folders such as `..2026_11_21`, which are inside.
      const leadsOut = relative === '..' || relative.startsWith(`..${path.sep}`) || path.isAbsolute(relative);
      return relative !== '' && !leadsOut;
    } catch {
      // A folder that does not exist holds nothing.
      return false;
    }
  });
}
