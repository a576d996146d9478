/** The lines under "Task Management". */
import { heardOf } from './checklist-alerting.ts';
import { byDoctor } from './checklist-doctor.ts';
import type { Evidence } from './checklist-evidence.ts';
import { failed, notOurs, passed, together, warned, type LineVerdict } from '../check.ts';
import { countText } from '../phrases.ts';

const STUCK_MS_MAX = 600_000;
const MINUTE_MS = 60_000;

export const taskLines = {
  task_ids: taskIds,
  stuck_tasks: stuckTasks,
  callback,
  failed_tasks: failedTasks,
  results,
};

function taskIds(evidence: Evidence): LineVerdict {
  const ledger = byDoctor(evidence, 'ledger', 'store');
  const how =
    'Each task id is in the store before the app gets it, with the times of all its states: kling-sidecar tasks, usage.';
  return ledger === null
    ? warned('There is no store yet.', 'Start the sidecar once.')
    : together([passed(how), ledger]);
}

function stuckTasks(evidence: Evidence): LineVerdict {
  const { stuckAfterMs } = evidence.config.tasks;
  const stuck = evidence.status?.openTasks.reduce((sum, row) => sum + row.stuck, 0) ?? 0;
  const minutes =
    stuckAfterMs === null ? 'twice the time that 99 % of its kind take' : `${stuckAfterMs / MINUTE_MS} min`;
  const verdicts: LineVerdict[] = [];
  if (stuckAfterMs !== null && stuckAfterMs > STUCK_MS_MAX) {
    verdicts.push(
      warned(`A task counts as stuck after ${minutes} only.`, 'Set tasks.stuckAfterMs to null or 600000.'),
    );
  } else
    verdicts.push(
      passed(`A task counts as stuck after ${minutes}: kling-sidecar tasks --stuck, kling_tasks_stuck.`),
    );
  if (stuck > 0) {
    verdicts.push(
      warned(
        `${countText(stuck, 'task')} ${stuck === 1 ? 'is' : 'are'} stuck now.`,
        'See kling-sidecar tasks --stuck, and ask Kling.',
      ),
    );
  }
  return together([...verdicts, heardOf(evidence, 'tasks_stuck', 'a stuck task')]);
}

function callback(evidence: Evidence): LineVerdict {
  const { config } = evidence;
  const { poll } = config.tasks;
  if (config.callbacks !== null) {
    const { publicUrl, relay } = config.callbacks;
    const how = passed(
      `Kling reports changes at ${publicUrl}; each is believed only after a query${relay ? ', and relayed to the address in the create' : ''}.`,
    );
    const heard = byDoctor(evidence, 'callbacks');
    return heard === null ? how : together([how, heard]);
  }
  if (!poll) {
    return failed(
      'tasks.poll is off, and callbacks is null: what a task cost is learnt only if the app asks.',
      'Set tasks.poll to true.',
    );
  }
  return notOurs(
    'callbacks is null: the sidecar polls in the app’s place. A callback_url in a create goes to Kling as it is, and Kling calls the app itself.',
    'Where the app wants callbacks: an https address, their signature checked (Standard Webhooks), and the task asked for before anything is believed.',
  );
}

function failedTasks({ work, config }: Evidence): LineVerdict {
  const rules = config.tasks.retryFailed.length;
  const isObserving = config.mode === 'observe';
  if (rules > 0 && !isObserving) {
    return passed(
      `${countText(rules, 'rule')} of tasks.retryFailed ${rules === 1 ? 'says' : 'say'} which failed tasks are made again; those that content rules stopped never are.`,
    );
  }
  const count = work === null ? '' : ` (${work.failed} ${work.span})`;
  return notOurs(
    `${isObserving ? 'In mode observe' : 'Without a rule of tasks.retryFailed'} the sidecar makes no failed task again. A failed task${count} gives its credits back.`,
    'Let the app queue failed tasks and send them anew, at most a few times, and never those that content rules stopped: kling-sidecar tasks --state failed.',
  );
}

function results(evidence: Evidence): LineVerdict {
  if (evidence.config.results.keep) {
    const how = passed('Each result is saved as soon as its task has succeeded.');
    const saved = byDoctor(evidence, 'results');
    return saved === null ? how : together([how, saved]);
  }
  return warned(
    'results.keep is false: addresses of results are kept and not the files, and Kling deletes them after 30 days.',
    'Set results.keep to true, or let the app download each result as soon as its task has succeeded, to storage of its own.',
  );
}
