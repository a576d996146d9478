/**
 * JSON parsers as other servers have them: the first of a repeated key wins, or the last, or names match without
 * case. They read what `JSON.parse` reads, and give an object's members in place of an object.
 */
export type Parsed = string | number | boolean | null | Parsed[] | Members;
export class Members {
  readonly pairs: [string, Parsed][] = [];

  /** Finds a member as one kind of parser does. */
  get(name: string, kind: ParserKind): Parsed | undefined {
    const same = (key: string): boolean => (kind === 'any_case' ? loose(key) === loose(name) : key === name);
    const found = this.pairs.filter(([key]) => same(key));
    return (kind === 'first' ? found[0] : found.at(-1))?.[1];
  }
}
export type ParserKind = 'first' | 'last' | 'any_case';

function loose(name: string): string {
  return name.normalize('NFKC').toLowerCase().replaceAll(/[_-]/g, '');
}

/** Parses valid JSON text, keeping every member in order. */
export function parseMembers(text: string): Parsed {
  let at = 0;
  const space = (): void => {
    while (/\s/.test(text[at] ?? '')) at += 1;
  };
  const string = (): string => {
    const from = at;
    at += 1;
    while (text[at] !== '"') at += text[at] === '\\' ? 2 : 1;
    at += 1;
    return JSON.parse(text.slice(from, at)) as string;
  };
  const value = (): Parsed => {
    space();
    if (text[at] === '"') return string();
    if (text[at] === '{' || text[at] === '[') return container(text[at] === '{');
    const word = /^[^\s,\]}]+/.exec(text.slice(at))?.[0] ?? '';
    at += word.length;
    return JSON.parse(word) as Parsed;
  };
  const container = (isObject: boolean): Parsed => {
    const members = new Members();
    const items: Parsed[] = [];
    at += 1;
    for (space(); text[at] !== '}' && text[at] !== ']'; space()) {
      if (text[at] === ',') at += 1;
      space();
      if (!isObject) items.push(value());
      else {
        const name = string();
        space();
        at += 1;
        members.pairs.push([name, value()]);
      }
    }
    at += 1;
    return isObject ? members : items;
  };
  return value();
}
