/** The budgets as gauges, with what is settled, held, in doubt and left, and how long the rest lasts. */
import { CLOCKS_MS } from '../../budget/adopted.ts';
import type { BudgetAnswer } from '../../control/budget-schemas.ts';
import { h, type Element, type Part } from '../element.ts';
import type { Format } from '../format.ts';
import { wordOf } from '../value-words.ts';
import { facts, link } from '../table.ts';
import type { PageContext } from '../view.ts';

/** The rows of one budget per app or tag that are shown unless the address asks for all of them. */
const PER_SHOWN_MAX = 6;
/** In the address: the name of the budget whose rows are all shown. */
const ALL_OF = 'budget';

/** Shows every budget; of one per app or tag the most used rows. */
export function budgetsOf(context: PageContext, budgets: readonly BudgetAnswer[]): Part {
  const { words } = context;
  if (budgets.length === 0) return h('p', { class: 'empty' }, words.budgets.empty);
  const formats = new Map<string, Format>();
  const inZone = (zone: string): Format => {
    const format = formats.get(zone) ?? context.format.in(zone);
    formats.set(zone, format);
    return format;
  };
  const named = [...Map.groupBy(budgets, ({ name }) => name)];
  return h(
    'ul',
    { class: 'budgets' },
    named.map(([name, rows]) => {
      const shown = context.query.get(ALL_OF) === name ? rows : mostUsed(rows);
      return [
        shown.map((budget) => h('li', null, budgetOf(context, budget, inZone(budget.timeZone)))),
        shown.length === rows.length ? null : othersOf(context, name, rows.length - shown.length),
      ];
    }),
  );
}

/** Gives the most used rows, in the order in which they came. */
function mostUsed(rows: readonly BudgetAnswer[]): readonly BudgetAnswer[] {
  if (rows.length <= PER_SHOWN_MAX) return rows;
  const kept = new Set(rows.toSorted((a, b) => b.usedPercent - a.usedPercent).slice(0, PER_SHOWN_MAX));
  return rows.filter((row) => kept.has(row));
}

function othersOf({ words, links }: PageContext, name: string, others: number): Element {
  return h(
    'li',
    { class: 'notes' },
    link(links.to('/', { [ALL_OF]: name }), words.budgets.others(name, others)),
  );
}

/** One budget as a gauge, with each of its numbers beside it. */
function budgetOf(context: PageContext, budget: BudgetAnswer, inZone: Format): Part {
  const { words, format } = context;
  const { budgets } = words;
  const name = budget.perValue === null ? budget.name : `${budget.name} (${budget.perValue || words.none})`;
  const holds = (values: Record<string, string>): string => holdsLink(context, budget, values);
  const credits = (value: number, values: Record<string, string>): Part =>
    value === 0 ? format.credits(0) : link(holds(values), format.credits(value));
  const { settledCredits, heldCredits, inDoubtCredits, remainingCredits } = budget;
  // What is left, what it costs and the pace come from everything that counts in the window.
  const counted = holds({ counted: 'true' });
  return [
    h(
      'h3',
      null,
      link(counted, name),
      h('span', { class: 'limit' }, [
        `${budgets.of} `,
        link(limitLink(context), `${format.credits(budget.limitCredits)} ${words.credits}`),
      ]),
    ),
    gauge(budget, `${name}: ${format.percent(budget.usedPercent / 100)}`),
    facts([
      [budgets.settled, credits(settledCredits, { spent: 'true' })],
      [budgets.held, credits(heldCredits - inDoubtCredits, { state: 'held', inDoubt: 'false' })],
      [budgets.doubt, inDoubtCredits === 0 ? null : credits(inDoubtCredits, { inDoubt: 'true' })],
      [budgets.remaining, link(counted, format.credits(remainingCredits))],
      [
        budgets.cost,
        link(counted, budgets.costOf(money(format, budget, 'used'), money(format, budget, 'limit'))),
      ],
    ]),
    forecastOf(context, budget, counted),
    h(
      'p',
      { class: 'notes' },
      notesOf(context, budget, inZone).map((note, at) => [at === 0 ? null : ' · ', note]),
    ),
  ];
}

function money(format: Format, { cost }: BudgetAnswer, part: 'used' | 'limit'): string {
  return format.money(cost[part], cost.currency);
}

/** Says when the budget is used up at the present pace; nothing if it lasts, or if nothing is known. */
function forecastOf({ words, format }: PageContext, budget: BudgetAnswer, counted: string): Part {
  const { exhaustionSeconds: seconds, mode, remainingCredits } = budget;
  if (remainingCredits <= 0)
    return h('p', { class: mode === 'enforce' ? 'trouble' : 'notice' }, link(counted, words.budgets.usedUp));
  if (seconds === null) return null;
  return h('p', { class: 'notice' }, link(counted, words.budgets.exhausted(format.duration(seconds * 1000))));
}

function notesOf(
  { words, format, links }: PageContext,
  budget: BudgetAnswer,
  inZone: Format,
): readonly Part[] {
  const { budgets, values } = words;
  const matched = Object.entries(budget.match).map(
    ([key, value]) => `${wordOf(values.labels, key)} ${value}`,
  );
  return [
    budget.resetsAt === null ? budgets.never : `${budgets.resets} ${inZone.fullTime(budget.resetsAt)}`,
    matched.length === 0 ? null : budgets.only(matched.join(', ')),
    budget.mode === 'shadow' ? budgets.shadow : null,
    budget.pending === true ? budgets.pending : null,
    ...budget.raises.map(({ byCredits, until, actor }) =>
      link(
        links.to('/page/audit', { action: 'budget.raise', subject: budget.name }),
        budgets.raised(format.credits(byCredits), inZone.fullTime(until), actor),
      ),
    ),
  ].filter((note) => note !== null);
}

/** Gives the address of the config that says the limits. */
function limitLink({ links }: PageContext): string {
  return links.to('/page/config', { search: 'budgets' });
}

/** Gives the address of the holds that count in this budget's window. */
function holdsLink(
  { links }: PageContext,
  { counterId, startsAt, resetsAt }: BudgetAnswer,
  values: Record<string, string>,
): string {
  // An adopted create may count in a window that began shortly after it.
  const from = new Date(Date.parse(startsAt) - CLOCKS_MS).toISOString();
  const span = resetsAt === null ? {} : { from, to: resetsAt };
  return links.to('/page/holds', { counter: counterId, ...span, ...values });
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
