/** Tasks from create to end: how many, how long, how they fail, what waits. */
import { of, type BoardShape } from './board.ts';
import { counted, GOOD_BAD, OPEN_TASKS, quantile } from './parts.ts';

const ENDED = of('kling_task_duration_seconds_count');

export const tasks: BoardShape = {
  uid: 'kling-tasks',
  title: 'Kling / Tasks',
  description: 'Open tasks, time to finish, failures, doubts.',
  rows: [
    {
      title: 'Now',
      panels: [
        {
          title: 'Open',
          description: 'Tasks that Kling works on, by product.',
          kind: 'stat',
          size: [4, 5],
          queries: [{ expr: `sum by (product) (${OPEN_TASKS})`, legend: '{{product}}' }],
        },
        {
          title: 'Stuck',
          description:
            'Open tasks that are stuck, older than is usual or than tasks.stuckAfterMs: tasks --stuck lists them.',
          kind: 'stat',
          size: [4, 5],
          steps: GOOD_BAD,
          noValue: '0',
          queries: [{ expr: `sum(${of('kling_tasks_stuck')}) or vector(0)` }],
        },
        {
          title: 'In doubt',
          description: 'Creates of which nobody knows whether Kling took them.',
          kind: 'stat',
          size: [4, 5],
          steps: GOOD_BAD,
          queries: [{ expr: `sum(${of('kling_holds_in_doubt')})` }],
        },
        {
          title: 'Oldest doubt',
          description: 'Age of the oldest hold in doubt. Above ten minutes: holds list --in-doubt.',
          kind: 'stat',
          unit: 's',
          size: [4, 5],
          steps: [
            { color: 'green', from: null },
            { color: 'red', from: 600 },
          ],
          noValue: 'none',
          queries: [{ expr: `max(${of('kling_holds_in_doubt_oldest_seconds')})` }],
        },
        {
          title: 'Failed, share',
          description: 'Share of ended tasks that Kling ended as failed, in the time shown.',
          kind: 'stat',
          unit: 'percentunit',
          decimals: 1,
          size: [4, 5],
          steps: [
            { color: 'green', from: null },
            { color: 'orange', from: 0.05 },
            { color: 'red', from: 0.2 },
          ],
          noValue: 'none ended',
          queries: [
            {
              expr: `(sum(increase(${of('kling_task_duration_seconds_count', 'result="failed"')}[$__range])) or vector(0)) / (sum(increase(${ENDED}[$__range])) > 0)`,
              instant: true,
            },
          ],
        },
        {
          title: 'Queue',
          description: 'Creates that wait for a slot. The board Pacing shows the pools.',
          kind: 'stat',
          size: [4, 5],
          noValue: '0',
          queries: [{ expr: `sum(${of('kling_queue_length')}) or vector(0)` }],
        },
      ],
    },
    {
      title: 'Open tasks',
      panels: [
        {
          title: 'Tasks by state',
          description: 'Tasks known, by product and state.',
          kind: 'timeseries',
          stack: true,
          min: 0,
          queries: [{ expr: `sum by (product, state) (${OPEN_TASKS})`, legend: '{{product}} {{state}}' }],
        },
        {
          title: 'Time to finish (heat map)',
          description: 'How long ended tasks took, by bucket.',
          kind: 'heatmap',
          unit: 's',
          queries: [
            {
              expr: `sum by (le) (increase(${of('kling_task_duration_seconds_bucket', 'result="succeeded"')}[$__rate_interval]))`,
              legend: '{{le}}',
              format: 'heatmap',
            },
          ],
        },
        {
          title: 'Time to finish, median by model and mode',
          description: 'Half of the tasks ended sooner.',
          kind: 'timeseries',
          unit: 's',
          min: 0,
          queries: [
            {
              expr: quantile(0.5, of('kling_task_duration_seconds_bucket', 'result="succeeded"'), [
                'model',
                'mode',
              ]),
              legend: '{{model}} {{mode}}',
            },
          ],
        },
        {
          title: 'Time to finish, slowest twentieth',
          description: 'Nineteen of twenty tasks ended sooner.',
          kind: 'timeseries',
          unit: 's',
          min: 0,
          queries: [
            {
              expr: quantile(0.95, of('kling_task_duration_seconds_bucket', 'result="succeeded"'), [
                'model',
                'mode',
              ]),
              legend: '{{model}} {{mode}}',
            },
          ],
        },
      ],
    },
    {
      title: 'Failures and doubts',
      panels: [
        counted({
          title: 'Failures by reason',
          description:
            'Tasks that Kling ended as failed, by our reading of its message. content: the prompt or media; input: the files; internal: Kling.',
          metric: 'kling_task_failures_total',
          by: 'reason',
          stack: true,
        }),
        counted({
          title: 'Look-ups of creates in doubt',
          description: 'Results of look-ups by external task id: found, absent, or no answer.',
          metric: 'kling_look_ups_total',
          by: 'result',
          stack: true,
        }),
        {
          title: 'Holds in doubt',
          description: 'How many creates are in doubt. It falls when Kling answers again.',
          kind: 'timeseries',
          min: 0,
          size: [8, 8],
          queries: [{ expr: `sum(${of('kling_holds_in_doubt')})`, legend: 'in doubt' }],
        },
      ],
    },
    {
      title: 'Results kept',
      panels: [
        {
          title: 'Files that wait',
          description:
            'Files of results that are not saved yet, while results.keep is on. One that only grows: see the log, result_failed.',
          kind: 'timeseries',
          min: 0,
          size: [8, 8],
          queries: [{ expr: `sum(${of('kling_results_unsaved')})`, legend: 'waiting' }],
        },
        {
          title: 'Size of saved files',
          description: 'Bytes of all saved files; results.quotaGiB is the most that may be.',
          kind: 'timeseries',
          unit: 'bytes',
          min: 0,
          size: [8, 8],
          queries: [{ expr: `sum(${of('kling_results_saved_bytes')})`, legend: 'saved' }],
        },
        {
          title: 'Time of a download, slowest twentieth',
          description: 'Nineteen of twenty tries ended sooner, by what came of them.',
          kind: 'timeseries',
          unit: 's',
          min: 0,
          size: [8, 8],
          queries: [
            {
              expr: quantile(0.95, of('kling_result_save_seconds_bucket'), ['result']),
              legend: '{{result}}',
            },
          ],
        },
      ],
    },
    {
      title: 'Callbacks and retries',
      panels: [
        counted({
          title: 'Callbacks received',
          description:
            'Requests to the receiver by result. Many refused: somebody guesses, or the signing secret is another one.',
          metric: 'kling_callbacks_total',
          by: 'result',
          stack: true,
        }),
        counted({
          title: 'Callbacks relayed',
          description: 'Messages to the apps’ own addresses, by result.',
          metric: 'kling_callback_relays_total',
          by: 'result',
          stack: true,
        }),
        counted({
          title: 'Failed tasks tried again',
          description:
            'Retries by what happened: queued, made, delayed, or why nothing more was made (tasks.retryFailed).',
          metric: 'kling_task_retries_total',
          by: 'result',
          stack: true,
        }),
      ],
    },
  ],
};
