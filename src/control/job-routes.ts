/** The schedule: its jobs with their last and next runs, and the order to run one. */
import { SidecarError } from '../errors.ts';
import { iso, isoOrNull } from './answers/shape.ts';
import type { ControlCommands } from './commands.ts';
import type { JobView } from './job-commands.ts';
import { jobAnswer, jobParams, jobsAnswer, type JobRow } from './job-schemas.ts';
import { orderBody } from './questions.ts';
import { addOrder, addQuestion, describeOrder, describeQuestion, type App } from './route-parts.ts';

const list = describeQuestion({
  path: '/v1/jobs',
  summary: 'What runs beside requests: each job with its last and its next run',
  answer: jobsAnswer,
  says: 'Every job.',
});
const run = describeOrder({
  method: 'post',
  path: '/v1/jobs/{name}/run',
  summary: 'Begins a run of a job at once; 409 while it runs',
  params: jobParams,
  body: orderBody,
  answer: jobAnswer,
  says: 'The job; its run has begun, and may be over.',
});

/** Adds the routes of the schedule. */
export function addJobRoutes(app: App, commands: ControlCommands): void {
  addQuestion(app, list, async () => {
    const jobs = await commands.jobs.list();
    return { jobs: jobs.map((job) => rowOf(job)) };
  });
  addOrder(app, run, async (ordered, { name }) => {
    await commands.jobs.run(name, ordered);
    const job = (await commands.jobs.list()).find((one) => one.name === name);
    if (!job) throw new SidecarError('not_found', `There is no job ${name}.`);
    return { job: rowOf(job) };
  });
}

function rowOf({ last, runningSince, okAt, nextAt, ...job }: JobView): JobRow {
  const { name, does, state, cron, timeZone, failures, progress } = job;
  return {
    name,
    does,
    state,
    cron,
    timeZone,
    runningSince: isoOrNull(runningSince),
    lastStartedAt: last && iso(last.startedAt),
    lastEndedAt: last && iso(last.endedAt),
    lastDurationMs: last && last.durationMs,
    lastResult: last && last.result,
    lastError: last && last.error,
    missed: last?.missed ?? 0,
    failures,
    lastOkAt: isoOrNull(okAt),
    nextAt: isoOrNull(nextAt),
    progress,
  };
}
