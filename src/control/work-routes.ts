/** What the sidecar is doing: status, calls and tasks. */
import { createRoute, z } from '@hono/zod-openapi';
import { answerCalls, answerRefusals } from './answers/call-answer.ts';
import { answerStatus } from './answers/status-answer.ts';
import { answerTask, answerTasks } from './answers/task-answer.ts';
import type { ControlCommands } from './commands.ts';
import { callsQuery, idParams, tasksQuery } from './questions.ts';
import { answers, type App } from './route-parts.ts';
import { callsAnswer, refusalsAnswer, statusAnswer, taskAnswer, tasksAnswer } from './schemas.ts';

const status = createRoute({
  method: 'get',
  path: '/v1/status',
  summary: 'How the sidecar stands',
  responses: answers(statusAnswer, 'The status.'),
});
const calls = createRoute({
  method: 'get',
  path: '/v1/calls',
  summary: 'Attempts at Kling; kind=refused and kind=would-refuse list our own refusals',
  request: { query: callsQuery },
  responses: answers(z.union([callsAnswer, refusalsAnswer]), 'Newest first.'),
});
const tasks = createRoute({
  method: 'get',
  path: '/v1/tasks',
  summary: 'Generation tasks',
  request: { query: tasksQuery },
  responses: answers(tasksAnswer, 'Newest first.'),
});
const task = createRoute({
  method: 'get',
  path: '/v1/tasks/{id}',
  summary: 'One task with its timeline and results',
  request: { params: idParams },
  responses: answers(taskAnswer, 'The task.'),
});

/** Adds the routes that show the work. */
export function addWorkRoutes(app: App, commands: ControlCommands): void {
  const { reader } = commands;
  const stuck = () => ({ at: commands.now(), afterMs: commands.stuckAfterMs });
  app.openapi(status, async (context) => {
    const { stuckAfterMs, alerts } = commands;
    const when = { at: commands.now(), stuckAfterMs, cash: commands.cash(), alerts };
    return context.json(await answerStatus(reader, commands.status(), when), 200);
  });
  app.openapi(calls, async (context) => {
    const query = context.req.valid('query');
    const list = query.kind === 'sent' ? answerCalls : answerRefusals;
    return context.json(await list(reader, query), 200);
  });
  app.openapi(tasks, async (context) =>
    context.json(await answerTasks(reader, context.req.valid('query'), stuck()), 200),
  );
  app.openapi(task, async (context) =>
    context.json(await answerTask(reader, context.req.valid('param').id, stuck()), 200),
  );
}
