/** What one task cost: its price and the rule behind it, what is settled and how that is known, and Kling's own rows. */
import type { TaskAnswer } from '../../control/task-schemas.ts';
import { h, type Part } from '../element.ts';
import { facts, tableOf } from '../table.ts';
import type { PageContext } from '../view.ts';

type Deduction = NonNullable<TaskAnswer['deduction']>;

/** Makes the body of the section. */
export function moneyOf(context: PageContext, task: TaskAnswer): Part {
  return [facts(priceFacts(context, task)), changesOf(context, task), ledgerOf(context, task)];
}

type Fact = readonly [name: string, value: Part];

function priceFacts(context: PageContext, { price, deduction, heldCredits }: TaskAnswer): Fact[] {
  const { words, say, format } = context;
  const { task } = words;
  const credits = (value: number): string => `${format.credits(value)} ${words.credits}`;
  return [
    [task.held, credits(price.credits)],
    [task.rule, price.rule === null ? task.noRule : say(price.rule)],
    [task.basis, task.bases[price.basis]],
    [
      task.notes,
      price.notes.length === 0
        ? null
        : h(
            'ul',
            null,
            price.notes.map((note) => h('li', null, say(note))),
          ),
    ],
    [task.length, price.durationSeconds === null ? null : words.tasks.seconds(price.durationSeconds)],
    [task.slots, format.count(price.weight)],
    ...(deduction === null
      ? [[task.settled, `${task.open} (${credits(heldCredits)})`] as const]
      : deductionFacts(context, deduction, price.credits)),
  ];
}

function deductionFacts({ words, say, format }: PageContext, deduction: Deduction, held: number): Fact[] {
  const { task } = words;
  const { credits, at, basis, source, note } = deduction;
  const difference = credits - held;
  return [
    [task.settled, `${format.credits(credits)} ${words.credits}`],
    [task.difference, `${difference > 0 ? '+' : ''}${format.credits(difference)} ${words.credits}`],
    [task.at, format.fullTime(at)],
    [task.source, task.sources[source ?? (basis === 'none' ? 'none' : 'estimate')]],
    [task.said, note === null ? null : say(note)],
  ];
}

function changesOf({ words, say, format }: PageContext, { deduction }: TaskAnswer): Part {
  const { task } = words;
  if (deduction === null || deduction.changes.length === 0) return null;
  return [
    h('h3', null, task.changes),
    tableOf(
      deduction.changes,
      [
        { heading: words.calls.at, cell: ({ at }) => format.fullTime(at) },
        {
          heading: task.by,
          cell: ({ byCredits }) => `${byCredits > 0 ? '+' : ''}${format.credits(byCredits)}`,
          isNumber: true,
        },
        { heading: task.source, cell: ({ basis }) => task.basisOf[basis] },
        { heading: task.said, cell: ({ note }) => (note === null ? words.none : say(note)) },
      ],
      { caption: task.changes, empty: words.none },
    ),
  ];
}

function ledgerOf({ words, format }: PageContext, { ledgerRows }: TaskAnswer): Part {
  const { task } = words;
  if (ledgerRows.length === 0) return h('p', { class: 'notes' }, task.noLedgers);
  return [
    h('h3', null, task.ledgers),
    tableOf(
      ledgerRows,
      [
        { heading: words.calls.at, cell: ({ at }) => format.fullTime(at) },
        { heading: task.wallet, cell: ({ wallet }) => task.wallets[wallet] },
        { heading: task.amount, cell: ({ amount }) => amount },
        {
          heading: words.calls.credits,
          cell: ({ credits }) => (credits === null ? words.none : format.credits(credits)),
          isNumber: true,
        },
        { heading: task.pack, cell: ({ packId }) => packId ?? words.none },
      ],
      { caption: task.ledgers, empty: task.noLedgers },
    ),
  ];
}
