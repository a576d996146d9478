/** The page *Alerts*: those that fire, those that are over, the channels with a test, and silences. */
import { CONFIGURED_RULES } from '../../alerts/rules-config.ts';
import type { AlertAnswer, AlertsAnswer } from '../../control/alert-schemas.ts';
import { alertLink } from '../alert-links.ts';
import { h, type Part } from '../element.ts';
import { folded, orderForm } from '../orders.ts';
import { choicesOf, asCode, wordOf, wordAndValue } from '../value-words.ts';
import { withNames } from '../said.ts';
import { link, tableOf, type Column } from '../table.ts';
import { section, type PageContext, type View } from '../view.ts';

const PATH = '/page/alerts';

/** Makes the page. */
export async function alertsView(context: PageContext): Promise<View> {
  const { api, words, language } = context;
  const { firing, recent, silences, channels } = await api.get('/v1/alerts', { language });
  const columns = alertColumns(context);
  const still = (id: string, heading: string, body: Part): View['sections'][number] => ({
    ...section(id, heading, body, true),
    isLive: false,
  });
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
      still('channels', words.alerts.channels, channelsOf(context, channels)),
      still('silences', words.alerts.silences, silencesOf(context, silences)),
    ],
  };
}

function alertColumns({ words, language, format, links }: PageContext): readonly Column<AlertAnswer>[] {
  const { alerts, values } = words;
  const prose = (text: string): Part => (language === 'zh' ? withNames(text) : text);
  const titleOf = (alert: AlertAnswer): Part => {
    const href = alertLink(links, alert);
    return h('strong', null, href === null ? alert.title : link(href, alert.title));
  };
  return [
    {
      heading: alerts.severity,
      cell: ({ severity }) => h('span', { class: `severity ${severity}` }, values.severities[severity]),
    },
    {
      heading: alerts.what,
      cell: (alert) => [
        titleOf(alert),
        h('br', null),
        prose(alert.finding),
        alert.advice === '' ? null : [language === 'zh' ? null : ' ', prose(alert.advice)],
      ],
    },
    {
      heading: alerts.rule,
      cell: ({ rule, runbookUrl }) => [
        h('a', { href: runbookUrl, rel: 'noreferrer', hreflang: 'en' }, wordAndValue(values.rules, rule)),
        ' ',
        link(`${links.to(PATH, { rule })}#silences`, alerts.silenceIt),
      ],
    },
    { heading: alerts.began, cell: ({ startedAt }) => format.fullTime(startedAt) },
    { heading: alerts.ended, cell: ({ endedAt }) => format.fullTime(endedAt) },
    {
      heading: alerts.sent,
      cell: ({ sentAt, keptBack }) =>
        keptBack === null ? format.fullTime(sentAt) : alerts.keptBack(wordOf(values.keptBack, keptBack)),
    },
  ];
}

/** The channels, each with what it took last and the order to test it. */
function channelsOf(context: PageContext, channels: AlertsAnswer['channels']): Part {
  const { words, say, format } = context;
  const { alerts } = words;
  const stateOf = (at: string | null, error: string | null): Part =>
    at === null
      ? words.none
      : [
          format.fullTime(at),
          ' ',
          error === null ? alerts.taken : h('span', { class: 'state failed' }, say(error)),
        ];
  const test = (name: string | null): Part =>
    folded(
      name === null ? alerts.testAll : alerts.test,
      orderForm(context, {
        method: 'POST',
        path: '/v1/alerts/test',
        button: name === null ? alerts.testAll : alerts.test,
        ...(name !== null && { fixed: { channel: name } }),
      }),
    );
  const list = tableOf(
    channels,
    [
      {
        heading: alerts.channel,
        cell: ({ name, type }) => [
          h('strong', null, name),
          ' ',
          type === null ? alerts.removed : asCode(type),
        ],
      },
      { heading: alerts.waiting, cell: ({ waiting }) => format.count(waiting), isNumber: true },
      { heading: alerts.undelivered, cell: ({ undelivered }) => format.count(undelivered), isNumber: true },
      { heading: alerts.delivered, cell: ({ lastDeliveredAt }) => format.fullTime(lastDeliveredAt) },
      {
        heading: alerts.lastError,
        cell: ({ lastErrorAt, lastError }) =>
          lastError === null ? words.none : stateOf(lastErrorAt, lastError),
      },
      {
        heading: alerts.lastTest,
        cell: ({ lastTestAt, lastTestError }) => stateOf(lastTestAt, lastTestError),
      },
      { heading: words.orders.open, cell: ({ name, type }) => (type === null ? words.none : test(name)) },
    ],
    { caption: alerts.channels, empty: alerts.noChannels },
  );
  return [list, channels.length > 1 ? test(null) : null];
}

function silencesOf(context: PageContext, silences: AlertsAnswer['silences']): Part {
  const { words, format, query, links } = context;
  const { orders, alerts } = words;
  const rule = query.get('rule');
  const end = (silenced: string): Part =>
    folded(
      orders.end,
      orderForm(context, {
        method: 'DELETE',
        path: `/v1/alerts/silences/${encodeURIComponent(silenced)}`,
        button: orders.end,
      }),
    );
  return [
    tableOf(
      silences,
      [
        { heading: alerts.rule, cell: (silence) => wordAndValue(words.values.rules, silence.rule) },
        { heading: alerts.until, cell: ({ until }) => format.fullTime(until) },
        { heading: words.audit.reason, cell: ({ reason }) => reason },
        { heading: words.audit.actor, cell: ({ actor }) => actor },
        {
          heading: words.audit.at,
          cell: ({ rule: subject, at }) => link(links.to('/page/audit', { subject }), format.fullTime(at)),
        },
        { heading: orders.open, cell: (silence) => end(silence.rule) },
      ],
      { caption: alerts.silences, empty: alerts.noSilences },
    ),
    folded(
      orders.silence,
      orderForm(context, {
        method: 'POST',
        path: '/v1/alerts/silences',
        button: orders.silence,
        fields: [
          {
            name: 'rule',
            label: orders.rule,
            type: 'text',
            choices: choicesOf(words.values.rules, CONFIGURED_RULES),
            value: rule,
          },
          { name: 'for', label: orders.silenceFor, type: 'text', example: '2h' },
        ],
      }),
      rule !== null,
    ),
  ];
}
