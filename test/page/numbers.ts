/** Every number that a page shows, with its place and the address that it leads to. */
import { textOf } from './reader.ts';

export interface ShownNumber {
  /** The section's id and the heading of the column, the name of the fact, or the text itself. */
  place: string;
  text: string;
  /** Null: at least one of its digits is in no link. */
  href: string | null;
}

/** Gives the numbers in columns of numbers, in facts, and in notes and lists of every section. */
export function numbersOf(html: string): ShownNumber[] {
  const sections = [...html.matchAll(/<section id="([^"]*)"[^>]*>(.*?)<\/section>/gs)];
  return sections.flatMap(([, id = '', body = '']) => {
    // What somebody writes, and the numbers of a chart or a map, which are in their titles.
    const shown = body
      .replace(/<form.*?<\/form>/gs, '')
      .replace(/<svg.*?<\/svg>/gs, '')
      .replace(/<time.*?<\/time>/gs, '')
      .replace(/<code.*?<\/code>/gs, '');
    return [...cellsIn(shown), ...factsIn(shown), ...textsIn(shown)]
      .filter(({ markup }) => /\d/.test(textOf(markup)))
      .map(({ name, markup }) => ({
        place: `${id}: ${name}`,
        text: textOf(markup).trim(),
        href: hrefOf(markup),
      }));
  });
}

interface Marked {
  name: string;
  markup: string;
}

function cellsIn(body: string): Marked[] {
  return [...body.matchAll(/<table>(.*?)<\/table>/gs)].flatMap(([, table = '']) => {
    const headings = [...table.matchAll(/<th [^>]*>(.*?)<\/th>/gs)].map(([, text = '']) =>
      textOf(text).trim(),
    );
    return [...table.matchAll(/<tr>(.*?)<\/tr>/gs)].flatMap(([, row = '']) =>
      [...row.matchAll(/<td([^>]*)>(.*?)<\/td>/gs)].flatMap(([, attributes = '', markup = ''], at) =>
        attributes.includes('number') ? [{ name: headings[at] ?? '', markup }] : [],
      ),
    );
  });
}

function factsIn(body: string): Marked[] {
  return [...body.matchAll(/<dt>(.*?)<\/dt><dd>(.*?)<\/dd>/gs)].map(([, name = '', markup = '']) => ({
    name: textOf(name).trim(),
    markup,
  }));
}

function textsIn(body: string): Marked[] {
  const rest = body.replace(/<table>.*?<\/table>/gs, '').replace(/<dl.*?<\/dl>/gs, '');
  return [...rest.matchAll(/<(p|li|h3|summary)\b[^>]*>(.*?)<\/\1>/gs)].map(([, , markup = '']) => ({
    name: textOf(markup).trim(),
    markup,
  }));
}

/** Gives the address that a number leads to; null if a part of it is in no link. */
function hrefOf(markup: string): string | null {
  const rest = markup.replace(/<a [^>]*>.*?<\/a>/gs, '');
  if (/\d/.test(textOf(rest))) return null;
  return (/<a [^>]*href="([^"]*)"/.exec(markup)?.[1] ?? '').replaceAll('&amp;', '&');
}
