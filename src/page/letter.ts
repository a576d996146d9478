/** A letter of a claim as part of a page, from its Markdown. */
import { fromMarkdown } from '../markup-read.ts';
import type { Block, Text } from '../markup.ts';
import { oneLine } from '../markup.ts';
import { h, type Element, type Part } from './element.ts';

/** Makes a letter; `language` is the one that it is written in, for screen readers. */
export function letterOf(
  markdown: string,
  { language, label }: { language: 'en' | 'zh'; label: string },
): Element {
  return h(
    'div',
    { class: 'letter', lang: language },
    fromMarkdown(markdown).map((block) => blockOf(block, label)),
  );
}

function blockOf(block: Block, label: string): Element {
  switch (block.kind) {
    case 'heading':
      // The titles of the page, of its section and of the letter's language come first.
      return h(block.level === 1 ? 'h4' : 'h5', null, textOf(block.text));
    case 'paragraph':
      return h('p', null, textOf(block.text));
    case 'list':
      return h(
        block.ordered ? 'ol' : 'ul',
        null,
        block.items.map((item) => h('li', null, textOf(item))),
      );
    case 'table':
      return tableOf(block, label);
  }
}

function tableOf({ head, rows }: Extract<Block, { kind: 'table' }>, label: string): Element {
  const row = (cells: readonly Text[], tag: 'th' | 'td'): Element =>
    h(
      'tr',
      null,
      cells.map((cell) => h(tag, tag === 'th' ? { scope: 'col' } : null, textOf(cell))),
    );
  return h(
    'div',
    { class: 'scroll', role: 'group', 'aria-label': label, tabindex: '0' },
    h(
      'table',
      null,
      head && h('thead', null, row(head, 'th')),
      h(
        'tbody',
        null,
        rows.map((cells) => row(cells, 'td')),
      ),
    ),
  );
}

function textOf(text: Text): Part {
  return text.map((run) => {
    const shown = oneLine(run.text);
    if (run.style === 'plain') return shown;
    return h(run.style === 'bold' ? 'strong' : 'code', null, shown);
  });
}
