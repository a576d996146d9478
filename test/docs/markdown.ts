/** The documents as tests read them: lines, tables, code blocks and links of Markdown. */
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';

export const PROJECT = join(import.meta.dirname, '../..');
/** Not ours to check: what is installed and what is made. */
const SKIPPED = new Set(['node_modules', 'data', 'dist', '.git', '.work']);

/** Reads a file of the project. */
export function readProject(path: string): string {
  return readFileSync(join(PROJECT, path), 'utf8');
}

/** Gives the paths of all files below a folder of the project that end in one of `endings`, sorted. */
export function filesBelow(folder: string, endings: readonly string[]): string[] {
  const found: string[] = [];
  const visit = (path: string): void => {
    for (const entry of readdirSync(path, { withFileTypes: true })) {
      const child = join(path, entry.name);
      if (entry.isDirectory() && !SKIPPED.has(entry.name)) visit(child);
      else if (entry.isFile() && endings.some((ending) => entry.name.endsWith(ending))) {
        found.push(relative(PROJECT, child));
      }
    }
  };
  visit(join(PROJECT, folder));
  return found.sort();
}

/** Gives the part of a document below one heading, up to the next heading of the same or a higher level. */
export function sectionOf(text: string, heading: string): string {
  const lines = text.split('\n');
  const from = lines.findIndex((line) => /^#+ /.test(line) && line.replace(/^#+ /, '') === heading);
  if (from === -1) throw new Error(`there is no heading "${heading}"`);
  const level = /^#+/.exec(lines[from] ?? '')?.[0].length ?? 1;
  const rest = lines.slice(from + 1);
  const to = rest.findIndex((line) => new RegExp(`^#{1,${level}} `).test(line));
  return rest.slice(0, to === -1 ? undefined : to).join('\n');
}

/** Gives the cells of every row of every table in a text, header and rule rows left out. */
export function tableRows(text: string): string[][] {
  const rows: string[][] = [];
  const lines = text.split('\n');
  for (const [index, line] of lines.entries()) {
    const isRule = /^\|(?: ?-+ ?\|)+$/.test(line);
    const isHeader = /^\|(?: ?-+ ?\|)+$/.test(lines[index + 1] ?? '');
    if (!line.startsWith('|') || isRule || isHeader) continue;
    rows.push(
      line
        .slice(1, -1)
        .split(/(?<!\\)\|/)
        .map((cell) => cell.trim()),
    );
  }
  return rows;
}

/** Gives the texts in backticks. */
export function codeSpans(text: string): string[] {
  return [...text.matchAll(/`([^`\n]+)`/g)].map((match) => match[1] ?? '');
}

/** Gives the fenced blocks of one language. */
export function fencedBlocks(text: string, language: string): string[] {
  return [...text.matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm)]
    .filter((match) => match[1] === language)
    .map((match) => match[2] ?? '');
}

/** Gives the targets of links that stay in the project, with their anchor. */
export function localLinks(text: string): { path: string; anchor: string | null }[] {
  return [...text.matchAll(/\]\(([^)\s]+)\)/g)]
    .map((match) => match[1] ?? '')
    .filter((target) => !/^[a-z]+:/.test(target))
    .map((target) => {
      const [path = '', anchor = null] = target.split('#');
      return { path, anchor };
    });
}

/** Gives the anchors that a document's headings make, as GitHub writes them. */
export function anchorsOf(text: string): string[] {
  return text
    .split('\n')
    .filter((line) => /^#+ /.test(line))
    .map((line) =>
      line
        .replace(/^#+ /, '')
        .toLowerCase()
        .replace(/[^\p{L}\p{N} _-]/gu, '')
        .replaceAll(' ', '-'),
    );
}
