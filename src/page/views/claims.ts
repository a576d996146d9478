/** The page *Claims*: the months with what Kling owes, by when it must be claimed, and the state of each claim. */
import { currentRevision } from '../../claims/claim.ts';
import type { ClaimAnswer, ClaimRow } from '../../control/claim-schemas.ts';
import { addMonths } from '../../sla/period.ts';
import { h, type Part } from '../element.ts';
import { link, tableOf } from '../table.ts';
import { section, type PageContext, type View } from '../view.ts';
import { archiveLink, filingOf, moneyOf, percentOf, stateOf } from './claim-parts.ts';

/** Months that are over and are shown though they have no claim. */
const MONTHS_SHOWN = 3;

interface Month {
  month: string;
  isOver: boolean;
  dates: Pick<ClaimAnswer['dates'], 'earliest' | 'latest'>;
  filing: ClaimAnswer['filing'] | ClaimRow['filing'];
  /** The revision that counts; null without a claim. */
  claim: ClaimRow | null;
}

/** Makes the page. */
export async function claimsView(context: PageContext): Promise<View> {
  const { api, words } = context;
  const [present, { claims }] = await Promise.all([api.get('/v1/sla'), api.get('/v1/claims')]);
  const claimed = Map.groupBy(claims, ({ month }) => month);
  const recent = Array.from({ length: MONTHS_SHOWN + 1 }, (_, back) => addMonths(present.month, -back));
  const names = [...new Set([...recent, ...claimed.keys()])].toSorted().toReversed();
  const months = await Promise.all(
    names.map(async (month): Promise<Month> => {
      const isOver = month < present.month;
      const claim = currentRevision(claimed.get(month) ?? []) ?? null;
      if (claim !== null) return { month, isOver, claim, dates: claim, filing: claim.filing };
      const { dates, filing } = await api.claim(month);
      return { month, isOver, claim, dates, filing };
    }),
  );
  const empty = claims.length === 0 ? h('p', { class: 'empty' }, words.claims.empty) : null;
  return {
    title: words.pages.claims,
    sections: [section('months', words.claims.months, [empty, monthsOf(context, months)], true)],
  };
}

function monthsOf(context: PageContext, months: readonly Month[]): Part {
  const { words, links } = context;
  const { claims } = words;
  const orNone = (claim: ClaimRow | null, show: (claim: ClaimRow) => Part): Part =>
    claim === null ? words.none : show(claim);
  const pageOf = ({ month }: Pick<ClaimRow, 'month'>): string => links.to(`/page/claims/${month}`);
  // The amount that is asked is worked out in the letters.
  const letters = (claim: ClaimRow): string => `${pageOf(claim)}#letters`;
  return tableOf(
    months,
    [
      { heading: claims.month, cell: ({ month }) => link(pageOf({ month }), month) },
      {
        heading: words.tasks.state,
        cell: ({ claim, isOver }) =>
          claim === null ? (isOver ? claims.undrafted : claims.running) : stateOf(context, claim),
      },
      {
        heading: claims.tier,
        cell: ({ claim }) => orNone(claim, (one) => percentOf(context, one)),
        isNumber: true,
      },
      {
        heading: claims.asked,
        cell: ({ claim }) => orNone(claim, (one) => link(letters(one), moneyOf(context, one, one.asked))),
        isNumber: true,
      },
      { heading: claims.dates, cell: ({ dates }) => `${dates.earliest} – ${dates.latest}` },
      {
        heading: claims.filing,
        cell: ({ claim, filing }) =>
          claim === null ? claims.filings[filing] : link(pageOf(claim), filingOf(context, claim)),
      },
      {
        heading: claims.granted,
        cell: ({ claim }) =>
          orNone(claim, (one) =>
            one.granted === null ? words.none : link(pageOf(one), moneyOf(context, one, one.granted)),
          ),
        isNumber: true,
      },
      {
        heading: words.pages.availability,
        cell: ({ month }) => link(links.to('/page/availability', { month }), month),
      },
      { heading: claims.folder, cell: ({ claim }) => orNone(claim, (one) => archiveLink(context, one)) },
    ],
    { caption: claims.months, empty: claims.empty },
  );
}
