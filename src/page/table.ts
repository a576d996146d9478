/** Tables of a page: one column is one description, from its heading to the cell. */
import { h, type Element, type Part } from './element.ts';

export interface Column<Row> {
  heading: string;
  cell: (row: Row) => Part;
  /** Numbers are set to the right. */
  isNumber?: boolean;
}

/** Makes a table with a caption for screen readers, and a last row of totals; a sentence in its place if there are no rows. */
export function tableOf<Row>(
  rows: readonly Row[],
  columns: readonly Column<Row>[],
  { caption, empty, total }: { caption: string; empty: string; total?: Row },
): Element {
  if (rows.length === 0) return h('p', { class: 'empty' }, empty);
  const cells = (row: Row): Part =>
    columns.map((column) => h('td', { class: align(column) }, column.cell(row)));
  const align = ({ isNumber }: Column<Row>): string | null => (isNumber === true ? 'number' : null);
  return h(
    'div',
    { class: 'scroll', role: 'group', 'aria-label': caption, tabindex: '0' },
    h(
      'table',
      null,
      h('caption', { class: 'hidden' }, caption),
      h(
        'thead',
        null,
        h(
          'tr',
          null,
          columns.map((column) => h('th', { scope: 'col', class: align(column) }, column.heading)),
        ),
      ),
      h(
        'tbody',
        null,
        rows.map((row) => h('tr', null, cells(row))),
      ),
      total === undefined ? null : h('tfoot', null, h('tr', null, cells(total))),
    ),
  );
}

/** Makes a list of names and values; null values are left out. */
export function facts(pairs: readonly (readonly [name: string, value: Part])[]): Element {
  return h(
    'dl',
    { class: 'facts' },
    pairs
      .filter(([, value]) => value !== null)
      .map(([name, value]) => h('div', null, h('dt', null, name), h('dd', null, value))),
  );
}

/** Makes a link. */
export function link(href: string, text: Part): Element {
  return h('a', { href }, text);
}
