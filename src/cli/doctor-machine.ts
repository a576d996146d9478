/** What `doctor` finds on this machine: Node, config, secrets, the store's place and disk. */
import { statSync, type Stats } from 'node:fs';
import { statfs } from 'node:fs/promises';
import path from 'node:path';
import { controlTokenPath } from '../config/control-token.ts';
import { checkSecrets } from '../config/secrets.ts';
import { calendarProblems, folderProblems } from '../config/start-check.ts';
import { writtenFolders } from '../config/written-folders.ts';
import { existingStorePath, placeWarnings, statsOf, storeBytes } from '../store/sqlite/store-file.ts';
import type { Context } from './context.ts';
import { packageVersion } from './control-client.ts';
import { checked, ok, sentence, tell, type Check } from './doctor-check.ts';

const GIB = 1_073_741_824;
const MIB = 1_048_576;
const FREE_BYTES_MIN = GIB;
const READABLE_BY_OTHERS = 0o044;
const WRITABLE_BY_OTHERS = 0o022;
/** In a folder with this bit only a file's owner may replace it. */
const STICKY = 0o1000;

/** Checks Node and the config's warnings. @throws ConfigInvalid. */
export function checkProgram({ loaded }: Context): Check[] {
  const { path: file, warnings, config } = loaded();
  const found = file === null ? 'No config file: every value is its default.' : `${file} is valid.`;
  return [
    ok('node', `Node ${process.versions.node} runs kling-sidecar ${packageVersion()}.`),
    ok('config', found),
    ...calendarProblems(config).map((problem) =>
      tell('fail', 'calendar', sentence(problem), 'A start is refused until it is mended.'),
    ),
    ...warnings.map((warning) =>
      tell(
        'warn',
        'config',
        sentence(warning),
        'See whether it is meant so; config print shows every value.',
      ),
    ),
  ];
}

/** Checks the control token and Kling's credentials; shows no value of either. */
export async function checkSecretsOf(context: Context, isRunning: boolean): Promise<Check[]> {
  const token = await checked('control token', () => [checkToken(context, isRunning)]);
  if (token.some(({ level }) => level === 'fail')) {
    const advice = 'Mend the control token, and run doctor again.';
    return [...token, tell('note', 'credentials', 'They were not looked at.', advice)];
  }
  return [...token, ...(await checked('credentials', () => checkCredentials(context, isRunning)))];
}

function checkToken({ terminal: { env }, loaded }: Context, isRunning: boolean): Check {
  const name = 'control token';
  for (const variable of ['KLING_SIDECAR_CONTROL_TOKEN_FILE', 'KLING_SIDECAR_CONTROL_TOKEN']) {
    if (env[variable]) return ok(name, `It comes from ${variable}.`);
  }
  const file = controlTokenPath(loaded().config.store);
  const stats = statsOf(file, statSync);
  if (!stats) {
    const advice = 'Nothing to do: start makes it.';
    if (!isRunning) return tell('note', name, `There is none yet at ${file}.`, advice);
    return tell(
      'warn',
      name,
      `A sidecar runs, and its token is not at ${file}: commands that change something are refused.`,
      'Run commands with the config and the variables that the sidecar was started with.',
    );
  }
  if (isOpen(stats, READABLE_BY_OTHERS | WRITABLE_BY_OTHERS)) {
    return tell('fail', name, `Others may use ${file} (mode ${modeText(stats)}).`, `Run chmod 600 ${file}.`);
  }
  return ok(name, `${file} is private (mode ${modeText(stats)}).`);
}

function checkCredentials({ terminal, loaded }: Context, isRunning: boolean): Check[] {
  const name = 'credentials';
  const { config } = loaded();
  const { credentials, warnings, problems } = checkSecrets({
    config,
    env: terminal.env,
    cwd: terminal.cwd,
  });
  const broken = problems.map((problem) =>
    tell('fail', name, sentence(problem), 'Mend this, and run doctor again.'),
  );
  const warned = warnings.map((warning) =>
    tell('warn', name, sentence(warning), 'Set one source alone, private to the user of the sidecar.'),
  );
  return [...broken, ...warned, ...(broken.length > 0 ? [] : kindOf(credentials, isRunning))];
}

