/**
 * What a start needs beside a valid config, checked before anything is opened: credentials, secrets, files and folders.
 *
 * **Invariant**: everything that is wrong is named at once. `config check` and `start` ask here, so that the one does not
 * call good what the other refuses; `config check` also tries the folders that are written to later.
 */
import { readCalendarFile } from '../claims/calendar-file.ts';
import { SidecarError } from '../errors.ts';
import { checkSecrets, missingCredentials, type SecretOptions } from './secrets.ts';
import type { Config } from './config.ts';
import { tryFolder, writtenFolders } from './written-folders.ts';

export interface StartOptions extends Omit<SecretOptions, 'config'> {
  config: Config;
}

/** What was found. */
export interface StartCheck {
  /** What the credentials would come from; null where none are set. */
  credentials: string | null;
  /** A sentence each. */
  problems: string[];
  warnings: string[];
}

/** Checks secrets and files as a start reads them; makes nothing and runs no `auth.command`. */
export function checkFiles(options: StartOptions): StartCheck {
  const { credentials, problems, warnings } = checkSecrets(options);
  const missing = credentials === null ? [missingCredentials(options.config.auth.mode)] : [];
  return {
    credentials,
    problems: [...missing, ...problems, ...calendarProblems(options.config)],
    warnings: [...warnings],
  };
}

/** Checks the calendar's file alone, where no secret is at hand. */
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

/** Refuses a start with everything that is wrong. @throws SidecarError `config_invalid`. */
export function refuseStart({ problems }: Pick<StartCheck, 'problems'>): void {
  if (problems.length === 0) return;
  const count = problems.length === 1 ? 'one thing is' : `${problems.length} things are`;
  const lines = problems.map((problem) => `  ${problem}`);
  throw new SidecarError(
    'config_invalid',
    [`The sidecar cannot start: ${count} wrong.`, ...lines].join('\n'),
  );
}
