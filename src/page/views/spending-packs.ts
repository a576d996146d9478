/** The account's packs: what is left, how long it lasts, and what will expire unused. */
import type { PacksAnswer } from '../../control/pack-schemas.ts';
import { h, type Part } from '../element.ts';
import { facts, tableOf } from '../table.ts';
import type { PageContext } from '../view.ts';

/** Shows the packs by Kling's list, and when that was read. */
export function packsOf({ words, say, format }: PageContext, answer: PacksAnswer): Part {
  const { spending, values } = words;
  const { packs, products, readAt, problem } = answer;
  const number = (value: number | null): string => (value === null ? words.none : format.credits(value));
  const used = products.filter(({ daysLeft }) => daysLeft !== null);
  return [
    tableOf(
      packs,
      [
        { heading: spending.pack, cell: ({ name }) => name },
        {
          heading: words.tasks.state,
          cell: ({ state }) => h('span', { class: `state ${state}` }, values.packStates[state]),
        },
        { heading: spending.left, cell: ({ remainingUnits }) => number(remainingUnits), isNumber: true },
        { heading: spending.ofUnits, cell: ({ totalUnits }) => number(totalUnits), isNumber: true },
        {
          heading: words.credits,
          cell: ({ remainingCredits }) => number(remainingCredits),
          isNumber: true,
        },
        { heading: spending.perDay, cell: ({ perDayUnits }) => number(perDayUnits), isNumber: true },
        { heading: spending.daysLeft, cell: ({ daysLeft }) => number(daysLeft), isNumber: true },
        { heading: spending.expires, cell: ({ expiresAt }) => format.fullTime(expiresAt) },
        { heading: spending.unused, cell: ({ unusedUnits }) => number(unusedUnits), isNumber: true },
      ],
      { caption: spending.packs, empty: spending.noPacks },
    ),
    used.length === 0
      ? null
      : facts(
          used.map(
            ({ product, daysLeft }) => [spending.lasts(values.products[product]), number(daysLeft)] as const,
          ),
        ),
    readAt === null ? null : h('p', { class: 'notes' }, spending.readAt(format.fullTime(readAt))),
    problem === null ? null : h('p', { class: 'notice' }, spending.readProblem, say(problem)),
  ];
}
