/** What the repositories around a sidecar give away: key files and `.env` files in git, and secrets in tracked text. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { realpathSync } from 'node:fs';
import type { Environment } from './config-environment.ts';
import type { Secret } from '../secret.ts';
import { findLiterals, type Place } from './repository-literals.ts';
import { findRepository, type Repository } from './git.ts';

export interface RepositoriesSeen {
  /** Top folders of the repositories that were looked at. */
  tops: readonly string[];
  /** Why some could not be. */
  problems: readonly string[];
  /** Files of secrets, and `.env` files with credentials of Kling's, that git tracks. */
  tracked: readonly string[];
  /** The same, neither tracked nor ignored. */
  addable: readonly string[];
  /** `.env` files with credentials of Kling's in the folders themselves that git will not take. */
  beside: readonly string[];
  /** Where a configured secret is written in a tracked file, as `path:line`. */
  own: readonly string[];
  /** Where something is written that looks like one. */
  alike: readonly string[];
  isPartial: boolean;
}

const ENV_FILES = [':(glob)**/.env', ':(glob)**/.env.*'];
const ENV_NAME = /^\.env(\..+)?$/;
/** Files that show which variables there are, without values. */
const TEMPLATE = /\.(example|sample|template|dist|defaults?)$/;
const CREDENTIALS_IN_ENV =
  /^\s*(?:export\s+)?KLING(?:AI)?_(?:API|ACCESS|SECRET)_KEY\s*=\s*["']?[^\s"'#]{8,}/m;
const ENV_BYTES_MAX = 65_536;

export interface Surroundings {
  /** The working folder and that of the config. */
  folders: readonly string[];
  /** Files that hold secrets, absolute. */
  secretFiles: readonly string[];
  /** Those that must be in no repository. */
  secrets: readonly Secret[];
  env: Environment;
}

/** Looks at every repository that a folder or a secret's file is in. */
export async function lookAtRepositories(around: Surroundings): Promise<RepositoriesSeen> {
  const folders = [...around.folders, ...around.secretFiles.map((file) => path.dirname(file))];
  const found = new Map<string, Repository>();
  const problems = new Set<string>();
  for (const folder of new Set(folders)) {
    const look = await findRepository(
      folder,
      [...ENV_FILES, ...nearby(folder, around.secretFiles)],
      around.env,
    );
    if (look.repository === null) {
      if (look.problem !== null) problems.add(`${folder}: ${look.problem}`);
    } else {
      const known = found.get(look.repository.top);
      const addable = [...new Set([...(known?.addable ?? []), ...look.repository.addable])];
      found.set(look.repository.top, { ...look.repository, addable });
    }
  }
  const seen = await Promise.all([...found.values()].map((repository) => lookAtOne(repository, around)));
  const inGit = new Set(seen.flatMap((one) => [...one.tracked, ...one.addable]));
  const beside = await envFilesWithKeys(
    around.folders.flatMap(realPath).map((folder) => path.join(folder, '.env')),
  );
  const join = (of: (one: OneSeen) => readonly string[]): string[] => [...new Set(seen.flatMap(of))];
  return {
    tops: [...found.keys()],
    problems: [...problems],
    tracked: join((one) => one.tracked),
    addable: join((one) => one.addable),
    beside: [...beside].filter((file) => !inGit.has(file)),
    own: join((one) => one.own),
    alike: join((one) => one.alike),
    isPartial: seen.some(({ isPartial }) => isPartial),
  };
}

/** Pathspecs, from the repository's top, of those files that lie below a folder's repository; git leaves the others out. */
function nearby(folder: string, files: readonly string[]): string[] {
  return files
    .filter((file) => path.dirname(file) === path.resolve(folder))
    .map((file) => `:(glob)**/${path.basename(file).replaceAll(/[[\]*?\\]/g, String.raw`\$&`)}`);
}

type OneSeen = Omit<RepositoriesSeen, 'tops' | 'problems' | 'beside'>;

async function lookAtOne({ top, tracked, addable }: Repository, around: Surroundings): Promise<OneSeen> {
  const absolute = (names: readonly string[]): string[] => names.map((name) => path.join(top, name));
  const secretFiles = new Set(around.secretFiles.flatMap(realPath));
  const inGit = absolute(tracked);
  const open = absolute(addable);
  const envFiles = await envFilesWithKeys([...inGit, ...open].filter(isEnvFile));
  const holdsSecrets = (file: string): boolean => secretFiles.has(file) || envFiles.has(file);
  const literals = await findLiterals({ top, tracked }, around.secrets);
  const at = ({ file, line }: Place): string => `${path.join(top, file)}${line === null ? '' : `:${line}`}`;
  return {
    tracked: inGit.filter(holdsSecrets),
    addable: open.filter(holdsSecrets),
    own: literals.own.map(at),
    alike: literals.alike.map(at),
    isPartial: literals.isPartial,
  };
}

function isEnvFile(file: string): boolean {
  const name = path.basename(file);
  return ENV_NAME.test(name) && !TEMPLATE.test(name);
}

/** Gives those of some `.env` files that hold credentials of Kling's. */
async function envFilesWithKeys(files: readonly string[]): Promise<ReadonlySet<string>> {
  const holding = await Promise.all(
    files.map(async (file) => {
      const text = await readFile(file, 'utf8').catch(() => '');
      return CREDENTIALS_IN_ENV.test(text.slice(0, ENV_BYTES_MAX)) ? [file] : [];
    }),
  );
  return new Set(holding.flat());
}

/** A file by its real name alone; as it was named where there is none. */
function realPath(file: string): string[] {
  try {
    return [realpathSync(file)];
  } catch {
    return [file];
  }
}
