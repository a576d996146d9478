/** What was spent, what is held, what would fit: budgets, estimate, usage, holds, audit. */
import { createRoute, z } from '@hono/zod-openapi';
import { answerAudit } from './answers/audit-answer.ts';
import { answerBudgetLimits, answerBudgets } from './answers/budget-answer.ts';
import { answerEstimate } from './answers/estimate-answer.ts';
import { answerHolds } from './answers/hold-answer.ts';
import { answerUsage } from './answers/usage-answer.ts';
import type { ControlCommands } from './commands.ts';
import { EstimateTurns } from './estimate-turns.ts';
import {
  auditQuery,
  budgetLimitsQuery,
  budgetsQuery,
  estimateBody,
  holdsQuery,
  usageQuery,
} from './questions.ts';
import { addQuestion, answers, jsonBody, describeQuestion, TOKEN, type App } from './route-parts.ts';
import { budgetLimitsAnswer, budgetsAnswer } from './budget-schemas.ts';
import { auditAnswer, estimateAnswer, holdsAnswer } from './schemas.ts';
import { usageAnswer, usageSumsAnswer } from './usage-schemas.ts';

const budgets = describeQuestion({
  path: '/v1/budgets',
  summary: 'The budgets in force, each in its present window',
  query: budgetsQuery,
  answer: budgetsAnswer,
  says: 'The budgets.',
});
const budgetLimits = describeQuestion({
  path: '/v1/budgets/limits',
  summary: 'The limits that the budgets in force now had over a past time, with their raises',
  query: budgetLimitsQuery,
  answer: budgetLimitsAnswer,
  says: 'The budgets.',
});
const estimate = createRoute({
  method: 'post',
  path: '/v1/estimate',
  summary: 'What a batch of creates would cost, and how much of it the budgets hold; changes nothing',
  request: { body: jsonBody(estimateBody) },
  responses: answers(estimateAnswer, 'The estimate.'),
});
const usage = describeQuestion({
  path: '/v1/usage',
  summary: 'What each create cost, or sums of it by some keys',
  query: usageQuery,
  answer: z.union([usageAnswer, usageSumsAnswer]),
  says: 'Rows, newest first, or sums.',
});
const holds = describeQuestion({
  path: '/v1/holds',
  summary: 'Credits kept back for creates',
  query: holdsQuery,
  answer: holdsAnswer,
  says: 'Newest first.',
});
const audit = createRoute({
  method: 'get',
  path: '/v1/audit',
  summary: 'What operators changed, and why',
  security: TOKEN,
  request: { query: auditQuery },
  responses: answers(auditAnswer, 'Newest first.'),
});

/** Adds the routes that show money. */
export function addMoneyRoutes(app: App, commands: ControlCommands): void {
  const { reader } = commands;
  const turns = new EstimateTurns();
  // Reading and checking the body are part of the turn: a large one takes some milliseconds.
  app.use(estimate.path, (_context, next) => turns.run(next));
  addQuestion(app, budgets, ({ query }) => answerBudgets(commands, query.summary));
  addQuestion(app, budgetLimits, ({ query }) => answerBudgetLimits(reader, query));
  app.openapi(estimate, async (context) => {
    const { requests, app: from = 'default', tag = null } = context.req.valid('json');
    const question = { requests, app: from, tag, at: commands.now() };
    return context.json(await answerEstimate(reader, commands.price, question), 200);
  });
  addQuestion(app, usage, ({ query }) =>
    answerUsage(reader, query, { now: commands.now(), cash: commands.cash() }),
  );
  addQuestion(app, holds, ({ query }) => answerHolds(commands, query));
  app.openapi(audit, async (context) =>
    context.json(await answerAudit(reader, context.req.valid('query')), 200),
  );
}
