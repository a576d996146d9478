/** What was spent, what is held, what would fit: budgets, estimate, usage, holds, audit. */
import { createRoute, z } from '@hono/zod-openapi';
import { answerAudit } from './answers/audit-answer.ts';
import { answerBudgets } from './answers/budget-answer.ts';
import { answerEstimate } from './answers/estimate-answer.ts';
import { answerHolds } from './answers/hold-answer.ts';
import { answerUsage } from './answers/usage-answer.ts';
import type { ControlCommands } from './commands.ts';
import { EstimateTurns } from './estimate-turns.ts';
import { auditQuery, estimateBody, holdsQuery, usageQuery } from './questions.ts';
import { answers, jsonBody, TOKEN, type App } from './route-parts.ts';
import { auditAnswer, budgetsAnswer, estimateAnswer, holdsAnswer } from './schemas.ts';
import { usageAnswer, usageSumsAnswer } from './usage-schemas.ts';

const budgets = createRoute({
  method: 'get',
  path: '/v1/budgets',
  summary: 'The budgets in force, each in its present window',
  responses: answers(budgetsAnswer, 'The budgets.'),
});
const estimate = createRoute({
  method: 'post',
  path: '/v1/estimate',
  summary: 'What a batch of creates would cost, and how much of it the budgets hold; changes nothing',
  request: { body: jsonBody(estimateBody) },
  responses: answers(estimateAnswer, 'The estimate.'),
});
const usage = createRoute({
  method: 'get',
  path: '/v1/usage',
  summary: 'What each create cost, or sums of it by some keys',
  request: { query: usageQuery },
  responses: answers(z.union([usageAnswer, usageSumsAnswer]), 'Rows, newest first, or sums.'),
});
const holds = createRoute({
  method: 'get',
  path: '/v1/holds',
  summary: 'Credits kept back for creates',
  request: { query: holdsQuery },
  responses: answers(holdsAnswer, 'Newest first.'),
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
  app.openapi(budgets, async (context) =>
    context.json(await answerBudgets(reader, commands.now(), commands.cash()), 200),
  );
  app.openapi(estimate, async (context) => {
    const { requests, app: from = 'default', tag = null } = context.req.valid('json');
    const question = { requests, app: from, tag, at: commands.now() };
    return context.json(await answerEstimate(reader, commands.price, question), 200);
  });
  app.openapi(usage, async (context) =>
    context.json(
      await answerUsage(reader, context.req.valid('query'), { now: commands.now(), cash: commands.cash() }),
      200,
    ),
  );
  app.openapi(holds, async (context) =>
    context.json(await answerHolds(reader, context.req.valid('query')), 200),
  );
  app.openapi(audit, async (context) =>
    context.json(await answerAudit(reader, context.req.valid('query')), 200),
  );
}
