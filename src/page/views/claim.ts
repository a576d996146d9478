/** One month's claim: its dates and revisions, its letters as they will be sent, and the orders that draft it and mark it. */
import { BLANK } from '../../claims/claim-folder.ts';
import { currentRevision, marksOf } from '../../claims/claim.ts';
import type { ClaimAnswer, ClaimRow, LettersAnswer } from '../../control/claim-schemas.ts';
import { ApiProblem } from '../api-reader.ts';
import { h, type Part } from '../element.ts';
import { letterOf } from '../letter.ts';
import { monthLinks } from '../months.ts';
import { folded, orderForm } from '../orders.ts';
import { choicesOf, wordAndValue } from '../value-words.ts';
import { facts, link, tableOf } from '../table.ts';
import { section, type PageContext, type Section, type View } from '../view.ts';
import { archiveLink, filingOf, moneyOf, percentOf, stateOf } from './claim-parts.ts';

const PATH = '/page/claims';

/** Makes the page of a month. */
export async function claimView(context: PageContext, [month = '']: readonly string[]): Promise<View> {
  const { api, query, words, links } = context;
  const [present, answer] = await Promise.all([api.get('/v1/sla'), api.claim(month)]);
  const wanted = query.get('revision');
  const claim =
    answer.claims.find(({ revision }) => String(revision) === wanted) ??
    currentRevision(answer.claims) ??
    null;
  const head = [
    monthLinks(context, {
      month,
      last: present.month,
      to: (other) => links.to(`${PATH}/${other}`),
    }),
    datesOf(context, answer),
    draftOf(context, { month, isOver: month < present.month, claim }),
  ];
  return {
    title: `${words.pages.claims} ${month}`,
    sections: [
      still('month', null, head),
      ...(claim === null
        ? [still('none', null, h('p', { class: 'empty' }, words.claims.none))]
        : await claimSections(context, answer, claim)),
    ],
  };
}

/** Sections with orders and letters are not replaced while somebody reads or writes. */
function still(id: string, heading: string | null, body: Part): Section {
  return { ...section(id, heading, body, true), isLive: false };
}

function datesOf(context: PageContext, { month, filing, dates }: ClaimAnswer): Part {
  const { words, links } = context;
  const { claims } = words;
  const known = facts([
    [claims.dates, `${dates.earliest} – ${dates.latest}`],
    [claims.filing, claims.filings[filing]],
    [claims.calendar, `${dates.calendar}: ${claims.sourceOf(dates)}`],
    [words.pages.availability, link(links.to('/page/availability', { month }), month)],
  ]);
  return [known, dates.isEstimated ? h('p', { class: 'notice' }, claims.estimated) : null];
}

function draftOf(
  context: PageContext,
  { month, isOver, claim }: { month: string; isOver: boolean; claim: ClaimRow | null },
): Part {
  const { claims } = context.words;
  if (!isOver) return h('p', { class: 'notes' }, claims.draftLater);
  const button = claim === null ? claims.draft : claims.draftAgain;
  const form = orderForm(context, { method: 'POST', path: `/v1/claims/${month}/draft`, button });
  return folded(button, [h('p', { class: 'notes' }, claims.draftHelp), form], claim === null);
}

async function claimSections(context: PageContext, answer: ClaimAnswer, claim: ClaimRow): Promise<Section[]> {
  const { claims } = context.words;
  const heading = claims.revisionOf(claim.month, String(claim.revision));
  const letters = await lettersOf(context, claim);
  return [still('claim', heading, [claimOf(context, claim), revisionsOf(context, answer)]), ...letters];
}

function claimOf(context: PageContext, claim: ClaimRow): Part {
  const { words, say, format, links } = context;
  const { claims } = words;
  const subject = `${claim.month}/r${claim.revision}`;
  const audit = links.to('/page/audit', { subject });
  return [
    facts([
      [words.tasks.state, stateOf(context, claim)],
      [claims.filing, filingOf(context, claim)],
      [claims.dates, `${claim.earliest} – ${claim.latest}`],
      [claims.tier, percentOf(context, claim)],
      [words.availability.reading, wordAndValue(words.values.readings, claim.reading)],
      [claims.asked, link('#letters', moneyOf(context, claim, claim.asked))],
      [claims.ticket, claim.ticket],
      [claims.granted, claim.granted === null ? null : link(audit, moneyOf(context, claim, claim.granted))],
      [claims.voucher, claim.voucherCode],
      [claims.voucherEnds, claim.voucherExpires],
      [words.tasks.updated, format.fullTime(claim.updatedAt)],
      [words.pages.audit, link(audit, subject)],
      [claims.folder, [claim.folder, ' · ', archiveLink(context, claim)]],
    ]),
    claim.note === null ? null : h('p', { class: 'notice' }, say(claim.note)),
    markOf(context, claim),
  ];
}

