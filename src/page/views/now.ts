/** The page *Now*: is everything well, what does it cost, what waits. */
import type { BudgetAnswer } from '../../control/budget-schemas.ts';
import type { StatusAnswer } from '../../control/schemas.ts';
import { h, type Element, type Part } from '../element.ts';
import { folded, orderForm } from '../orders.ts';
import { facts, link, tableOf } from '../table.ts';
import { section, type PageContext, type View } from '../view.ts';

/** Makes the page. */
export async function nowView(context: PageContext): Promise<View> {
  const { api, words } = context;
  const [status, { budgets }] = await Promise.all([api.get('/v1/status'), api.get('/v1/budgets')]);
  return {
    title: words.pages.now,
    sections: [
      section('state', null, stateOf(context, status), true),
      section('budgets', words.budgets.title, budgetsOf(context, budgets), true),
      section('slots', words.slots.title, slotsOf(context, status)),
      section('open-tasks', words.open.title, openTasksOf(context, status)),
      section('firing', words.firing.title, firingOf(context, status)),
      section('doubts', words.doubt.title, doubtsOf(context, status)),
      { ...section('orders', words.orders.open, ordersOf(context, status)), isLive: false },
      ...(status.mode === 'observe'
        ? [section('would-refuse', words.would.title, wouldRefuseOf(context, status), true)]
        : []),
    ],
  };
}

type Level = 'well' | 'notice' | 'trouble';

/** Gives what a person must know first, the worst first. */
function troublesOf({ words }: PageContext, status: StatusAnswer): readonly (readonly [Level, string])[] {
  const { state } = words;
  const { kling } = status;
  const all: (readonly [boolean, Level, string])[] = [
    [status.frozen, 'trouble', state.frozen],
    [kling.credentials === 'refused', 'trouble', state.refused],
    [kling.unreachable !== null, 'trouble', state.unreachable],
    [status.breaker.open, 'trouble', state.breaker],
    [status.stops.length > 0, 'trouble', state.stopped],
    [status.alerts.firingCount > 0, 'notice', state.alerts],
    [status.inDoubtHolds > 0, 'notice', state.doubt],
  ];
  return all.filter(([isSo]) => isSo).map(([, level, text]) => [level, text]);
}

function stateOf(context: PageContext, status: StatusAnswer): Part {
  const { words, format } = context;
  const { state } = words;
  const found = troublesOf(context, status);
  const troubles = found.length === 0 ? [['well', state.well] as const] : found;
  const credentials = { unknown: state.unknown, accepted: state.accepted, refused: state.rejected };
  return [
    h(
      'ul',
      { class: 'troubles' },
      troubles.map(([level, text]) => h('li', { class: level }, text)),
    ),
    facts([
      [state.mode, status.mode === 'observe' ? state.observe : state.protect],
      [state.upstream, status.upstream],
      [state.lastAnswer, credentials[status.kling.credentials]],
      [state.environment, status.environment],
      [state.uptime, status.uptimeSeconds === 0 ? null : format.duration(status.uptimeSeconds * 1000)],
      [state.clock, status.clockOffsetMs === null ? null : format.ms(status.clockOffsetMs)],
      [state.version, status.version],
    ]),
    status.freeze &&
      h(
        'p',
        { class: 'trouble' },
        words.orders.frozenBy(
          status.freeze.actor,
          format.fullTime(status.freeze.since),
          status.freeze.reason,
        ),
      ),
  ];
}

function budgetsOf(context: PageContext, budgets: readonly BudgetAnswer[]): Part {
  const { words } = context;
  if (budgets.length === 0) return h('p', { class: 'empty' }, words.budgets.empty);
  return h(
    'ul',
    { class: 'budgets' },
    budgets.map((budget) => h('li', null, budgetOf(context, budget))),
  );
}

/** One budget as a gauge, with each of its numbers beside it. */
function budgetOf({ words, format, links }: PageContext, budget: BudgetAnswer): Part {
  const { budgets } = words;
  const name = budget.perValue === null ? budget.name : `${budget.name} (${budget.perValue})`;
  const spentOn = links.to('/page/spending', { by: 'day' });
  const numbers: readonly (readonly [string, Part])[] = [
    [budgets.settled, link(spentOn, format.credits(budget.settledCredits))],
    [budgets.held, format.credits(budget.heldCredits - budget.inDoubtCredits)],
    [budgets.doubt, budget.inDoubtCredits === 0 ? null : format.credits(budget.inDoubtCredits)],
    [budgets.remaining, format.credits(budget.remainingCredits)],
  ];
  const notes = [
    budget.resetsAt === null ? budgets.never : `${budgets.resets} ${format.fullTime(budget.resetsAt)}`,
    budget.mode === 'shadow' ? budgets.shadow : null,
    budget.remainingCredits <= 0 && budget.mode === 'enforce' ? budgets.usedUp : null,
    budget.remainingUsd === null ? null : budgets.usd(format.usd(budget.remainingUsd)),
    ...budget.raises.map((raise) => budgets.raised(format.credits(raise.byCredits))),
  ].filter((note) => note !== null);
  return [
    h(
      'h3',
      null,
      name,
      h('span', { class: 'limit' }, `${budgets.of} ${format.credits(budget.limitCredits)} ${words.credits}`),
    ),
    gauge(budget, `${name}: ${format.percent(budget.usedPercent / 100)}`),
    facts(numbers),
    h('p', { class: 'notes' }, notes.join(' · ')),
  ];
}

