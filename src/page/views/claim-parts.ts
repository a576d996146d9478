/** What the list of claims and the page of one have in common. */
import type { ClaimRow } from '../../control/claim-schemas.ts';
import { h, type Element } from '../element.ts';
import { link } from '../table.ts';
import type { PageContext } from '../view.ts';

/** Writes an amount in the currency of a claim. */
export function moneyOf(
  { words, format }: PageContext,
  { currency }: ClaimRow,
  amount: number | null,
): string {
  return amount === null ? words.claims.unknownFee : `${format.credits(amount)} ${currency ?? ''}`.trimEnd();
}

/** Shows the state of a claim. */
export function stateOf({ words }: PageContext, { state }: Pick<ClaimRow, 'state'>): Element {
  return h('span', { class: `state ${state}` }, words.values.claimStates[state]);
}

/** Shows the share of the fee that is claimed; it leads to the readings of the month. */
export function percentOf({ format, links }: PageContext, { month, percent }: ClaimRow): Element {
  const href = `${links.to('/page/availability', { month })}#readings`;
  return link(href, `${format.count(percent)} %`);
}

/** Says whether a claim may be filed, and how many days are left. */
export function filingOf({ words, format }: PageContext, { filing, daysLeft }: ClaimRow): string {
  const { claims } = words;
  if (filing !== 'open') return claims.filings[filing];
  const left = daysLeft === 0 ? claims.lastDay : claims.daysLeft(format.count(daysLeft));
  return `${claims.filings.open}: ${left}`;
}

/** Makes the link to a claim's folder as an archive. */
export function archiveLink({ words }: PageContext, { month, revision }: ClaimRow): Element {
  const href = `/v1/claims/${month}/folder.zip?revision=${revision}`;
  return h('a', { href, download: `kling-claim-${month}-r${revision}.zip` }, words.claims.download);
}
