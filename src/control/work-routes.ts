/** What the sidecar is doing: status, queue, calls and tasks. */
import { z } from '@hono/zod-openapi';
import { answerCalls, answerRefusals, answerRoutes } from './answers/call-answer.ts';
import { answerQueue } from './answers/queue-answer.ts';
import { answerStatus } from './answers/status-answer.ts';
import { answerTask, answerTasks } from './answers/task-answer.ts';
import type { StuckAt } from '../tasks/task-list.ts';
import { statusQuery } from './alert-schemas.ts';
import type { ControlCommands } from './commands.ts';
import { callsQuery, idParams, queueQuery, routesQuery, tasksQuery } from './questions.ts';
import { addQuestion, describeQuestion, type App } from './route-parts.ts';
import { callsAnswer, refusalsAnswer, routesAnswer } from './call-schemas.ts';
import { queueAnswer, statusAnswer } from './schemas.ts';
import { taskAnswer, tasksAnswer } from './task-schemas.ts';

const status = describeQuestion({
  path: '/v1/status',
  summary: 'The present state of the sidecar',
  query: statusQuery,
  answer: statusAnswer,
  says: 'The status.',
});
const queue = describeQuestion({
  path: '/v1/queue',
  summary: 'The creates that wait for a slot',
  query: queueQuery,
  answer: queueAnswer,
  says: 'The one that leaves first at the top.',
});
const calls = describeQuestion({
  path: '/v1/calls',
  summary: 'Attempts at Kling; kind=refused and kind=would-refuse list our own refusals',
  query: callsQuery,
  answer: z.union([callsAnswer, refusalsAnswer]),
  says: 'Newest first.',
});
const routes = describeQuestion({
  path: '/v1/routes',
  summary: 'Calls, errors and latency of each route; of the last hour, if the question names no time',
  query: routesQuery,
  answer: routesAnswer,
  says: 'The most used route first.',
});
const tasks = describeQuestion({
  path: '/v1/tasks',
  summary: 'Generation tasks',
  query: tasksQuery,
  answer: tasksAnswer,
  says: 'Newest first.',
});
const task = describeQuestion({
  path: '/v1/tasks/{id}',
  summary: 'One task with its timeline and results',
  params: idParams,
  answer: taskAnswer,
  says: 'The task.',
});

/** Adds the routes that show the work. */
export function addWorkRoutes(app: App, commands: ControlCommands): void {
  const { reader } = commands;
  const stuck = async (): Promise<StuckAt> => ({ at: commands.now(), limits: await commands.stuck() });
  addQuestion(app, status, ({ query }) => answerStatus(commands, query.language));
  addQuestion(app, queue, async ({ query }) => answerQueue(commands.queue(), query));
  addQuestion(app, calls, async ({ query }) => {
    const list = query.kind === 'sent' ? answerCalls : answerRefusals;
    return await list(commands, query);
  });
  addQuestion(app, routes, async ({ query }) => answerRoutes(reader, query, commands.now()));
  addQuestion(app, tasks, async ({ query }) => answerTasks(reader, query, await stuck()));
  addQuestion(app, task, async ({ params: { id } }) =>
    answerTask(reader, id, { stuck: await stuck(), resultUrl: commands.resultUrl }),
  );
}
