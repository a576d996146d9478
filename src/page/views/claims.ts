/** The page *Claims*: what Kling owes, by when it must be claimed, and the state of each claim. */
import { MARKED_STATES } from '../../claims/claim.ts';
import type { ClaimsAnswer } from '../../control/claim-schemas.ts';
import { h, type Part } from '../element.ts';
import { folded, orderForm } from '../orders.ts';
import { facts, link } from '../table.ts';
import { section, type PageContext, type View } from '../view.ts';

type Claim = ClaimsAnswer['claims'][number];

/** Makes the page. */
export async function claimsView(context: PageContext): Promise<View> {
  const { api, words } = context;
  const { claims } = await api.get('/v1/claims');
  const empty = section('none', null, h('p', { class: 'empty' }, words.claims.empty), true);
  return {
    title: words.pages.claims,
    sections: claims.length === 0 ? [empty] : claims.map((claim) => claimSection(context, claim)),
  };
}

/** A claim has orders in it, so that it is not replaced while somebody writes. */
function claimSection(context: PageContext, claim: Claim): View['sections'][number] {
  const { words } = context;
  const heading = `${claim.month} · ${words.claims.revision} ${claim.revision}`;
  const id = `claim-${claim.month}-${claim.revision}`;
  return { ...section(id, heading, claimBody(context, claim), true), isLive: false };
}

function claimBody(context: PageContext, claim: Claim): Part {
  const { words, format, links } = context;
  const { claims } = words;
  const money = (amount: number | null): string =>
    amount === null ? claims.unknownFee : `${format.credits(amount)} ${claim.currency ?? ''}`;
  return [
    facts([
      [words.tasks.state, h('span', { class: `state ${claim.state}` }, claim.state)],
      [claims.filing, claim.filing],
      [claims.dates, `${claim.earliest} – ${claim.latest}`],
      [claims.tier, `${format.count(claim.percent)} %`],
      [claims.asked, money(claim.asked)],
      [claims.granted, claim.granted === null ? null : money(claim.granted)],
      [claims.ticket, claim.ticket],
      [claims.voucher, claim.voucherCode],
      [claims.voucherEnds, claim.voucherExpires],
      [claims.folder, claim.folder],
      [words.pages.availability, link(links.to('/page/availability', { month: claim.month }), claim.month)],
    ]),
    claim.note === null ? null : h('p', { class: 'notice' }, claim.note),
    folded(
      words.orders.open,
      orderForm(context, {
        method: 'POST',
        path: `/v1/claims/${claim.month}/mark`,
        button: claims.mark,
        fields: [{ name: 'state', label: words.tasks.state, type: 'text', choices: MARKED_STATES }],
      }),
    ),
  ];
}
