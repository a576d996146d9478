/** Links from one month of a page to the months beside it. */
import { addMonths, FIRST_MONTH } from '../sla/period.ts';
import { h, type Element } from './element.ts';
import type { PageContext } from './view.ts';

/** Makes the links to the month before and after; `to` gives a month's address, `last` is the latest month that has a page. */
export function monthLinks(
  { words }: PageContext,
  { month, last, to }: { month: string; last: string; to: (month: string) => string },
): Element {
  const [before, after] = [addMonths(month, -1), addMonths(month, 1)];
  return h(
    'nav',
    { class: 'pager', 'aria-label': words.spending.month },
    before < FIRST_MONTH ? null : h('a', { href: to(before), rel: 'prev' }, `← ${before}`),
    h('span', { 'aria-current': 'page' }, month),
    after > last ? null : h('a', { href: to(after), rel: 'next' }, `${after} →`),
  );
}
