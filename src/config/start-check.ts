/**
 * Checks the needs of a start besides a valid config, before anything is opened: credentials, secrets, files and folders.
 *
 * **Invariant**: all problems are named at once. `config check` and `start` use the same checks, so that they never
 * disagree; `config check` also tries the folders that are written to later.
 */
import { readCalendarFile } from '../claims/calendar-file.ts';
import { SidecarError } from '../errors.ts';
import { checkSecrets, missingCredentials, type SecretOptions } from './secrets.ts';
import type { Config } from './config.ts';
import { tryFolder, writtenFolders } from './written-folders.ts';

export interface StartOptions extends Omit<SecretOptions, 'config'> {
  config: Config;
}

/** The results. */
export interface StartCheck {
  /** The origin of the credentials; null if none are set. */
  credentials: string | null;
  /** A sentence each. */
  problems: string[];
  warnings: string[];
}

/** Checks secrets and files in the same way as a start; makes nothing and runs no `auth.command`. */
export function checkFiles(options: StartOptions): StartCheck {
  const { credentials, problems, warnings } = checkSecrets(options);
  const missing = credentials === null ? [missingCredentials(options.config.auth.mode)] : [];
  return {
    credentials,
    problems: [...missing, ...problems, ...calendarProblems(options.config)],
    warnings: [...warnings],
  };
}

/** Checks only the calendar's file, for callers without secrets. */
export function calendarProblems({ claims }: Config): string[] {
  if (claims.calendarFile === null) return [];
  try {
    readCalendarFile(claims.calendarFile);
    return [];
  } catch (error) {
    if (error instanceof SidecarError) return [error.message];
    throw error;
  }
}

/** Tries every folder that is written to. */
export async function folderProblems(config: Config): Promise<string[]> {
  const problems: string[] = [];
  for (const { key, folder, what } of writtenFolders(config)) {
    const failed = await tryFolder(folder);
    if (failed !== null) problems.push(`${key}: ${failed}: ${what} could not be written.`);
  }
  return problems;
}

/** Refuses a start with all problems. @throws SidecarError `config_invalid`. */
export function refuseStart({ problems }: Pick<StartCheck, 'problems'>): void {
  if (problems.length === 0) return;
  const count = problems.length === 1 ? 'one thing is' : `${problems.length} things are`;
  const lines = problems.map((problem) => `  ${problem}`);
  throw new SidecarError(
    'config_invalid',
    [`The sidecar cannot start: ${count} wrong.`, ...lines].join('\n'),
  );
}
