/** What a page is made of: sections, each rendered by itself, so that a live page changes only what is new. */
import type { Part } from './element.ts';
import type { Format } from './format.ts';
import type { Links } from './links.ts';
import type { ApiReader } from './api-reader.ts';
import type { Say } from './said.ts';
import type { Language } from './words/language.ts';
import type { Words } from './words/en.ts';

/** A part of a page with its own heading. */
export interface Section {
  /** Unique on its page. */
  id: string;
  /** Null for a section without one, such as a form of filters. */
  heading: string | null;
  /** Of a section that is not live it may be a function: then it is made for a whole page alone, not each time that one is renewed. */
  body: Part | (() => Promise<Part>);
  /** Whether a live page replaces it; a form that somebody fills in is not. */
  isLive: boolean;
  /** Whether it takes the whole width of the page. */
  isWide: boolean;
}

/** A page's content. */
export interface View {
  title: string;
  sections: readonly Section[];
  /** Whether it draws charts: their script is loaded only then. */
  hasCharts?: boolean;
}

/** What a page is made from. */
export interface PageContext {
  api: ApiReader;
  /** The page's query. */
  query: URLSearchParams;
  /** Whether this read may start work, such as a judging: not a visit that another site began, and not a renewal of an open page. */
  mayStart: boolean;
  language: Language;
  words: Words;
  /** Shows a sentence of the API. */
  say: Say;
  format: Format;
  links: Links;
}

/** Makes the content of a page; `params` are the variable segments of its path. */
export type MakeView = (context: PageContext, params: readonly string[]) => Promise<View>;

/** Makes a section whose data is dear: it is made when the page is opened, and not renewed. */
export function onceMade(id: string, heading: string | null, body: () => Promise<Part>): Section {
  return { id, heading, body, isLive: false, isWide: true };
}

/** Makes what a whole page lacks: the bodies of the sections that are not renewed. */
export async function wholeView(view: View): Promise<View> {
  const sections = view.sections.map(async (each) =>
    typeof each.body === 'function' ? { ...each, body: await each.body() } : each,
  );
  return { ...view, sections: await Promise.all(sections) };
}

/** Makes a section that a live page renews. */
export function section(id: string, heading: string | null, body: Part, isWide = false): Section {
  return { id, heading, body, isLive: true, isWide };
}
