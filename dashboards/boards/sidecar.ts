/** The sidecar itself: what it adds, its store, its process, its jobs. */
import { of, type BoardShape } from './board.ts';
import { quantile } from './parts.ts';

const shares = [0.5, 0.95, 0.99] as const;

export const sidecar: BoardShape = {
  uid: 'kling-sidecar',
  title: 'Kling / Sidecar',
  description: 'Overhead, store, event loop, memory, outbox, jobs, alerts.',
  rows: [
    {
      title: 'Overhead',
      panels: [
        {
          title: 'Time spent in the sidecar',
          description: 'Without upstream and queue. A create waits for two commits to disk.',
          kind: 'timeseries',
          unit: 's',
          min: 0,
          queries: shares.map((share) => ({
            expr: quantile(share, of('kling_sidecar_overhead_seconds_bucket')),
            legend: `p${share * 100}`,
          })),
        },
        {
          title: 'Event loop',
          description: '99th percentile of the event loop’s lag. Above 50 ms: every request is delayed.',
          kind: 'timeseries',
          unit: 's',
          min: 0,
          queries: [{ expr: of('kling_event_loop_lag_seconds'), legend: '{{instance}}' }],
        },
      ],
    },
    {
      title: 'Store',
      panels: [
        {
          title: 'Commits',
          description:
            'Time of a batch from its first statement until it is on disk. Above 100 ms: look at the disk.',
          kind: 'timeseries',
          unit: 's',
          min: 0,
          size: [8, 8],
          queries: shares.map((share) => ({
            expr: quantile(share, of('kling_store_commit_seconds_bucket')),
            legend: `p${share * 100}`,
          })),
        },
        {
          title: 'Wait for the store',
          description: 'Wait of operations before they ran, slowest twentieth, by queue.',
          kind: 'timeseries',
          unit: 's',
          min: 0,
          size: [8, 8],
          queries: [
            {
              expr: quantile(0.95, of('kling_store_queue_wait_seconds_bucket'), ['queue']),
              legend: '{{queue}}',
            },
          ],
        },
        {
          title: 'Operations that wait',
          description: 'Depth of the writer’s and the readers’ queues.',
          kind: 'timeseries',
          min: 0,
          size: [8, 8],
          queries: [{ expr: of('kling_store_queue_length'), legend: '{{queue}}' }],
        },
        {
          title: 'Size',
          description:
            'Bytes of the store with its write-ahead log, and of the log alone. A log that only grows: a reader never ends.',
          kind: 'timeseries',
          unit: 'bytes',
          min: 0,
          queries: [
            { expr: of('kling_store_bytes'), legend: 'store' },
            { expr: of('kling_store_wal_bytes'), legend: 'write-ahead log' },
          ],
        },
        {
          title: 'Reads that were not journalled',
          description:
            'Reads that were answered but could not be recorded. More than none: the store takes no writes.',
          kind: 'timeseries',
          bars: true,
          noValue: '0',
          queries: [
            {
              expr: `increase(${of('kling_reads_unrecorded_total')}[$__rate_interval])`,
              legend: '{{instance}}',
            },
          ],
        },
      ],
    },
    {
      title: 'Process',
      panels: [
        {
          title: 'Memory',
          description: 'Resident memory of the process, and its JavaScript heap.',
          kind: 'timeseries',
          unit: 'bytes',
          min: 0,
          size: [8, 8],
          queries: [
            { expr: of('kling_process_resident_bytes'), legend: 'resident' },
            { expr: of('kling_process_heap_bytes'), legend: 'heap' },
          ],
        },
        {
          title: 'Running for',
          description: 'Time since the process started.',
          kind: 'stat',
          unit: 's',
          size: [8, 8],
          queries: [{ expr: `time() - ${of('kling_process_start_time_seconds')}`, legend: '{{instance}}' }],
        },
        {
          title: 'Tokens and reloads',
          description: 'Tokens made, and reloads of the config; a failed one changed nothing.',
          kind: 'timeseries',
          bars: true,
          size: [8, 8],
          noValue: '0',
          queries: [
            {
              expr: `sum by (result) (increase(${of('kling_token_refreshes_total')}[$__rate_interval]))`,
              legend: 'token {{result}}',
            },
            {
              expr: `sum by (result) (increase(${of('kling_config_reloads_total')}[$__rate_interval]))`,
              legend: 'reload {{result}}',
            },
          ],
        },
      ],
    },
    {
      title: 'Outbox and jobs',
      panels: [
        {
          title: 'Facts that wait for a receiver',
          description: 'Facts that somebody must hear and that are not delivered yet.',
          kind: 'timeseries',
          min: 0,
          size: [8, 8],
          queries: [{ expr: of('kling_outbox_waiting'), legend: '{{receiver}}' }],
        },
        {
          title: 'Oldest of them',
          description: 'Age of the oldest fact that waits, by receiver.',
          kind: 'timeseries',
          unit: 's',
          min: 0,
          size: [8, 8],
          noValue: 'none waits',
          queries: [{ expr: of('kling_outbox_oldest_seconds'), legend: '{{receiver}}' }],
        },
        {
          title: 'Job runs',
          description: 'Runs of the jobs by result, and runs that were missed.',
          kind: 'timeseries',
          bars: true,
          size: [8, 8],
          queries: [
            {
              expr: `sum by (job_name, result) (increase(${of('kling_job_runs_total')}[$__rate_interval]))`,
              legend: '{{job_name}} {{result}}',
            },
            {
              expr: `sum by (job_name) (increase(${of('kling_job_missed_total')}[$__rate_interval]))`,
              legend: '{{job_name}} missed',
            },
          ],
        },
        {
          title: 'Time of jobs',
          description: 'How long runs took, slowest twentieth.',
          kind: 'timeseries',
          unit: 's',
          min: 0,
          size: [24, 7],
          queries: [
            {
              expr: quantile(0.95, of('kling_job_duration_seconds_bucket'), ['job_name']),
              legend: '{{job_name}}',
            },
          ],
        },
      ],
    },
    {
      title: 'Alerts',
      panels: [
        {
          title: 'What fires',
          description:
            'Alerts of the sidecar’s own rules that fire, by rule. alert list says what to do about each.',
          kind: 'timeseries',
          bars: true,
          stack: true,
          min: 0,
          size: [12, 8],
          noValue: 'none fires',
          queries: [{ expr: `sum by (rule) (${of('kling_alerts_firing')}) > 0`, legend: '{{rule}}' }],
        },
        {
          title: 'Events by channel',
          description:
            'Results of the events of alerts on each channel. Undelivered ones reached nobody: alert test shows why.',
          kind: 'timeseries',
          bars: true,
          size: [6, 8],
          queries: [
            {
              expr: `sum by (channel, result) (increase(${of('kling_alerts_total')}[$__rate_interval]))`,
              legend: '{{channel}} {{result}}',
            },
          ],
        },
        {
          title: 'Waiting for a channel',
          description:
            'Events that a channel has not taken yet, and the age of the oldest: its receiver is down.',
          kind: 'timeseries',
          min: 0,
          size: [6, 8],
          queries: [
            { expr: of('kling_alerts_waiting'), legend: '{{channel}}' },
            { expr: of('kling_alerts_waiting_oldest_seconds'), legend: '{{channel}}, oldest (s)' },
          ],
        },
      ],
    },
  ],
};
