/** The page *Now*: is everything well, what does it cost, what waits. */
import type { StatusAnswer } from '../../control/schemas.ts';
import { h, type Part } from '../element.ts';
import { folded, orderForm } from '../orders.ts';
import { wordOf } from '../value-words.ts';
import { link, tableOf } from '../table.ts';
import { section, type PageContext, type View } from '../view.ts';
import { budgetsOf } from './now-budgets.ts';
import { hourOf } from './now-hour.ts';
import { owedOf } from './now-owed.ts';
import { stateOf } from './now-state.ts';
import { openTasksOf, slotsOf } from './now-work.ts';

type WouldRefuse = StatusAnswer['wouldHaveBy'][number];

/** Makes the page. */
export async function nowView(context: PageContext): Promise<View> {
  const { api, words, language } = context;
  const [status, { claims }] = await Promise.all([
    api.get('/v1/status', { language }),
    api.get('/v1/claims'),
  ]);
  return {
    title: words.pages.now,
    sections: [
      section('state', null, stateOf(context, status), true),
      section('budgets', words.budgets.title, budgetsOf(context, status.budgets), true),
      section('hour', words.hour.title, hourOf(context, status)),
      section('firing', words.firing.title, firingOf(context, status)),
      section('owed', words.owed.title, owedOf(context, claims)),
      section('open-tasks', words.open.title, openTasksOf(context, status), true),
      section('slots', words.slots.title, slotsOf(context, status)),
      section('doubts', words.doubt.title, doubtsOf(context, status)),
      { ...section('orders', words.orders.open, ordersOf(context, status)), isLive: false },
      ...(status.mode === 'observe'
        ? [section('would-refuse', words.would.title, wouldRefuseOf(context, status), true)]
        : []),
    ],
  };
}

function firingOf({ words, format, links }: PageContext, { alerts }: StatusAnswer): Part {
  if (alerts.firing.length === 0) return h('p', { class: 'empty' }, words.firing.empty);
  const more = alerts.firingCount - alerts.firing.length;
  return [
    h(
      'ul',
      { class: 'firing' },
      alerts.firing.map(({ severity, title, since }) =>
        h(
          'li',
          { class: severity },
          link(links.to('/page/alerts'), title),
          ' ',
          h('time', null, format.fullTime(since)),
        ),
      ),
    ),
    more > 0 ? h('p', { class: 'notes' }, link(links.to('/page/alerts'), words.firing.others(more))) : null,
  ];
}

function ordersOf(context: PageContext, { frozen, budgets }: StatusAnswer): Part {
  const { orders } = context.words;
  const named = [...new Set(budgets.map(({ name }) => name))];
  return [
    folded(
      frozen ? orders.unfreeze : orders.freeze,
      orderForm(context, {
        method: frozen ? 'DELETE' : 'POST',
        path: '/v1/freeze',
        button: frozen ? orders.unfreeze : orders.freeze,
      }),
    ),
    named.map((name) =>
      folded(
        `${orders.raise} ${name}`,
        orderForm(context, {
          method: 'POST',
          path: `/v1/budgets/${encodeURIComponent(name)}/raise`,
          button: orders.raise,
          fields: [
            { name: 'byCredits', label: orders.byCredits, type: 'number' },
            { name: 'until', label: orders.until, type: 'date' },
          ],
        }),
      ),
    ),
  ];
}

function doubtsOf({ words, format, links }: PageContext, status: StatusAnswer): Part {
  const { inDoubtHolds, inDoubtCredits, oldestDoubtSince, heldElsewhere } = status;
  const { doubt } = words;
  const since = format.fullTime(oldestDoubtSince);
  const text = doubt.text(format.count(inDoubtHolds), format.credits(inDoubtCredits), since);
  return [
    inDoubtHolds === 0
      ? h('p', { class: 'empty' }, doubt.empty)
      : h('p', { class: 'notice' }, link(links.to('/page/holds', { inDoubt: 'true' }), text)),
    heldElsewhere.map(({ upstream, holds, credits }) =>
      h(
        'p',
        { class: 'notice' },
        link(
          links.to('/page/holds', { state: 'held' }),
          doubt.elsewhere(format.count(holds), format.credits(credits), upstream),
        ),
      ),
    ),
  ];
}

function wouldRefuseOf({ words, format, links }: PageContext, status: StatusAnswer): Part {
  const { would } = words;
  const { wouldHaveSince: since } = status;
  const refusals = ({ word, app, budget }: WouldRefuse): string =>
    links.to('/page/calls', { kind: 'would-refuse', word, app, budget, from: since });
  return [
    since === null ? null : h('p', null, would.since(format.fullTime(since))),
    tableOf(
      status.wouldHaveBy,
      [
        { heading: would.word, cell: ({ word }) => wordOf(words.values.refusals, word) },
        { heading: would.app, cell: ({ app }) => app },
        { heading: would.budget, cell: ({ budget }) => budget ?? words.none },
        {
          heading: would.creates,
          cell: (row) => link(refusals(row), format.count(row.count)),
          isNumber: true,
        },
        {
          heading: would.credits,
          cell: (row) => link(refusals(row), format.credits(row.credits)),
          isNumber: true,
        },
      ],
      { caption: would.title, empty: would.empty },
    ),
  ];
}
