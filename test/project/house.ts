/**
 * The house of ARCHITECTURE.md as data, and the rules that its imports keep.
 *
 * **Invariant**: a folder imports only from folders further down; an exception stands in {@link EXCEPTIONS} with
 * its reason, and one that nothing needs any more fails the test, so that the table stays true.
 */
import type { Import, SourceFile } from './source-code.ts';

/** The files beside the folders that everybody may import; they import only each other. */
export const VOCABULARY: readonly string[] = [
  'units',
  'clock',
  'repeating',
  'retry',
  'errors',
  'secret',
  'facts',
  'ids',
  'words',
  'zone',
  'config-section',
  'fields',
  'listen',
  'open-list',
  'sockets',
  'csv',
  'markup',
  'markup-read',
  'plain-text',
  'phrases',
  'check',
  'ip-ranges',
  'standard-webhooks',
];

/** From the bottom up. A row may import the rows above it in this list; within a row the folders do not meet. */
export const ROWS: readonly (readonly string[])[] = [
  ['vocabulary'],
  ['store'],
  ['outbox'],
  ['account', 'budget', 'calls', 'tasks', 'idempotency'],
  ['sla'],
  ['claims', 'imports'],
  ['ledger'],
  ['reconcile'],
  ['kling'],
  ['telemetry'],
  ['upstream'],
  ['task-retries'],
  ['pacing', 'asking', 'results'],
  ['alerts'],
  ['proxy', 'control', 'callbacks'],
  ['page'],
  ['jobs'],
  ['config'],
  ['app'],
  ['cli'],
  // The process is its commands: main only names them and hands over.
  ['main'],
];

/** Kling on loopback: imports the vocabulary alone, so that it cannot inherit the mistakes it is there to catch. */
export const EMULATOR = 'emulator';
/** Who may start it. */
const EMULATOR_USERS = new Set(['app', 'main', 'cli']);

export interface Exception {
  /** A file, or a folder with everything in it. */
  from: string;
  /** A place of the house that it may import though the rows say no. */
  to: string;
  why: string;
}

export const EXCEPTIONS: readonly Exception[] = [];

/** Packages that some part of the house must not know, with the folders that may. */
export const PACKAGE_USERS: readonly { packages: RegExp; users: readonly string[]; why: string }[] = [
  {
    packages: /^better-sqlite3$/,
    users: ['store'],
    why: 'one engine, opened in one place with its pragmas (docs/decisions)',
  },
  {
    packages: /^undici$/,
    users: ['upstream', 'results', 'alerts', 'app', 'cli'],
    why: 'the key leaves through one pool; results and alert channels have connections of their own',
  },
  {
    packages: /^(hono|@hono\/.*)$/,
    users: ['control', 'page'],
    why: 'the data plane rebuilds nothing, and nouns know no web framework',
  },
  {
    packages: /^@opentelemetry\//,
    users: ['telemetry', 'app'],
    why: 'nouns return facts; every metric name stands in one file',
  },
  { packages: /^nodemailer$/, users: ['alerts'], why: 'mail is one channel of alerts' },
  { packages: /^node-cron$/, users: ['jobs', 'app'], why: 'it only calls runDue every minute' },
  { packages: /^yazl$/, users: ['claims'], why: 'a claim is the only thing that is sent as an archive' },
  { packages: /^jose$/, users: ['kling'], why: 'only kling/ knows how a call is signed and checked' },
  { packages: /^commander$/, users: ['cli', 'main'], why: 'flags end where the commands begin' },
];

/** Gives the part of the house that a file of src belongs to; null for a file in no known place. */
export function placeOf(path: string): string | null {
  const [, first = '', second] = path.split('/');
  if (second !== undefined)
    return first === EMULATOR || ROWS.some((row) => row.includes(first)) ? first : null;
  const name = first.replace(/\.ts$/, '');
  if (VOCABULARY.includes(name)) return 'vocabulary';
  return name === 'main' ? name : null;
}

/** Tells whether a place may import another by the rows alone. */
export function mayImport(from: string, to: string): boolean {
  if (from === to) return true;
  if (from === EMULATOR) return to === 'vocabulary';
  if (to === EMULATOR) return EMULATOR_USERS.has(from);
  return rowOf(to) < rowOf(from);
}

function rowOf(place: string): number {
  return ROWS.findIndex((row) => row.includes(place));
}

function exceptionFor(path: string, to: string): Exception | undefined {
  return EXCEPTIONS.find(
    (each) => each.to === to && (path === each.from || path.startsWith(`${each.from}/`)),
  );
}

/** Gives one sentence for each import of a file that goes the wrong way or outside the house. */
export function wrongImports(file: SourceFile): string[] {
  const from = placeOf(file.path);
  if (from === null) {
    return [
      `${file.path} stands in no known place: put it in a folder of test/project/house.ts, or add the place`,
    ];
  }
  return file.imports.flatMap((each) => wrongImport(file.path, from, each) ?? []);
}

function wrongImport(path: string, from: string, each: Import): string | null {
  if (each.file === null) return wrongPackage(path, from, each);
  const where = `${path}:${each.line} imports ${each.file}`;
  const to = each.file.startsWith('src/') ? placeOf(each.file) : null;
  if (to === null) return `${where}: source imports only source that has a place in the house`;
  if (mayImport(from, to) || exceptionFor(path, to) !== undefined) return null;
  return (
    `${where}: ${from} may import ${allowedFor(from)}. Move what both need further down, have app.ts hand it in, ` +
    'or add a line with its reason to EXCEPTIONS in test/project/house.ts'
  );
}

function wrongPackage(path: string, from: string, each: Import): string | null {
  const rule = PACKAGE_USERS.find(({ packages }) => packages.test(packageOf(each.specifier)));
  if (rule === undefined || rule.users.includes(from) || from === EMULATOR) return null;
  return `${path}:${each.line} imports ${each.specifier}: only ${rule.users.join(', ')} may, because ${rule.why}`;
}

function packageOf(specifier: string): string {
  const [first = '', second = ''] = specifier.split('/');
  return first.startsWith('@') ? `${first}/${second}` : first;
}

function allowedFor(from: string): string {
  const places = [...ROWS.flat(), EMULATOR].filter((to) => to !== from && mayImport(from, to));
  return places.length === 0 ? 'nothing but itself' : `${places.join(', ')} and itself`;
}

/** Gives the exceptions that no import needs. */
export function unusedExceptions(files: SourceFile[]): Exception[] {
  return EXCEPTIONS.filter(
    (exception) =>
      !files.some(
        (file) =>
          (file.path === exception.from || file.path.startsWith(`${exception.from}/`)) &&
          file.imports.some((each) => each.file !== null && placeOf(each.file) === exception.to),
      ),
  );
}

/** Gives each circle of imports once, as the files in order, the first one repeated at the end. */
export function importCycles(files: SourceFile[]): string[][] {
  const edges = new Map(files.map((file) => [file.path, file.imports.flatMap(({ file: to }) => to ?? [])]));
  const done = new Set<string>();
  const trail: string[] = [];
  const cycles: string[][] = [];
  const visit = (path: string): void => {
    const start = trail.indexOf(path);
    if (start >= 0) cycles.push([...trail.slice(start), path]);
    if (start >= 0 || done.has(path)) return;
    trail.push(path);
    for (const to of edges.get(path) ?? []) visit(to);
    trail.pop();
    done.add(path);
  };
  for (const path of edges.keys()) visit(path);
  return cycles;
}
