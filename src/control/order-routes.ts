/** What an operator may order: every one of these asks for the token and a reason, and leaves an audit row. */
import { fromCredits } from '../units.ts';
import { answerBudgets } from './answers/budget-answer.ts';
import { answerClockReset } from './answers/clock-answer.ts';
import { answerFreeze } from './answers/status-answer.ts';
import { answerHold } from './answers/hold-answer.ts';
import type { ControlCommands } from './commands.ts';
import { budgetParams, holdParams, orderBody, raiseBody, reasonBody } from './questions.ts';
import { addOrder, describeOrder, type App } from './route-parts.ts';
import { budgetsAnswer } from './budget-schemas.ts';
import {
  clockAnswer,
  clockResetAnswer,
  freezeAnswer,
  holdAnswer,
  reloadAnswer,
  stopAnswer,
} from './schemas.ts';

const resolve = describeOrder({
  method: 'post',
  path: '/v1/holds/{id}/{action}',
  summary: 'Releases a hold, or writes it off as spent, on the operator’s word',
  params: holdParams,
  body: reasonBody,
  answer: holdAnswer,
  says: 'The hold as it is now.',
});
const raise = describeOrder({
  method: 'post',
  path: '/v1/budgets/{name}/raise',
  summary: 'Raises a budget’s limit until an instant',
  params: budgetParams,
  body: raiseBody,
  answer: budgetsAnswer,
  says: 'The budgets in force.',
});
const freeze = describeOrder({
  method: 'post',
  path: '/v1/freeze',
  summary: 'Stops all spending; reads go on',
  body: reasonBody,
  answer: freezeAnswer,
  says: 'Frozen.',
});
const unfreeze = describeOrder({
  method: 'delete',
  path: '/v1/freeze',
  summary: 'Resumes spending',
  body: reasonBody,
  answer: freezeAnswer,
  says: 'Resumed.',
});
const acceptClock = describeOrder({
  method: 'post',
  path: '/v1/clock/accept',
  summary: 'Accepts the present difference between our clock and Kling’s, so that creates go on',
  body: reasonBody,
  answer: clockAnswer,
  says: 'Accepted.',
});
const resetClock = describeOrder({
  method: 'post',
  path: '/v1/clock/reset',
  summary: 'Dates new holds by the present again, after a wrong clock dated some into the future',
  body: reasonBody,
  answer: clockResetAnswer,
  says: 'What was dated later than the present, if anything.',
});

const reload = describeOrder({
  method: 'post',
  path: '/v1/reload',
  summary: 'Reads config and secrets again; what is invalid changes nothing and is named',
  body: orderBody,
  answer: reloadAnswer,
  says: 'Taken.',
});
const stop = describeOrder({
  method: 'post',
  path: '/v1/stop',
  summary: 'Stops the sidecar; requests in flight are finished first',
  body: orderBody,
  answer: stopAnswer,
  says: 'It has begun to stop.',
});

/** Adds the routes that change something. */
export function addOrderRoutes(app: App, commands: ControlCommands): void {
  const { reader } = commands;
  addOrder(app, resolve, async (ordered, { id, action }) => {
    await commands.resolveHold(id, action, ordered);
    return await answerHold(reader, id);
  });
  addOrder(app, raise, async ({ byCredits, until, ...order }, { name }) => {
    await commands.raiseBudget({ name, byCredits: fromCredits(byCredits), until }, order);
    return await answerBudgets(commands);
  });
  addOrder(app, freeze, async (ordered) => {
    await commands.freeze(ordered);
    return await answerFreeze(reader);
  });
  addOrder(app, unfreeze, async (ordered) => {
    await commands.unfreeze(ordered);
    return await answerFreeze(reader);
  });
  addOrder(app, acceptClock, (ordered) => commands.acceptClock(ordered));
  addOrder(app, resetClock, async (ordered) => answerClockReset(await commands.resetClock(ordered)));
  addOrder(app, reload, async (ordered) => {
    const { changed, needRestart } = await commands.reload(ordered);
    return { changed: [...changed], needRestart: [...needRestart] };
  });
  addOrder(app, stop, (ordered) => commands.stop(ordered));
}