/** The order that notes what became of a claim; it offers only the states that may follow. */
function markOf(
  context: PageContext,
  { month, revision, state, ticket, voucherCode, granted, voucherExpires }: ClaimRow,
): Part {
  const { words } = context;
  const { claims } = words;
  const choices = marksOf(state);
  if (choices.length === 0) return null;
  const optional = { isOptional: true, type: 'text' } as const;
  return folded(
    claims.mark,
    orderForm(context, {
      method: 'POST',
      path: `/v1/claims/${month}/mark`,
      button: claims.mark,
      fixed: { revision },
      fields: [
        {
          name: 'state',
          label: words.tasks.state,
          type: 'text',
          choices: choicesOf(words.values.claimStates, choices),
        },
        { name: 'ticket', label: claims.ticket, value: ticket, ...optional },
        {
          name: 'amount',
          label: claims.amount,
          value: granted === null ? null : String(granted),
          example: '120.50',
          ...optional,
        },
        { name: 'voucherCode', label: claims.voucher, value: voucherCode, ...optional },
        { name: 'expires', label: claims.voucherEnds, value: voucherExpires, isOptional: true, type: 'date' },
      ],
    }),
  );
}

function revisionsOf(context: PageContext, { month, claims: revisions }: ClaimAnswer): Part {
  const { words, say, format, links } = context;
  const { claims } = words;
  if (revisions.length < 2) return null;
  return tableOf(
    revisions,
    [
      {
        heading: claims.revision,
        cell: ({ revision }) =>
          link(links.to(`${PATH}/${month}`, { revision: String(revision) }), String(revision)),
      },
      { heading: words.tasks.state, cell: (claim) => stateOf(context, claim) },
      { heading: claims.tier, cell: (claim) => percentOf(context, claim), isNumber: true },
      { heading: words.audit.at, cell: ({ draftedAt }) => format.fullTime(draftedAt) },
      { heading: words.audit.reason, cell: ({ note }) => (note === null ? words.none : say(note)) },
    ],
    { caption: claims.revision, empty: claims.none },
  );
}

/** Both letters and the folder's files, or why they cannot be read. */
async function lettersOf(context: PageContext, { month, revision }: ClaimRow): Promise<Section[]> {
  const { claims } = context.words;
  try {
    const answer = await context.api.letters(month, revision);
    return [
      still('letters', claims.letters, lettersBody(context, answer)),
      still('files', claims.files, filesOf(context, answer)),
    ];
  } catch (error) {
    if (!(error instanceof ApiProblem) || error.problem.status !== 404) throw error;
    const detail = context.say(error.problem.detail);
    return [still('letters', claims.files, h('p', { class: 'notice' }, detail))];
  }
}

/** Both letters, beside each other where there is room. */
function lettersBody({ words }: PageContext, { letters }: LettersAnswer): Part {
  const { claims } = words;
  const both = (['en', 'zh'] as const).map((language) => {
    const { file, markdown, isAsDrafted } = letters[language];
    const label = language === 'en' ? claims.letterEn : claims.letterZh;
    return h(
      'article',
      null,
      h('h3', null, label),
      h('p', { class: 'notes' }, claims.letterFrom(file)),
      isAsDrafted ? null : h('p', { class: 'notice' }, claims.edited),
      hasBlanks(markdown) ? h('p', { class: 'notice' }, claims.blanks) : null,
      letterOf(markdown, { language, label }),
    );
  });
  return h('div', { class: 'letters' }, both);
}

/** Place and date are always filled in by hand. */
function hasBlanks(markdown: string): boolean {
  return markdown.split(BLANK).length > 2;
}

function filesOf({ words, format }: PageContext, { documents }: LettersAnswer): Part {
  const { claims } = words;
  return tableOf(
    documents,
    [
      { heading: claims.file, cell: ({ name }) => name },
      {
        heading: claims.bytes,
        cell: ({ bytes }) => (bytes === null ? claims.missing : format.count(bytes)),
        isNumber: true,
      },
    ],
    { caption: claims.files, empty: claims.missing },
  );
}
