/** How Kling answers, and what it owes by its SLA. */
import { of, type BoardShape } from './board.ts';
import { availability, counted, AVAILABILITY, COMMITMENT, ERRORS, PRINCIPAL, quantile } from './parts.ts';

/** Windows of errors that 99.90 % allow in 31 days: 8,928 x 0.001. */
const ALLOWED_WINDOWS = 8.928;
const WINDOW_RATE = `${of('kling_sla_window_errors')} / (${of('kling_sla_window_requests')} > 0)`;

/** Names the present hour of China's time, which has no daylight saving, in two digits: series are sorted by it. */
const HOUR =
  'label_replace(count_values("hour", hour(vector(time() + 28800))), "hour", "0$1", "hour", "(.)")';
/** A window's rate is known from the scrape after its end on: asked for once in each window. */
const BY_HOUR = `sum_over_time((${HOUR} * on () group_left () max(${WINDOW_RATE}))[1d:5m])`;

export const upstream: BoardShape = {
  uid: 'kling-upstream-sla',
  title: 'Kling / Upstream and SLA',
  description:
    'Error rate of each 5-minute window, availability against 99.90 %, 429s by kind, latency by route.',
  from: 'now-24h',
  rows: [
    {
      title: 'The month',
      panels: [
        availability({
          title: 'Availability so far',
          description: 'By the reading of a claim; exact figures are in sla report.',
          month: 'current',
          size: [5, 5],
        }),
        availability({
          title: 'Month before',
          description: 'Below 99.90 % a claim may be filed: claim list.',
          month: 'previous',
          size: [5, 5],
        }),
        {
          title: 'Error budget used',
          description:
            'Sum of the error rates of the month’s windows. A month of 31 days allows 8.928 windows.',
          kind: 'stat',
          unit: 'windows',
          decimals: 3,
          size: [5, 5],
          steps: [
            { color: 'green', from: null },
            { color: 'orange', from: ALLOWED_WINDOWS / 2 },
            { color: 'red', from: ALLOWED_WINDOWS },
          ],
          noValue: 'no record',
          queries: [
            { expr: `max(${of('kling_sla_error_budget_used_windows', 'month="current"', PRINCIPAL)})` },
          ],
        },
        {
          title: 'Last window',
          description: 'Error rate of the 5-minute window before the current one.',
          kind: 'stat',
          unit: 'percentunit',
          decimals: 1,
          size: [4, 5],
          steps: [
            { color: 'green', from: null },
            { color: 'red', from: 0.05 },
          ],
          noValue: 'no traffic',
          queries: [{ expr: `max(${WINDOW_RATE})` }],
        },
        {
          title: 'Readings',
          description:
            'Availability of this month by each way to read the agreement. method.md of a claim explains them.',
          kind: 'bargauge',
          unit: 'percentunit',
          decimals: 4,
          min: 0.99,
          max: 1,
          steps: AVAILABILITY,
          size: [5, 5],
          noValue: 'no record',
          queries: [
            {
              expr: `min by (reading) (${of('kling_sla_availability_ratio', 'month="current"')})`,
              legend: '{{reading}}',
              instant: true,
            },
          ],
        },
      ],
    },
    {
      title: 'Windows',
      panels: [
        {
          title: 'Error rate of each 5-minute window',
          description: 'Errors over valid requests of the window before. These rates are what the SLA sums.',
          kind: 'timeseries',
          unit: 'percentunit',
          bars: true,
          min: 0,
          max: 1,
          size: [24, 8],
          queries: [{ expr: `max by (instance) (${WINDOW_RATE})`, legend: '{{instance}}' }],
        },
        {
          title: 'Availability against 99.90 %',
          description: 'Cumulative availability of the month. Below the line Kling owes a voucher.',
          kind: 'timeseries',
          unit: 'percentunit',
          decimals: 4,
          steps: [
            { color: 'green', from: null },
            { color: 'red', from: COMMITMENT },
          ],
          thresholdLine: true,
          queries: [
            {
              expr: `min by (reading) (${of('kling_sla_availability_ratio', 'month="current"')})`,
              legend: '{{reading}}',
            },
          ],
        },
        {
          title: 'Error budget left',
          description: 'Windows of errors that are left before 99.90 % is broken in a month of 31 days.',
          kind: 'timeseries',
          unit: 'windows',
          decimals: 2,
          queries: [
            {
              expr: `${ALLOWED_WINDOWS} - max(${of('kling_sla_error_budget_used_windows', 'month="current"', PRINCIPAL)})`,
              legend: 'left',
            },
          ],
        },
        {
          title: 'Windows of error budget, by day and hour',
          description:
            'Sum of the error rates of the 5-minute windows of each hour, a column a day, in hours of China’s time, by which the SLA counts. At which hours does Kling fail?',
          kind: 'heatmap',
          unit: 'windows',
          days: 31,
          size: [24, 10],
          queries: [{ expr: BY_HOUR, legend: '{{hour}}', format: 'heatmap' }],
        },
        {
          title: 'Errors by status',
          description: 'Attempts that count as errors: how does Kling fail?',
          kind: 'heatmap',
          unit: 'short',
          size: [24, 8],
          queries: [
            {
              expr: `sum by (status) (increase(${of('kling_requests_total', ERRORS)}[$__rate_interval]))`,
              legend: '{{status}}',
              format: 'heatmap',
            },
          ],
        },
      ],
    },
    {
      title: 'Answers',
      panels: [
        {
          title: 'Answers by status',
          description: 'Attempts a second by status; empty without an answer.',
          kind: 'timeseries',
          unit: 'reqps',
          stack: true,
          size: [8, 8],
          queries: [
            {
              expr: `sum by (status) (rate(${of('kling_requests_total')}[$__rate_interval]))`,
              legend: '{{status}}',
            },
          ],
        },
        counted({
          title: '429s by kind',
          description:
            '1302 is the rate, 1303 the number of tasks at once; 1100 to 1102 and 1304 are about the account and no retry helps.',
          metric: 'kling_throttles_total',
          by: 'code',
          stack: true,
        }),
        counted({
          title: 'Attempts repeated',
          description: 'What the sidecar sent again, by reason.',
          metric: 'kling_retries_total',
          by: 'reason',
        }),
        {
          title: 'Latency by route, slowest twentieth',
          description: 'Nineteen of twenty attempts were answered sooner.',
          kind: 'timeseries',
          unit: 's',
          min: 0,
          queries: [
            {
              expr: quantile(0.95, of('kling_request_duration_seconds_bucket'), ['route']),
              legend: '{{route}}',
            },
          ],
        },
        {
          title: 'Latency (heat map)',
          description: 'All attempts by how long they took.',
          kind: 'heatmap',
          unit: 's',
          queries: [
            {
              expr: `sum by (le) (increase(${of('kling_request_duration_seconds_bucket')}[$__rate_interval]))`,
              legend: '{{le}}',
              format: 'heatmap',
            },
          ],
        },
      ],
    },
    {
      title: 'Connections and credentials',
      panels: [
        {
          title: 'Connections to Kling',
          description: 'Connections in use, and requests that wait for one.',
          kind: 'timeseries',
          size: [8, 8],
          min: 0,
          queries: [
            { expr: of('kling_upstream_connections'), legend: '{{lane}} in use' },
            { expr: of('kling_upstream_connections_waiting'), legend: '{{lane}} waiting' },
          ],
        },
        counted({
          title: 'Credentials refused',
          description:
            'Calls for which Kling refused our credentials, by its code. More than none: see the runbook credentials_refused.',
          metric: 'kling_credentials_refused_total',
          by: 'code',
        }),
        {
          title: 'Kling’s clock less ours',
          description: 'Above five minutes creates are refused until the clocks agree.',
          kind: 'timeseries',
          size: [8, 8],
          unit: 's',
          queries: [{ expr: of('kling_clock_offset_seconds'), legend: '{{instance}}' }],
        },
      ],
    },
  ],
};
