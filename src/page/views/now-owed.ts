/** What Kling owes: the claims that are neither granted nor over. */
import { currentRevision, isOpen } from '../../claims/claim.ts';
import type { ClaimRow } from '../../control/claim-schemas.ts';
import { h, type Part } from '../element.ts';
import { link } from '../table.ts';
import type { PageContext } from '../view.ts';
import { filingOf, moneyOf, stateOf } from './claim-parts.ts';

/** Shows a line for each month whose claim is open. */
export function owedOf(context: PageContext, claims: readonly ClaimRow[]): Part {
  const { words, links } = context;
  const months = Map.groupBy(claims, ({ month }) => month);
  const open = [...months.values()].flatMap((revisions) => {
    const current = currentRevision(revisions);
    return current && isOpen(current.state) ? [current] : [];
  });
  if (open.length === 0) {
    return h('p', { class: 'empty' }, link(links.to('/page/availability'), words.owed.empty));
  }
  const line = (claim: ClaimRow): Part =>
    h(
      'li',
      { class: claim.state === 'draft' && claim.filing === 'open' ? 'ticket' : null },
      link(
        links.to(`/page/claims/${claim.month}`),
        `${claim.month}: ${moneyOf(context, claim, claim.asked)}`,
      ),
      ' ',
      stateOf(context, claim),
      ' ',
      h('span', { class: 'limit' }, link(links.to(`/page/claims/${claim.month}`), filingOf(context, claim))),
    );
  return h('ul', { class: 'firing' }, open.map(line));
}