function kindOf(origin: string | null, isRunning: boolean): Check[] {
  const name = 'credentials';
  if (origin === null) {
    const advice = 'Set KLING_API_KEY_FILE, or KLING_ACCESS_KEY and KLING_SECRET_KEY, or auth.command.';
    if (!isRunning) return [tell('fail', name, 'None are set: a start would be refused.', advice)];
    const finding = 'None are set where this command runs; the running sidecar has its own.';
    return [tell('note', name, finding, 'To check them too, run doctor with the sidecar’s variables.')];
  }
  if (origin === 'auth.command') {
    const finding = 'auth.command prints them; doctor does not run it, so their kind is not known here.';
    return [tell('note', name, finding, 'Run the command yourself to see that it answers.')];
  }
  if (origin.includes('API_KEY')) return [ok(name, `An API key, from ${origin}.`)];
  return [
    ok(name, `An access key and secret key, from ${origin}.`),
    tell(
      'note',
      name,
      'A key pair opens the legacy generation only: creates on paths of the new one are refused, and tasks are ' +
        'looked up one by one.',
      'An API key (KLING_API_KEY_FILE) opens both, with look-ups in batches.',
    ),
  ];
}

/** Tries every folder that is written to. */
export async function checkFolders({ loaded }: Context): Promise<Check[]> {
  const { config } = loaded();
  const problems = await folderProblems(config);
  const advice = 'Make it writable for the user of the sidecar, and run doctor as that user.';
  if (problems.length > 0)
    return problems.map((problem) => tell('fail', 'folders', sentence(problem), advice));
  const folders = [...new Set(writtenFolders(config).map(({ folder }) => folder))];
  return [ok('folders', `A file could be created in ${folders.join(' and ')}.`)];
}

/** What was found where the store should be. */
export interface StorePlace {
  checks: Check[];
  /** Its real path; null where there is none to open. */
  path: string | null;
}

/** Checks the store's file, its folder and the disk below. */
export async function checkStorePlace({ loaded }: Context): Promise<StorePlace> {
  const { path: named, requireExisting } = loaded().config.store;
  let real: string | null = null;
  const checks = await checked('store', () => {
    if (!requireExisting && statsOf(named, statSync) === undefined) {
      const advice = 'Nothing to do before the first start; else correct store.path.';
      return [tell('note', 'store', `There is none at ${named} yet.`, advice)];
    }
    real = existingStorePath(named);
    return checkFiles(real);
  });
  const folder = path.dirname(real ?? named);
  return { checks: [...checks, ...(await checkDisk(folder))], path: real };
}

function checkFiles(file: string): Check[] {
  const folder = path.dirname(file);
  const checks = placeWarnings(file).map((warning) =>
    tell('warn', 'store', sentence(warning), 'Stop the sidecar before you change the place of its store.'),
  );
  const [ofFile, ofFolder] = [statsOf(file, statSync), statsOf(folder, statSync)];
  if (ofFile && isOpen(ofFile, WRITABLE_BY_OTHERS)) {
    const finding = `Others may write ${file} (mode ${modeText(ofFile)}).`;
    checks.push(tell('fail', 'store', finding, `Run chmod 600 ${file}, then ledger verify.`));
  } else if (ofFile && isOpen(ofFile, READABLE_BY_OTHERS)) {
    const finding = `Others may read ${file} (mode ${modeText(ofFile)}): it holds previews of prompts.`;
    checks.push(tell('warn', 'store', finding, `Run chmod 600 ${file}.`));
  }
  if (ofFolder && isOpen(ofFolder, WRITABLE_BY_OTHERS) && (ofFolder.mode & STICKY) === 0) {
    const finding = `Others may replace what is in ${folder} (mode ${modeText(ofFolder)}).`;
    checks.push(tell('fail', 'store', finding, `Run chmod 700 ${folder}.`));
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
    return [tell('warn', 'disk', finding, advice)];
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'an error';
    const finding = `The free space at ${folder} cannot be told (${code}).`;
    return [tell('note', 'disk', finding, 'Look yourself: the ledger needs room to grow.')];
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

/** Windows keeps no such modes. */
function isOpen(stats: Stats, bits: number): boolean {
  return process.getuid !== undefined && (stats.mode & bits) !== 0;
}

function modeText({ mode }: Stats): string {
  return (mode & 0o777).toString(8).padStart(4, '0');
}
