/** What runs and what waits: pools of slots, and open tasks by age. */
import type { StatusAnswer } from '../../control/schemas.ts';
import { h, type Part } from '../element.ts';
import { wordOf } from '../value-words.ts';
import { link, tableOf, type Column } from '../table.ts';
import type { PageContext } from '../view.ts';

type OpenTasks = StatusAnswer['openTasks'][number];
type Pool = StatusAnswer['pools'][number];
type Age = OpenTasks['ages'][number];

/** Shows the pools of slots, and how many creates wait for each. */
export function slotsOf(context: PageContext, { pools }: StatusAnswer): Part {
  const { words, format, links } = context;
  const { slots, values } = words;
  return tableOf(
    pools,
    [
      { heading: slots.pool, cell: ({ name }) => wordOf(values.products, name) },
      {
        heading: slots.inUse,
        cell: ({ name, inUse, elsewhere }) => {
          const ours = inUse - elsewhere;
          return ours === 0 ? '0' : link(links.to('/page/holds', { pool: name }), format.count(ours));
        },
        isNumber: true,
      },
      { heading: slots.elsewhere, cell: ({ elsewhere }) => format.count(elsewhere), isNumber: true },
      {
        heading: slots.limit,
        cell: ({ limit, source }) =>
          limit === null
            ? words.none
            : link(limitLink(context, source), [
                format.count(limit),
                source === null ? null : ` (${values.limitSources[source]})`,
              ]),
        isNumber: true,
      },
      {
        heading: slots.queued,
        cell: ({ queued }) => link(links.to('/page/queue'), format.count(queued)),
        isNumber: true,
      },
      { heading: slots.paused, cell: ({ pausedUntil }) => format.time(pausedUntil) },
    ],
    { caption: slots.title, empty: slots.empty },
  );
}

/** Gives the address of what says a limit: packs, Kling's refusals, or the config. */
function limitLink({ links }: PageContext, source: Pool['source']): string {
  if (source === 'pack') return `${links.to('/page/spending')}#packs`;
  if (source === 'learned') return links.to('/page/calls', { code: '1303' });
  return links.to('/page/config', { search: 'limits' });
}

/** Shows the open tasks by age. */
export function openTasksOf(context: PageContext, { openTasks, taskRetries }: StatusAnswer): Part {
  const { words, format, links } = context;
  const { open } = words;
  const list = tableOf(openTasks, openColumns(context, openTasks[0]?.ages ?? []), {
    caption: open.title,
    empty: open.empty,
  });
  const { waiting, nextAt } = taskRetries;
  return [
    list,
    openTasks.length === 0 ? null : h('p', { class: 'notes' }, open.agesNote),
    waiting === 0
      ? null
      : h(
          'p',
          { class: 'notes' },
          link(
            links.to('/page/tasks', { state: 'failed' }),
            open.retries(format.count(waiting), format.fullTime(nextAt)),
          ),
        ),
  ];
}

function openColumns(
  { words, format, links }: PageContext,
  ages: readonly Age[],
): readonly Column<OpenTasks>[] {
  const { open, values: names } = words;
  const counted = (
    count: number,
    { product, state }: OpenTasks,
    values: Record<string, string | null>,
  ): Part =>
    count === 0
      ? words.none
      : link(links.to('/page/tasks', { product, state, ...values }), format.count(count));
  return [
    { heading: open.product, cell: ({ product }) => names.products[product] },
    {
      heading: open.state,
      cell: ({ state }) => h('span', { class: `state ${state}` }, names.taskStates[state]),
    },
    ...ages.map((age, place) => ({
      heading: open.ages[place] ?? '',
      cell: (row: OpenTasks) => {
        const { tasks = 0, from = null, to = null } = row.ages[place] ?? {};
        return counted(tasks, row, { from, to });
      },
      isNumber: true,
    })),
    { heading: open.tasks, cell: (row) => counted(row.tasks, row, {}), isNumber: true },
    { heading: open.stuck, cell: (row) => counted(row.stuck, row, { stuck: 'true' }), isNumber: true },
  ];
}
