/** The first board: is everything well, and if not, what is wrong. */
import { of, ofApp, type BoardShape } from './board.ts';
import {
  availability,
  BUDGET_SHARE,
  burn,
  COMMITMENT,
  failureRate,
  FAILURE_RATE,
  GOOD_BAD,
  OPEN_TASKS,
  PRINCIPAL,
  quantile,
  SHARE_USED,
} from './parts.ts';

const CREATES = 'method="POST", route!="/tasks", route!~"/account/.*"';

export const overview: BoardShape = {
  uid: 'kling-overview',
  title: 'Kling / Overview',
  description: 'Is everything well? The first row is green when it is.',
  variables: [
    { name: 'app', label: 'App', query: 'label_values(kling_requests_total{instance=~"$instance"}, app)' },
  ],
  rows: [
    {
      title: 'Is everything well?',
      panels: [
        {
          title: 'Sidecars',
          description:
            'Sidecars that Prometheus reaches. Red: one is down or unreachable; see the runbook sidecar_down.',
          kind: 'stat',
          size: [3, 5],
          steps: [
            { color: 'red', from: null },
            { color: 'green', from: 1 },
          ],
          mappings: [
            { value: 1, text: 'up', color: 'green' },
            { value: 0, text: 'DOWN', color: 'red' },
          ],
          queries: [
            {
              expr: 'min(up{instance=~"$instance"} and on (instance) target_info{service_name="kling-sidecar"} or up{instance=~"$instance", job=~".*kling.*"})',
              instant: true,
            },
          ],
        },
        {
          title: 'Alerts',
          description:
            'Alert rules of the sidecar that fire now. Open the list of alerts, and the runbook of each.',
          kind: 'stat',
          size: [3, 5],
          steps: GOOD_BAD,
          noValue: '0',
          queries: [
            { expr: 'count(ALERTS{alertname=~"Kling.*", alertstate="firing"}) or vector(0)', instant: true },
          ],
        },
        {
          title: 'Failures, 15 min',
          description:
            'Share of attempts that Kling answered with 5xx or that did not reach it. Above 5 % the board Upstream and SLA says which route.',
          kind: 'stat',
          unit: 'percentunit',
          decimals: 1,
          size: [3, 5],
          steps: FAILURE_RATE,
          noValue: 'no traffic',
          queries: [{ expr: failureRate('15m') }],
        },
        availability({
          title: 'Availability, month',
          description:
            'Availability of this month by the reading of a claim. Below 99.90 % Kling owes a voucher.',
          month: 'current',
          size: [3, 5],
        }),
        {
          title: 'Tightest budget',
          description:
            'Settled and held credits of the budget that is most used, as a share of its limit. At 100 % creates are refused.',
          kind: 'stat',
          unit: 'percentunit',
          decimals: 0,
          size: [3, 5],
          steps: SHARE_USED,
          noValue: 'no budget',
          queries: [{ expr: `max(${BUDGET_SHARE})` }],
        },
        {
          title: 'Holds in doubt',
          description:
            'Creates of which nobody knows whether Kling took them. They are looked up; after ten minutes see the runbook holds_in_doubt.',
          kind: 'stat',
          size: [3, 5],
          steps: GOOD_BAD,
          queries: [{ expr: `sum(${of('kling_holds_in_doubt')})` }],
        },
        {
          title: 'Stuck tasks',
          description:
            'Open tasks that are stuck: older than tasks.stuckAfterMs, or than is usual. Their credits stay held until Kling reports their end.',
          kind: 'stat',
          size: [3, 5],
          steps: GOOD_BAD,
          noValue: '0',
          queries: [{ expr: `sum(${of('kling_tasks_stuck')}) or vector(0)` }],
        },
        {
          title: 'Spending',
          description: 'Whether an operator has frozen all spending.',
          kind: 'stat',
          size: [3, 5],
          steps: GOOD_BAD,
          mappings: [
            { value: 0, text: 'open', color: 'green' },
            { value: 1, text: 'FROZEN', color: 'red' },
          ],
          queries: [{ expr: `max(${of('kling_spending_frozen')})` }],
        },
      ],
    },
    {
      title: 'Traffic',
      panels: [
        {
          title: 'Attempts by outcome',
          description:
            'Attempts at Kling a second, by outcome. server_error and unreachable count against the SLA; throttled are 429s.',
          kind: 'timeseries',
          unit: 'reqps',
          stack: true,
          queries: [
            {
              expr: `sum by (outcome) (rate(${ofApp('kling_requests_total')}[$__rate_interval]))`,
              legend: '{{outcome}}',
            },
          ],
        },
        {
          title: 'Latency of creates',
          description: 'Time from the first byte to Kling until its answer to a create was complete.',
          kind: 'timeseries',
          unit: 's',
          min: 0,
          queries: [0.5, 0.95, 0.99].map((share) => ({
            expr: quantile(share, of('kling_request_duration_seconds_bucket', CREATES)),
            legend: `p${share * 100}`,
          })),
        },
      ],
    },
    {
      title: 'Money and tasks',
      panels: [
        {
          title: 'Budgets used',
          description:
            'Settled and held credits of each budget as a share of its limit, in its present window.',
          kind: 'timeseries',
          unit: 'percentunit',
          min: 0,
          steps: SHARE_USED,
          thresholdLine: true,
          size: [8, 8],
          queries: [{ expr: BUDGET_SHARE, legend: '{{budget}}' }],
        },
        {
          title: 'Credits settled an hour, by app',
          description: 'What tasks cost, at the rate of the moment. The board Credits breaks it down.',
          kind: 'timeseries',
          unit: 'credits',
          stack: true,
          size: [8, 8],
          queries: [{ expr: burn('app', 'settled'), legend: '{{app}}' }],
        },
        {
          title: 'Open tasks and the queue',
          description: 'Tasks that Kling works on, by product, and creates that wait for a slot.',
          kind: 'timeseries',
          min: 0,
          size: [8, 8],
          queries: [
            { expr: `sum by (product) (${OPEN_TASKS})`, legend: '{{product}}' },
            { expr: `sum by (pool) (${of('kling_queue_length')})`, legend: 'waiting for {{pool}}' },
          ],
        },
      ],
    },
    {
      title: 'Availability',
      panels: [
        {
          title: 'Availability of the month so far',
          description: 'Cumulative availability against the 99.90 % that Kling promises.',
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
              expr: `min(${of('kling_sla_availability_ratio', 'month="current"', PRINCIPAL)})`,
              legend: 'availability',
            },
          ],
        },
        {
          title: 'Firing alerts',
          description: 'What fires now, with its severity. Each rule has a runbook.',
          kind: 'table',
          queries: [{ expr: 'ALERTS{alertname=~"Kling.*", alertstate="firing"}' }],
        },
        {
          title: 'What the sidecar reports',
          description:
            'Alerts that the sidecar itself sends to its channels, by rule. kling-sidecar alert list says what to do about each.',
          kind: 'timeseries',
          min: 0,
          noValue: 'nothing fires',
          queries: [
            {
              expr: `sum by (rule, severity) (${of('kling_alerts_firing')}) > 0`,
              legend: '{{severity}}: {{rule}}',
            },
          ],
        },
      ],
    },
  ],
};
