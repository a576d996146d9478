/**
 * The project's own source as data for the tests of its structure: files, their imports, their code without
 * comments and strings.
 *
 * **Invariant**: blanking keeps every line where it is, so that what a test finds can be named by file and line.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize, relative } from 'node:path';

export const PROJECT = join(import.meta.dirname, '../..');

export interface Import {
  /** As written: `node:fs`, `undici`, `./units.ts`. */
  specifier: string;
  line: number;
  /** The imported file, relative to the project; null for a package or a part of Node. */
  file: string | null;
}

export interface SourceFile {
  /** Relative to the project, with forward slashes. */
  path: string;
  text: string;
  /** The text with comments and the contents of strings and patterns blanked. */
  code: string;
  imports: Import[];
}

/** Reads every TypeScript file below a folder of the project, in the order of their paths. */
export function readSources(folder: string): SourceFile[] {
  return readdirSync(join(PROJECT, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => relative(PROJECT, join(entry.parentPath, entry.name)))
    .filter((path) => !/(^|\/)(node_modules|\.work)\//.test(path))
    .sort()
    .map((path) => parseSource(path, readFileSync(join(PROJECT, path), 'utf8')));
}

/** Takes one file apart. */
export function parseSource(path: string, text: string): SourceFile {
  const code = blank(text);
  return { path, text, code, imports: importsOf(path, text, code) };
}

/** Gives the line, from 1, of a position in a text. */
export function lineAt(text: string, position: number): number {
  return text.slice(0, position).split('\n').length;
}

/** Finds every match of a pattern (with the `g` flag) in a file's code: `path:line`. */
export function findInCode(file: SourceFile, pattern: RegExp): string[] {
  return [...file.code.matchAll(pattern)].map((match) => `${file.path}:${lineAt(file.code, match.index)}`);
}

/** `import … from 'x'`, `export … from 'x'`, `import 'x'`, `import('x')` and a worker's `new URL('x', import.meta.url)`. */
const IMPORT = /(?:\bfrom|\bimport|\bimport\s*\(|\bnew\s+URL\s*\()\s*(['"`])( *)\1(?=\s*(?:[;,)]|\n|$))/g;

function importsOf(path: string, text: string, code: string): Import[] {
  const found: Import[] = [];
  for (const match of code.matchAll(IMPORT)) {
    const open = match.index + match[0].lastIndexOf(`${match[1] ?? ''}${match[2] ?? ''}`);
    const specifier = text.slice(open + 1, open + 1 + (match[2] ?? '').length);
    const isUrl = match[0].startsWith('new');
    const isRelative = specifier.startsWith('.');
    if (isUrl && !/^\.{1,2}\/.*\.ts$/.test(specifier)) continue;
    const file = isRelative ? normalize(join(dirname(path), specifier)) : null;
    found.push({ specifier, line: lineAt(text, match.index), file });
  }
  return found;
}

/** Before one of these a slash begins a pattern; after anything else it divides. */
const BEFORE_PATTERN =
  /(?:^|[(,=:[!&|?{};+\-*%~^<>]|\b(?:return|typeof|case|in|of|do|else|void|delete|throw|new))\s*$/;

/** Blanks comments whole, and strings, templates and patterns between their quotes; keeps line ends. */
function blank(text: string): string {
  let out = '';
  let at = 0;
  /** One entry for each template we are inside: depth of braces in its current `${…}`. */
  const templates: number[] = [];
  const spaces = (until: number): void => {
    out += text.slice(at, until).replace(/[^\n]/g, ' ');
    at = until;
  };
  const take = (count: number): void => {
    out += text.slice(at, at + count);
    at += count;
  };
  const quoted = (quote: string): void => {
    take(1);
    spaces(endOfQuoted(text, at, quote));
    take(1);
  };
  const template = (): void => {
    const end = endOfTemplatePart(text, at);
    spaces(end);
    if (text.startsWith('${', at)) {
      templates.push(0);
      take(2);
    } else take(1);
  };
  while (at < text.length) {
    const char = text.charAt(at);
    const next = text.charAt(at + 1);
    const depth = templates.at(-1);
    if (char === '/' && next === '/') spaces(orEnd(text, text.indexOf('\n', at)));
    else if (char === '/' && next === '*') spaces(orEnd(text, text.indexOf('*/', at + 2) + 2, 1));
    else if (char === "'" || char === '"') quoted(char);
    else if (char === '`') {
      take(1);
      template();
    } else if (char === '/' && BEFORE_PATTERN.test(out.slice(-40))) {
      take(1);
      spaces(endOfPattern(text, at));
      take(1);
    } else if (char === '}' && depth === 0) {
      templates.pop();
      take(1);
      template();
    } else {
      if (depth !== undefined && char === '{') templates[templates.length - 1] = depth + 1;
      if (depth !== undefined && char === '}') templates[templates.length - 1] = depth - 1;
      take(1);
    }
  }
  return out;
}

function orEnd(text: string, position: number, least = 0): number {
  return position <= least - 1 || position < 0 ? text.length : position;
}

function endOfQuoted(text: string, from: number, quote: string): number {
  let at = from;
  while (at < text.length && text.charAt(at) !== quote && text.charAt(at) !== '\n') {
    at += text.charAt(at) === '\\' ? 2 : 1;
  }
  return Math.min(at, text.length);
}

function endOfTemplatePart(text: string, from: number): number {
  let at = from;
  while (at < text.length && text.charAt(at) !== '`' && !text.startsWith('${', at)) {
    at += text.charAt(at) === '\\' ? 2 : 1;
  }
  return Math.min(at, text.length);
}

function endOfPattern(text: string, from: number): number {
  let at = from;
  let inClass = false;
  while (at < text.length && text.charAt(at) !== '\n') {
    const char = text.charAt(at);
    if (char === '/' && !inClass) break;
    if (char === '[') inClass = true;
    if (char === ']') inClass = false;
    at += char === '\\' ? 2 : 1;
  }
  return Math.min(at, text.length);
}
