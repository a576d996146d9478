/** Suggestions for the config, by what Kling deducted. They change nothing. */
import { answerPrices, answerSuggestedBudgets } from './answers/suggest-answer.ts';
import type { ControlCommands } from './commands.ts';
import { addQuestion, describeQuestion, type App } from './route-parts.ts';
import { budgetsQuery, pricesAnswer, pricesQuery, suggestedBudgetsAnswer } from './suggest-schemas.ts';

const prices = describeQuestion({
  path: '/v1/suggestions/prices',
  summary: 'The pricing.overrides that would have been right, by Kling’s deductions',
  query: pricesQuery,
  answer: pricesAnswer,
  says: 'The overrides, and what they are made of.',
});
const budgets = describeQuestion({
  path: '/v1/suggestions/budgets',
  summary:
    'Limits for budgets by what was spent: by Kling’s ledgers for the account, by our creates for each app',
  query: budgetsQuery,
  answer: suggestedBudgetsAnswer,
  says: 'The budgets, and what they are made of.',
});

/** Adds the routes. */
export function addSuggestRoutes(app: App, commands: ControlCommands): void {
  const { reader } = commands;
  addQuestion(app, prices, ({ query }) => answerPrices(reader, query, commands.now()));
  addQuestion(app, budgets, ({ query }) =>
    answerSuggestedBudgets(reader, query, { now: commands.now(), price: commands.cash() }),
  );
}
