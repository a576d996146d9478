/** The frame of every page: head, navigation, sections, foot. */
import { h, htmlOf, type Element, type Part } from './element.ts';
import type { PageFile, PageFiles } from './files.ts';
import type { Language } from './words/language.ts';
import type { PageContext, Section, View } from './view.ts';

/** The pages of the navigation, in its order. */
export const NAVIGATION = [
  ['now', '/'],
  ['tasks', '/page/tasks'],
  ['spending', '/page/spending'],
  ['calls', '/page/calls'],
  ['holds', '/page/holds'],
  ['queue', '/page/queue'],
  ['availability', '/page/availability'],
  ['claims', '/page/claims'],
  ['alerts', '/page/alerts'],
  ['checklist', '/page/checklist'],
  ['config', '/page/config'],
  ['audit', '/page/audit'],
] as const;

export interface Frame {
  /** The path of this page. */
  path: string;
  language: Language;
  version: string;
  files: PageFiles;
  /** Whether the page lacks the control token: its script then asks for it. */
  needsToken: boolean;
}

/** Writes a whole page. */
export function documentOf(context: PageContext, view: View, frame: Frame): string {
  const { words } = context;
  const { files, language, needsToken } = frame;
  const page = h(
    'html',
    { lang: language },
    h(
      'head',
      null,
      h('meta', { charset: 'utf-8' }),
      h('meta', { name: 'viewport', content: 'width=device-width, initial-scale=1' }),
      h('meta', { name: 'color-scheme', content: 'light dark' }),
      h('title', null, `${view.title} · kling-sidecar`),
      h('link', { rel: 'icon', href: files.icon.path, type: files.icon.type }),
      view.hasCharts === true ? styleOf(files.chartStyle) : null,
      styleOf(files.style),
      view.hasCharts === true ? scriptOf(files.chartScript) : null,
      view.hasCharts === true ? scriptOf(files.drawScript) : null,
    ),
    h(
      'body',
      { 'data-token': needsToken ? 'needed' : null, 'data-words': scriptWords(context) },
      h('a', { class: 'skip', href: '#content' }, words.skip),
      headerOf(context, frame),
      h('main', { id: 'content', tabindex: '-1' }, h('h1', null, view.title), view.sections.map(sectionOf)),
      h(
        'footer',
        null,
        h('span', null, words.timesIn(context.format.zone)),
        h('span', null, `kling-sidecar ${frame.version}`),
        h('noscript', null, words.live.paused),
      ),
      tokenDialog(context),
    ),
  );
  // Our own script is part of the page: every browser compares inline scripts with the hashes of a policy.
  return `<!doctype html>${htmlOf(page).replace('</head>', `<script>${files.script.body.toString()}</script></head>`)}`;
}

/** The words of the script. Where the page is not English it also says what kind of problem an English sentence is about. */
function scriptWords({ language, words }: PageContext): string {
  const { live, values } = words;
  return JSON.stringify(language === 'en' ? live : { ...live, problems: values.problems });
}

function styleOf({ path, hash }: PageFile): Element {
  return h('link', { rel: 'stylesheet', href: path, integrity: hash });
}

function scriptOf({ path, hash }: PageFile): Element {
  return h('script', { src: path, integrity: hash, defer: true });
}

function headerOf({ words, links, query }: PageContext, { path, language }: Frame): Element {
  const other = language === 'en' ? 'zh' : 'en';
  const isHere = (target: string): boolean => (target === '/' ? path === '/' : path.startsWith(target));
  return h(
    'header',
    null,
    h('a', { class: 'brand', href: links.to('/') }, 'kling-sidecar'),
    h(
      'nav',
      { 'aria-label': 'kling-sidecar' },
      h(
        'ul',
        null,
        NAVIGATION.map(([name, target]) =>
          h(
            'li',
            null,
            h(
              'a',
              { href: links.to(target), 'aria-current': isHere(target) ? 'page' : null },
              words.pages[name],
            ),
          ),
        ),
      ),
    ),
    h('output', { id: 'live', class: 'live', 'aria-live': 'polite' }),
    h(
      'a',
      { class: 'language', lang: other, hreflang: other, href: languageLink(path, query, other) },
      words.otherLanguage,
    ),
  );
}

function languageLink(path: string, query: URLSearchParams, language: Language): string {
  const next = new URLSearchParams(query);
  next.set('lang', language);
  return `${path}?${next.toString()}`;
}

/** Makes a section; a live page knows it by its id. */
export function sectionOf({ id, heading, body, isLive, isWide }: Section): Element {
  const named = heading === null ? null : `${id}-heading`;
  return h(
    'section',
    { id, class: isWide ? 'wide' : null, 'aria-labelledby': named, 'data-live': isLive ? '' : null },
    heading === null ? null : h('h2', { id: named }, heading),
    typeof body === 'function' ? null : body,
  );
}

/** The dialog that asks for the control token; its script shows it. */
function tokenDialog({ words }: PageContext): Part {
  const { token } = words;
  return h(
    'dialog',
    { id: 'token', 'aria-labelledby': 'token-title' },
    h(
      'form',
      { method: 'dialog' },
      h('h2', { id: 'token-title' }, token.title),
      h('p', null, token.why),
      h(
        'label',
        null,
        h('span', null, token.label),
        h('input', { type: 'password', name: 'token', autocomplete: 'off', required: true }),
      ),
      h('p', { class: 'trouble', role: 'alert', hidden: true }, token.wrong),
      h('button', { type: 'submit' }, token.use),
    ),
  );
}
