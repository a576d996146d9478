/** Forms that choose what a page shows; they are plain GET forms, so that a choice is part of the address. */
import { h, type Element, type Part } from './element.ts';
import type { PageContext, Section } from './view.ts';

export interface Choice {
  value: string;
  label: string;
}

export interface Field {
  name: string;
  label: string;
  /** Values to choose from; without them any text. */
  choices?: readonly Choice[];
  /** A placeholder for texts. */
  example?: string;
  /** What it holds if the address does not say it. */
  value?: string;
  /** Values that a text field offers. */
  suggestions?: readonly string[];
  /** Few ask for it: it is shown when somebody opens the part of such fields, or when it is in force. */
  isRare?: boolean;
}

/**
 * Makes a form of filters as a section that a live page leaves alone. Values of `kept` are sent along without a field, if the
 * address has them: a link that was followed here named them. `below` is shown below the form. With any value in force there is a link to the
 * page without them.
 */
export function filters(
  { query, words, links }: PageContext,
  action: string,
  fields: readonly Field[],
  { kept = [], below = null }: { kept?: readonly string[]; below?: Part } = {},
): Section {
  const hidden = kept.flatMap((name) => {
    const value = query.get(name);
    return value ? [[name, value] as const] : [];
  });
  const isField = (name: string): boolean => fields.some((field) => field.name === name);
  const isNarrowed = hidden.length > 0 || fields.some(({ name }) => query.get(name));
  const rare = fields.filter(({ isRare }) => isRare === true);
  const shown = (field: Field): Element => labelled(field, query.get(field.name) ?? field.value ?? '');
  const form = h(
    'form',
    { class: 'filters', method: 'get', action, role: 'search' },
    [...links.kept.filter(([name]) => !isField(name)), ...hidden].map(([name, value]) =>
      h('input', { type: 'hidden', name, value }),
    ),
    fields.filter(({ isRare }) => isRare !== true).map(shown),
    h('button', { type: 'submit' }, words.filter),
    isNarrowed ? h('a', { class: 'clear', href: links.to(action) }, words.showAll) : null,
    rare.length === 0
      ? null
      : h(
          'details',
          { open: rare.some(({ name }) => query.get(name)) },
          h('summary', null, words.moreFilters),
          h('div', { class: 'fields' }, rare.map(shown)),
        ),
    hidden.length === 0
      ? null
      : h('p', { class: 'notes' }, hidden.map(([name, value]) => `${name}: ${value}`).join(' · ')),
  );
  return { id: 'filters', heading: null, body: [form, below], isLive: false, isWide: true };
}

function labelled(field: Field, value: string): Element {
  return h('label', null, h('span', null, field.label), control(field, value));
}

function control({ name, choices, example, suggestions }: Field, value: string): Part {
  if (!choices) {
    const list = suggestions && `${name}-values`;
    return [
      h('input', { type: 'text', name, value, placeholder: example, autocomplete: 'off', list }),
      suggestions
        ? h(
            'datalist',
            { id: list },
            suggestions.map((each) => h('option', { value: each })),
          )
        : null,
    ];
  }
  return h(
    'select',
    { name },
    choices.map((choice) =>
      h('option', { value: choice.value, selected: choice.value === value }, choice.label),
    ),
  );
}

/** Says how far a list was looked through, if its page ended before it was full. */
export function searchedNote(
  { words, format }: PageContext,
  searched: { rows: number; backTo: string } | null,
): Part {
  if (searched === null) return null;
  return h(
    'p',
    { class: 'notes' },
    words.searched(format.count(searched.rows), format.fullTime(searched.backTo)),
  );
}

/** Makes the links to the next page of a list and back to its first. */
export function pager({ query, words, links }: PageContext, path: string, nextCursor: string | null): Part {
  const isFirst = query.get('cursor') === null;
  if (isFirst && nextCursor === null) return null;
  return h(
    'nav',
    { class: 'pager', 'aria-label': words.more },
    isFirst ? null : h('a', { href: links.same(path, { cursor: null }) }, words.first),
    nextCursor === null
      ? null
      : h('a', { href: links.same(path, { cursor: nextCursor }), rel: 'next' }, words.more),
  );
}
