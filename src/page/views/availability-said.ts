/** What operators said about a month: stretches that do not count, and whose fault failures were. Both are entered and changed here. */
import type { CorrectionsAnswer, ExclusionsAnswer, SlaAnswer } from '../../control/sla-schemas.ts';
import { EXCLUSION_CLAUSES } from '../../sla/clauses.ts';
import { h, type Part } from '../element.ts';
import { folded, orderForm, type OrderField } from '../orders.ts';
import { link, tableOf, type Column } from '../table.ts';
import type { PageContext } from '../view.ts';

type Exclusion = ExclusionsAnswer['exclusions'][number];
type Correction = CorrectionsAnswer['corrections'][number];

/** Exclusions of the config file come back with the next start: they are withdrawn there. */
const CONFIG_ACTOR = 'config';

/** Shows the exclusions of a month, with their orders. */
export function exclusionsOf(context: PageContext, sla: SlaAnswer, exclusions: readonly Exclusion[]): Part {
  const { words, query } = context;
  const { availability } = words;
  const withdraw = ({ id, actor }: Exclusion): Part =>
    actor === CONFIG_ACTOR
      ? availability.inConfig
      : folded(
          availability.withdraw,
          orderForm(context, {
            method: 'DELETE',
            path: `/v1/exclusions/${encodeURIComponent(id)}`,
            button: availability.withdraw,
          }),
        );
  const columns: readonly Column<Exclusion>[] = [
    ...spanColumns(context, { counted: 'excluded' }),
    { heading: availability.clause, cell: ({ clause }) => clause },
    ...saidColumns<Exclusion>(context, ({ id }) => id),
    { heading: words.orders.open, cell: withdraw },
  ];
  return [
    tableOf(exclusions, columns, { caption: availability.exclusions, empty: availability.noExclusions }),
    folded(
      availability.exclude,
      orderForm(context, {
        method: 'POST',
        path: '/v1/exclusions',
        button: availability.exclude,
        why: 'source',
        fields: [
          ...spanFields(context, sla),
          { name: 'clause', label: availability.clause, type: 'text', choices: EXCLUSION_CLAUSES },
        ],
      }),
      query.has('from'),
    ),
  ];
}

/** Shows what was said about whose fault failures of a month were, with the order to say it. */
export function blameOf(context: PageContext, sla: SlaAnswer, corrections: readonly Correction[]): Part {
  const { words, query } = context;
  const { availability } = words;
  const columns: readonly Column<Correction>[] = [
    ...spanColumns(context, { outcome: 'unreachable' }),
    { heading: availability.blamed, cell: ({ blame }) => availability.faults[blame] },
    ...saidColumns<Correction>(context, ({ from, to }) => `${from}/${to}`),
  ];
  const choices = (['upstream', 'local'] as const).map((value) => ({
    value,
    label: availability.faults[value],
  }));
  return [
    tableOf(corrections, columns, { caption: availability.blameTitle, empty: availability.noBlame }),
    h('p', { class: 'notes' }, availability.blameHelp),
    folded(
      availability.blame,
      orderForm(context, {
        method: 'POST',
        path: '/v1/blame',
        button: availability.blame,
        why: 'source',
        fields: [
          ...spanFields(context, sla),
          { name: 'blame', label: availability.blamed, type: 'text', choices },
        ],
      }),
      query.has('from'),
    ),
  ];
}

/** Both ends of a span; its beginning leads to the calls that it is about. */
function spanColumns(
  { words, format, links }: PageContext,
  about: Readonly<Record<string, string>>,
): readonly Column<{ from: string; to: string }>[] {
  const { availability } = words;
  return [
    {
      heading: availability.from,
      cell: ({ from, to }) => link(links.to('/page/calls', { ...about, from, to }), format.fullTime(from)),
    },
    { heading: availability.to, cell: ({ to }) => format.fullTime(to) },
  ];
}

interface Said {
  source: string;
  actor: string;
  at: string;
}

/** Source, actor and time; the time is a link to the row in the audit, whose subject `subjectOf` gives. */
function saidColumns<Row extends Said>(
  { words, format, links }: PageContext,
  subjectOf: (row: Row) => string,
): readonly Column<Row>[] {
  const { orders, audit } = words;
  return [
    { heading: orders.source, cell: ({ source }) => source },
    { heading: audit.actor, cell: ({ actor }) => actor },
    {
      heading: audit.at,
      cell: (row) => link(links.to('/page/audit', { subject: subjectOf(row) }), format.fullTime(row.at)),
    },
  ];
}

/** The two ends of a span, filled in with those of the address. */
function spanFields({ words, query }: PageContext, { month, timeZone }: SlaAnswer): readonly OrderField[] {
  const { availability } = words;
  const example = `${month}-05T14:00${offsetOf(timeZone, Date.parse(`${month}-05T12:00:00Z`))}`;
  return [
    { name: 'from', label: availability.from, type: 'text', value: query.get('from'), example },
    { name: 'to', label: availability.to, type: 'text', value: query.get('to'), example },
  ];
}

/** Gives a zone's offset at an instant, such as `+08:00`. */
function offsetOf(timeZone: string, at: number): string {
  const parts = new Intl.DateTimeFormat('en', { timeZone, timeZoneName: 'longOffset' }).formatToParts(at);
  const name = parts.find(({ type }) => type === 'timeZoneName')?.value ?? 'GMT';
  return name === 'GMT' ? 'Z' : name.slice(3);
}
