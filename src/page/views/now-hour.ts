/** What happened in the last hour: calls by outcome, tasks that failed, and what the sidecar refused. */
import type { StatusAnswer } from '../../control/schemas.ts';
import { h, type Part } from '../element.ts';
import { facts, link, tableOf } from '../table.ts';
import type { PageContext } from '../view.ts';

/** Shows the last hour; each number leads to the calls or tasks that it counts. */
export function hourOf({ words, format, links }: PageContext, { lastHour }: StatusAnswer): Part {
  const { hour } = words;
  const { from, calls, failedTasks, refused } = lastHour;
  const all = calls.reduce((sum, row) => sum + row.calls, 0);
  const counted = (count: number, href: string): Part =>
    count === 0 ? format.count(0) : link(href, format.count(count));
  const rowsOf = ({ outcome }: (typeof calls)[number]): string => links.to('/page/calls', { outcome, from });
  return [
    tableOf(
      calls,
      [
        {
          heading: words.calls.outcome,
          cell: ({ outcome }) => h('span', { class: `outcome ${outcome}` }, words.values.outcomes[outcome]),
        },
        {
          heading: hour.calls,
          cell: (row) => counted(row.calls, rowsOf(row)),
          isNumber: true,
        },
        {
          heading: hour.share,
          cell: (row) => link(rowsOf(row), format.percent(row.calls / all)),
          isNumber: true,
        },
      ],
      { caption: hour.title, empty: hour.empty },
    ),
    facts([
      [hour.all, counted(all, links.to('/page/calls', { from }))],
      [
        hour.failedTasks,
        counted(failedTasks.tasks, links.to('/page/tasks', { state: 'failed', from: failedTasks.from })),
      ],
      [hour.refused, counted(refused, links.to('/page/calls', { kind: 'refused', from }))],
    ]),
    h('p', { class: 'notes' }, hour.since(format.time(from))),
    failedTasks.from === from
      ? null
      : h('p', { class: 'notes' }, hour.failedSince(format.time(failedTasks.from))),
  ];
}
