/** The texts of a page that somebody sees or hears, each with what its element says of its language. */
import { unescaped } from './reader.ts';

export interface SeenText {
  text: string;
  /** `english` under `lang="en"`, `letter` in a claim's letter in English, `code` for names that are typed as they are, `page` for all else. */
  kind: 'page' | 'english' | 'letter' | 'code';
}

/** Attributes that are read out, shown, or shown by the page's script. */
const SAID = ['aria-label', 'title', 'placeholder', 'alt', 'data-done'];
/** The same as JSON. */
const SAID_JSON = ['data-words', 'data-chart'];
const TOKEN = /<(\/?)([a-z][\w-]*)((?:\s+[\w:-]+(?:="[^"]*")?)*)\s*(\/?)>|[^<]+/gi;
const VOID = new Set(['area', 'br', 'col', 'hr', 'img', 'input', 'link', 'meta', 'source', 'wbr']);

/** Gives the texts of a page, in their order. @throws Error if an element does not end where it should. */
export function seenIn(html: string): SeenText[] {
  const seen: SeenText[] = [];
  const open: { tag: string; kind: SeenText['kind'] }[] = [];
  const add = (text: string, kind: SeenText['kind']): void => {
    const plain = unescaped(text).replaceAll(/\s+/g, ' ').trim();
    if (plain !== '') seen.push({ text: plain, kind });
  };
  const body = html.replace(/^<!doctype html>/, '').replaceAll(/<script\b.*?<\/script>/gs, '');
  for (const [token, isEnd, name = '', attributes = '', isClosed] of body.matchAll(TOKEN)) {
    const kind = open.at(-1)?.kind ?? 'page';
    if (!token.startsWith('<')) add(token, kind);
    else if (isEnd) {
      const ended = open.pop();
      if (ended?.tag !== name) throw new Error(`</${name}> ends <${ended?.tag ?? 'nothing'}>`);
    } else {
      const own = kindOf(name, attributes, kind);
      for (const [, key = '', value = ''] of attributes.matchAll(/([\w:-]+)="([^"]*)"/g)) {
        if (SAID.includes(key)) add(value, own);
        if (SAID_JSON.includes(key)) for (const text of textsIn(JSON.parse(unescaped(value)))) add(text, own);
      }
      if (!isClosed && !VOID.has(name)) open.push({ tag: name, kind: own });
    }
  }
  return seen;
}

function kindOf(name: string, attributes: string, outer: SeenText['kind']): SeenText['kind'] {
  const [, language] = / lang="(\w+)"/.exec(attributes) ?? [];
  if (language === 'en') return attributes.includes('class="letter"') ? 'letter' : 'english';
  if (language !== undefined) return 'page';
  return name === 'code' && outer === 'page' ? 'code' : outer;
}

function textsIn(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(textsIn) : [];
}
