/** The string literals of a source file, with templates as their written parts. */
import { lineAt, type SourceFile } from './source-code.ts';

export interface Literal {
  path: string;
  line: number;
  /** The written parts; between two of them is the value of an expression. */
  parts: string[];
}

interface Found {
  start: number;
  end: number;
  parts: string[];
}

/** Lists a file's string literals in the order of their ends; those joined by `+` are one. */
export function literalsOf(file: SourceFile): Literal[] {
  const found: Found[] = [];
  const { code } = file;
  /** The templates around a position, innermost last; `depth` counts the braces open in its current expression. */
  const templates: (Found & { depth: number })[] = [];
  /** Reads a template's part that begins at a position; gives the position behind it. */
  const readPart = (template: Found & { depth: number }, from: number): number => {
    const rest = /`|\$\{/g;
    rest.lastIndex = from;
    const stop = rest.exec(code);
    if (!stop) throw new Error(`${file.path}: a template without an end`);
    template.parts.push(unescape(file.text.slice(from, stop.index)));
    const next = stop.index + stop[0].length;
    if (stop[0] === '`') found.push({ start: template.start, end: next, parts: template.parts });
    else templates.push(template);
    return next;
  };
  for (let at = 0; at < code.length;) {
    const char = code.charAt(at);
    const inner = templates.at(-1);
    if (char === "'" || char === '"') {
      const end = code.indexOf(char, at + 1) + 1;
      if (end === 0) throw new Error(`${file.path}:${lineAt(code, at)}: a string without an end`);
      found.push({ start: at, end, parts: [unescape(file.text.slice(at + 1, end - 1))] });
      at = end;
    } else if (char === '`') {
      at = readPart({ start: at, end: 0, parts: [], depth: 0 }, at + 1);
    } else if (char === '}' && inner?.depth === 0) {
      templates.pop();
      at = readPart(inner, at + 1);
    } else {
      if (inner && char === '{') inner.depth += 1;
      if (inner && char === '}') inner.depth -= 1;
      at += 1;
    }
  }
  return joined(found, code).map(({ start, parts }) => ({
    path: file.path,
    line: lineAt(code, start),
    parts,
  }));
}

function joined(found: readonly Found[], code: string): Found[] {
  const all: Found[] = [];
  for (const literal of found) {
    const before = all.at(-1);
    if (before && before.end <= literal.start && /^\s*\+\s*$/.test(code.slice(before.end, literal.start))) {
      const [first = '', ...rest] = literal.parts;
      const last = before.parts.pop() ?? '';
      before.parts.push(last + first, ...rest);
      before.end = literal.end;
    } else all.push(literal);
  }
  return all;
}

function unescape(text: string): string {
  return text.replace(/\\(.)/gs, (_, char: string) => (char === 'n' ? '\n' : char));
}
