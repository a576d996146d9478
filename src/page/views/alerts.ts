/** The page *Alerts*: those that fire, and those that are over. */
import { CONFIGURED_RULES } from '../../alerts/rules-config.ts';
import type { AlertAnswer, AlertsAnswer } from '../../control/alert-schemas.ts';
import { h, type Part } from '../element.ts';
import { orderForm } from '../orders.ts';
import { tableOf, type Column } from '../table.ts';
import { section, type PageContext, type View } from '../view.ts';

/** Makes the page. */
export async function alertsView(context: PageContext): Promise<View> {
  const { api, words } = context;
  const { firing, recent, silences } = await api.get('/v1/alerts');
  const columns = alertColumns(context);
  return {
    title: words.pages.alerts,
    sections: [
      section(
        'firing',
        words.firing.title,
        tableOf(firing, columns, { caption: words.firing.title, empty: words.firing.empty }),
        true,
      ),
      section(
        'recent',
        words.alerts.title,
        tableOf(recent, columns, { caption: words.alerts.title, empty: words.alerts.empty }),
        true,
      ),
      { ...section('silences', words.orders.silence, silencesOf(context, silences), true), isLive: false },
    ],
  };
}

function silencesOf(context: PageContext, silences: AlertsAnswer['silences']): Part {
  const { words, format } = context;
  const { orders } = words;
  return [
    silences.map(({ rule, until, reason, actor }) =>
      h(
        'div',
        null,
        h('p', null, `${rule} · ${format.fullTime(until)} · ${actor}: ${reason}`),
        orderForm(context, {
          method: 'DELETE',
          path: `/v1/alerts/silences/${encodeURIComponent(rule)}`,
          button: orders.end,
        }),
      ),
    ),
    orderForm(context, {
      method: 'POST',
      path: '/v1/alerts/silences',
      button: orders.silence,
      fields: [
        { name: 'rule', label: orders.rule, type: 'text', choices: CONFIGURED_RULES },
        { name: 'for', label: orders.silenceFor, type: 'text' },
      ],
    }),
  ];
}

function alertColumns({ words, format }: PageContext): readonly Column<AlertAnswer>[] {
  const { alerts } = words;
  return [
    {
      heading: alerts.severity,
      cell: ({ severity }) => h('span', { class: `severity ${severity}` }, severity),
    },
    {
      heading: alerts.what,
      cell: ({ title, finding, advice }) => [
        h('strong', null, title),
        h('br', null),
        finding,
        advice === '' ? null : [' ', advice],
      ],
    },
    {
      heading: alerts.rule,
      cell: ({ rule, runbookUrl }) => h('a', { href: runbookUrl, rel: 'noreferrer' }, rule),
    },
    { heading: alerts.began, cell: ({ startedAt }) => format.fullTime(startedAt) },
    { heading: alerts.ended, cell: ({ endedAt }) => format.fullTime(endedAt) },
  ];
}
