/** The sums of each route: how many calls failed, and how long they took; each number links to its calls. */
import type { RoutesAnswer } from '../../control/call-schemas.ts';
import { h, type Part } from '../element.ts';
import { asCode } from '../value-words.ts';
import { link, tableOf, type Column } from '../table.ts';
import type { PageContext } from '../view.ts';

type Route = RoutesAnswer['routes'][number];

/** Makes the table, with the time that it is of. */
export function routesOf(context: PageContext, { from, to, summedFrom, routes }: RoutesAnswer): Part {
  const { words, format } = context;
  const span = { from: summedFrom ?? from, to };
  return [
    h('p', { class: 'notes' }, words.routes.span(format.fullTime(from), format.fullTime(to))),
    summedFrom === null
      ? null
      : h('p', { class: 'notes' }, words.routes.summedFrom(format.fullTime(summedFrom))),
    tableOf(routes, columnsOf(context, span), { caption: words.routes.title, empty: words.routes.empty }),
  ];
}

function columnsOf(
  { words, format, links }: PageContext,
  span: { from: string; to: string },
): readonly Column<Route>[] {
  const { routes } = words;
  const rows = ({ method, route }: Route, text: Part, more: Readonly<Record<string, string>> = {}): Part =>
    link(links.to('/page/calls', { method, route, ...more, ...span }), text);
  const count = (
    heading: string,
    value: (route: Route) => number,
    more: Readonly<Record<string, string>> = {},
  ): Column<Route> => ({
    heading,
    isNumber: true,
    cell: (route) => (value(route) === 0 ? '0' : rows(route, format.count(value(route)), more)),
  });
  const time = (heading: string, value: (route: Route) => number | undefined): Column<Route> => ({
    heading,
    isNumber: true,
    cell: (route) => {
      const ms = value(route);
      return ms === undefined ? words.none : rows(route, format.ms(ms));
    },
  });
  return [
    { heading: words.calls.route, cell: (route) => rows(route, asCode(`${route.method} ${route.route}`)) },
    count(routes.calls, ({ calls }) => calls),
    count(routes.failed, ({ failed }) => failed, { failed: 'true' }),
    {
      heading: routes.failedShare,
      isNumber: true,
      cell: (route) => {
        const text = format.percent(route.failed / route.calls);
        return route.failed === 0 ? text : rows(route, text, { failed: 'true' });
      },
    },
    count(routes.refused, ({ refused }) => refused, { outcome: 'client_error' }),
    count(routes.throttled, ({ throttled }) => throttled, { outcome: 'throttled' }),
    count(routes.aborted, ({ aborted }) => aborted, { outcome: 'aborted' }),
    time(routes.half, ({ durationMs }) => durationMs?.p50),
    time(routes.most, ({ durationMs }) => durationMs?.p95),
    time(routes.nearlyAll, ({ durationMs }) => durationMs?.p99),
    time(routes.ownHalf, ({ overheadMs }) => overheadMs.p50),
    time(routes.ownNearlyAll, ({ overheadMs }) => overheadMs.p99),
  ];
}
