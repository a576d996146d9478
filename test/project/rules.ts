/** The rules of writing that hold for every source file, each as one function from files to complaints. */
import { findInCode, type SourceFile } from './source-code.ts';

export const LINES_MAX = 400;

/** Only clock.ts knows the time and sets timers; elsewhere a Clock is handed in. */
const TIME =
  /(?<![.\w])(?:Date\.now|new Date\(\s*\)|Date\(\s*\)|setTimeout|setInterval|performance\.(?:now|timeOrigin))\b|(?<![.\w])(?:globalThis\.(?:setTimeout|setInterval|performance)|process\.(?:hrtime|uptime)|AbortSignal\.timeout)\b|(?<![.\w])(?:new )?Date\(\s*\)/g;
const TIME_MODULES = /^node:timers(\/promises)?$|^timers(\/promises)?$/;

/** Names what reads the clock or sets a timer outside clock.ts. */
export function timeOutsideClock(file: SourceFile): string[] {
  if (file.path === 'src/clock.ts') return [];
  const uses = findInCode(file, TIME);
  const imports = file.imports
    .filter((each) => TIME_MODULES.test(each.specifier))
    .map((each) => `${file.path}:${each.line}`);
  return [...uses, ...imports].map(
    (where) => `${where} knows the time or sets a timer: take a Clock (src/clock.ts)`,
  );
}

/** Files outside config/, cli/ and main.ts that read the environment, each for one thing that is no setting. */
export const ENVIRONMENT_READERS: Readonly<Record<string, string>> = {
  'src/telemetry/log.ts': 'NO_COLOR is a property of the terminal, as isTTY beside it',
};

/** Names what reads the process's environment outside config/, cli/, main.ts and the readers above. */
export function environmentOutsideConfig(file: SourceFile): string[] {
  if (/^src\/(config|cli)\/|^src\/main\.ts$/.test(file.path)) return [];
  if (Object.hasOwn(ENVIRONMENT_READERS, file.path)) return [];
  return findInCode(file, /\bprocess\s*\.\s*env\b|\bimport\.meta\.env\b/g)
    .concat(findInCode(file, /\benv\b[^;=]*\}\s*=\s*process\b/g))
    .map((where) => `${where} reads the environment: a setting comes through src/config/`);
}

/** Names a file that is too long. */
export function tooLong(file: SourceFile): string[] {
  const lines = file.text.split('\n').length - (file.text.endsWith('\n') ? 1 : 0);
  return lines > LINES_MAX
    ? [`${file.path} has ${lines} lines, at most ${LINES_MAX}: does it hold one idea?`]
    : [];
}

/** Names a barrel: a file that only passes on what others export. */
export function barrels(file: SourceFile): string[] {
  const passesAll = findInCode(file, /\bexport\s*\*/g);
  const statements = file.code
    .split(';')
    .map((statement) => statement.trim())
    .filter((statement) => statement !== '');
  const isBarrel = statements.length > 0 && statements.every((each) => /^export\b[^=]*\bfrom\b/s.test(each));
  if (isBarrel || passesAll.length > 0 || /(^|\/)index\.ts$/.test(file.path)) {
    return [`${file.path} is a barrel: import each thing from the file that makes it`];
  }
  return [];
}

const FORBIDDEN_PLACES = /(^|\/)(utils?|helpers?|common|misc|shared|lib)(\/|\.ts$)/;
/** Alertmanager is the name of a program. */
const FORBIDDEN_NAME = /((?<!alert)manager|helpers?|handlers?|utils?)$/i;
const PLAIN_NAME = /^[a-z][a-z0-9]*(-[a-z0-9]+)*((\.slow)?\.test)?\.ts$/;

/** Names a file or folder that is not a kebab-case noun, or that says nothing. */
export function badFileNames(file: SourceFile): string[] {
  const name = file.path.split('/').at(-1) ?? '';
  const base = name.replace(/((\.slow)?\.test)?\.ts$/, '');
  if (!PLAIN_NAME.test(name)) return [`${file.path}: file names are kebab-case nouns`];
  if (FORBIDDEN_PLACES.test(file.path) || FORBIDDEN_NAME.test(base)) {
    return [`${file.path}: name it after what it holds, not utils, helper, handler or manager`];
  }
  return [];
}

const DECLARATION =
  /\bexport\s+(?:abstract\s+|async\s+|declare\s+)*(?:class|function\*?|interface|type|const|let)\s+([A-Za-z_$][\w$]*)/g;

/** Gives the names that a file declares and exports. */
export function exportedNames(file: SourceFile): string[] {
  return [...file.code.matchAll(DECLARATION)].map((match) => match[1] ?? '');
}

/** Names exports called Manager, Helper, Handler or Util, and default exports. */
export function badExports(file: SourceFile): string[] {
  const names = exportedNames(file)
    .filter((name) => FORBIDDEN_NAME.test(name))
    .map((name) => `${file.path} exports ${name}: name it after what it is`);
  const defaults = findInCode(file, /\bexport\s+default\b/g).map((where) => `${where}: exports are named`);
  return [...names, ...defaults];
}

/** Names a vocabulary name that is declared a second time: one idea has one definition. */
export function redefinitions(vocabulary: SourceFile[], others: SourceFile[]): string[] {
  const home = new Map(vocabulary.flatMap((file) => exportedNames(file).map((name) => [name, file.path])));
  return others.flatMap((file) =>
    exportedNames(file)
      .filter((name) => home.has(name))
      .map((name) => `${file.path} declares ${name} again: import it from ${home.get(name) ?? ''}`),
  );
}

/** Names escapes from the type checker and the linter. */
export function escapes(file: SourceFile): string[] {
  return file.text
    .split('\n')
    .flatMap((line, index) =>
      /@ts-(?:ignore|expect-error|nocheck)|(?:eslint|oxlint)-disable(?!-next-line .* -- \S)/.test(line)
        ? [`${file.path}:${index + 1} switches a check off; mend it, or disable one line with " -- reason"`]
        : [],
    );
}
