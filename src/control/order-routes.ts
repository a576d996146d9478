/** What an operator may order: every one of these asks for the token and a reason, and leaves an audit row. */
import { createRoute } from '@hono/zod-openapi';
import { fromCredits } from '../units.ts';
import { answerBudgets } from './answers/budget-answer.ts';
import { answerClockReset } from './answers/clock-answer.ts';
import { answerFreeze } from './answers/status-answer.ts';
import { answerHold } from './answers/hold-answer.ts';
import type { ControlCommands } from './commands.ts';
import { budgetParams, holdParams, orderBody, raiseBody, reasonBody } from './questions.ts';
import { answers, jsonBody, signed, TOKEN, type App } from './route-parts.ts';
import {
  budgetsAnswer,
  clockAnswer,
  clockResetAnswer,
  freezeAnswer,
  holdAnswer,
  reloadAnswer,
  stopAnswer,
} from './schemas.ts';

const resolve = createRoute({
  method: 'post',
  path: '/v1/holds/{id}/{action}',
  summary: 'Releases a hold, or writes it off as spent, on the operator’s word',
  security: TOKEN,
  request: { params: holdParams, body: jsonBody(reasonBody) },
  responses: answers(holdAnswer, 'The hold as it is now.'),
});
const raise = createRoute({
  method: 'post',
  path: '/v1/budgets/{name}/raise',
  summary: 'Raises a budget’s limit until an instant',
  security: TOKEN,
  request: { params: budgetParams, body: jsonBody(raiseBody) },
  responses: answers(budgetsAnswer, 'The budgets in force.'),
});
const freeze = createRoute({
  method: 'post',
  path: '/v1/freeze',
  summary: 'Stops all spending; reads go on',
  security: TOKEN,
  request: { body: jsonBody(reasonBody) },
  responses: answers(freezeAnswer, 'Frozen.'),
});
const unfreeze = createRoute({
  method: 'delete',
  path: '/v1/freeze',
  summary: 'Resumes spending',
  security: TOKEN,
  request: { body: jsonBody(reasonBody) },
  responses: answers(freezeAnswer, 'Resumed.'),
});
const acceptClock = createRoute({
  method: 'post',
  path: '/v1/clock/accept',
  summary: 'Accepts the difference between our clock and Kling’s as it stands, so that creates go on',
  security: TOKEN,
  request: { body: jsonBody(reasonBody) },
  responses: answers(clockAnswer, 'Accepted.'),
});
const resetClock = createRoute({
  method: 'post',
  path: '/v1/clock/reset',
  summary: 'Dates new holds by the present again, after a wrong clock dated some into the future',
  security: TOKEN,
  request: { body: jsonBody(reasonBody) },
  responses: answers(clockResetAnswer, 'What was dated later than the present, if anything.'),
});

const reload = createRoute({
  method: 'post',
  path: '/v1/reload',
  summary: 'Reads config and secrets again; what is invalid changes nothing and is named',
  security: TOKEN,
  request: { body: jsonBody(orderBody) },
  responses: answers(reloadAnswer, 'Taken.'),
});
const stop = createRoute({
  method: 'post',
  path: '/v1/stop',
  summary: 'Stops the sidecar; requests in flight are finished first',
  security: TOKEN,
  request: { body: jsonBody(orderBody) },
  responses: answers(stopAnswer, 'It has begun to stop.'),
});

/** Adds the routes that change something. */
export function addOrderRoutes(app: App, commands: ControlCommands): void {
  const { reader } = commands;
  app.openapi(resolve, async (context) => {
    const { id, action } = context.req.valid('param');
    await commands.resolveHold(id, action, signed(context, context.req.valid('json')));
    return context.json(await answerHold(reader, id), 200);
  });
  app.openapi(raise, async (context) => {
    const { name } = context.req.valid('param');
    const { byCredits, until, ...order } = signed(context, context.req.valid('json'));
    await commands.raiseBudget({ name, byCredits: fromCredits(byCredits), until }, order);
    return context.json(await answerBudgets(reader, commands.now(), commands.cash()), 200);
  });
  app.openapi(freeze, async (context) => {
    await commands.freeze(signed(context, context.req.valid('json')));
    return context.json(await answerFreeze(reader), 200);
  });
  app.openapi(unfreeze, async (context) => {
    await commands.unfreeze(signed(context, context.req.valid('json')));
    return context.json(await answerFreeze(reader), 200);
  });
  app.openapi(acceptClock, async (context) =>
    context.json(await commands.acceptClock(signed(context, context.req.valid('json'))), 200),
  );
  app.openapi(resetClock, async (context) =>
    context.json(
      answerClockReset(await commands.resetClock(signed(context, context.req.valid('json')))),
      200,
    ),
  );
  app.openapi(reload, async (context) => {
    const { changed, needRestart } = await commands.reload(signed(context, context.req.valid('json')));
    return context.json({ changed: [...changed], needRestart: [...needRestart] }, 200);
  });
  app.openapi(stop, async (context) =>
    context.json(await commands.stop(signed(context, context.req.valid('json'))), 200),
  );
}