const GAUGE_WIDTH = 100;

/** Draws settled, held and in doubt as shares of the limit. Attributes, not styles: the page's policy forbids these. */
function gauge(budget: BudgetAnswer, label: string): Element {
  const { limitCredits, settledCredits, heldCredits, inDoubtCredits } = budget;
  const scale = Math.max(limitCredits, settledCredits + heldCredits, 0.001);
  let from = 0;
  const bar = (kind: string, credits: number): Element => {
    const width = (Math.max(0, credits) / scale) * GAUGE_WIDTH;
    const drawn = h('rect', { class: kind, x: from.toFixed(2), y: 0, width: width.toFixed(2), height: 4 });
    from += width;
    return drawn;
  };
  return h(
    'svg',
    {
      class: 'gauge',
      viewBox: `0 0 ${GAUGE_WIDTH} 4`,
      preserveAspectRatio: 'none',
      role: 'img',
      'aria-label': label,
    },
    h('rect', { class: 'rest', x: 0, y: 0, width: GAUGE_WIDTH, height: 4 }),
    bar('settled', settledCredits),
    bar('held', heldCredits - inDoubtCredits),
    bar('doubt', inDoubtCredits),
  );
}

function slotsOf({ words, format, links }: PageContext, { pools }: StatusAnswer): Part {
  const { slots } = words;
  return tableOf(
    pools,
    [
      { heading: slots.pool, cell: ({ name }) => name },
      { heading: slots.inUse, cell: ({ inUse }) => format.count(inUse), isNumber: true },
      { heading: slots.elsewhere, cell: ({ elsewhere }) => format.count(elsewhere), isNumber: true },
      {
        heading: slots.limit,
        cell: ({ limit }) => (limit === null ? words.none : format.count(limit)),
        isNumber: true,
      },
      {
        heading: slots.queued,
        cell: ({ queued }) => link(links.to('/page/queue'), format.count(queued)),
        isNumber: true,
      },
      { heading: slots.paused, cell: ({ pausedUntil }) => format.time(pausedUntil ?? null) },
    ],
    { caption: slots.title, empty: slots.empty },
  );
}

function openTasksOf({ words, format, links }: PageContext, { openTasks }: StatusAnswer): Part {
  const { open } = words;
  return tableOf(
    openTasks,
    [
      { heading: open.product, cell: ({ product }) => product },
      { heading: open.state, cell: ({ state }) => state },
      {
        heading: open.tasks,
        cell: ({ state, tasks }) => link(links.to('/page/tasks', { state }), format.count(tasks)),
        isNumber: true,
      },
      {
        heading: open.stuck,
        cell: ({ stuck }) => link(links.to('/page/tasks', { stuck: 'true' }), format.count(stuck)),
        isNumber: true,
      },
    ],
    { caption: open.title, empty: open.empty },
  );
}

function firingOf({ words, format, links }: PageContext, { alerts }: StatusAnswer): Part {
  if (alerts.firing.length === 0) return h('p', { class: 'empty' }, words.firing.empty);
  return h(
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
  );
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
  const { inDoubtHolds, inDoubtCredits, oldestDoubtSince } = status;
  if (inDoubtHolds === 0) return h('p', { class: 'empty' }, words.doubt.empty);
  const since = format.fullTime(oldestDoubtSince);
  const text = words.doubt.text(format.count(inDoubtHolds), format.credits(inDoubtCredits), since);
  return h('p', { class: 'notice' }, link(links.to('/page/holds', { inDoubt: 'true' }), text));
}

function wouldRefuseOf({ words, format, links }: PageContext, status: StatusAnswer): Part {
  const { would } = words;
  return [
    status.wouldHaveSince === null ? null : h('p', null, would.since(format.fullTime(status.wouldHaveSince))),
    tableOf(
      status.wouldHaveBy,
      [
        {
          heading: would.word,
          cell: ({ word }) => link(links.to('/page/calls', { kind: 'would-refuse' }), word),
        },
        { heading: would.app, cell: ({ app }) => app },
        { heading: would.budget, cell: ({ budget }) => budget ?? words.none },
        { heading: would.creates, cell: ({ count }) => format.count(count), isNumber: true },
        { heading: would.credits, cell: ({ credits }) => format.credits(credits), isNumber: true },
      ],
      { caption: would.title, empty: would.empty },
    ),
  ];
}
