/** The comparison of our ledger with Kling's. */
import { answerReconciliation } from './answers/reconcile-answer.ts';
import type { ControlCommands } from './commands.ts';
import { reconcileQuery, reconciliationAnswer } from './reconcile-schemas.ts';
import { addQuestion, describeQuestion, type App } from './route-parts.ts';

const reconciliation = describeQuestion({
  path: '/v1/reconciliation',
  summary: 'Our ledger against Kling’s as they were last read, day by day; asks Kling nothing',
  query: reconcileQuery,
  answer: reconciliationAnswer,
  says: 'The days, the first one first.',
});

/** Adds the route. */
export function addReconcileRoutes(app: App, commands: ControlCommands): void {
  addQuestion(app, reconciliation, ({ query }) =>
    answerReconciliation(commands.reader, query, { now: commands.now(), price: commands.cash() }),
  );
}
