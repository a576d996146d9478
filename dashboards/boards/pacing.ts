/** The pace of creates: slots, the queue, what Kling refuses, what is sent again. */
import { of, type BoardShape } from './board.ts';
import type { PanelShape, Step } from './panel.ts';
import { counted, GOOD_BAD, quantile } from './parts.ts';

const FROM_ONE: readonly Step[] = [
  { color: 'green', from: null },
  { color: 'orange', from: 1 },
];
const THROTTLED = 'code=~"1302|1303"';

export const pacing: BoardShape = {
  uid: 'kling-pacing',
  title: 'Kling / Pacing',
  description:
    'Slots and the queue, the breaker and stops, 429s by kind, what is sent again, what the sidecar refuses.',
  rows: [
    {
      title: 'Now',
      panels: [
        {
          title: 'Breaker',
          description:
            'Open: the last creates failed at Kling, so creates are refused at once, and one is sent every 30 seconds. See the runbook breaker_open.',
          kind: 'stat',
          size: [3, 5],
          steps: GOOD_BAD,
          mappings: [
            { value: 0, text: 'closed', color: 'green' },
            { value: 1, text: 'OPEN', color: 'red' },
          ],
          queries: [{ expr: `max(${of('kling_breaker_open')})` }],
        },
        {
          title: 'Stops',
          description:
            'Parts of the account for which Kling refuses every create: kling-sidecar status names them. See the runbook kling_refuses.',
          kind: 'stat',
          size: [3, 5],
          steps: GOOD_BAD,
          noValue: '0',
          queries: [{ expr: `sum(${of('kling_creates_stopped')})` }],
        },
        {
          title: 'Waiting',
          description: 'Creates that wait for a slot: kling-sidecar queue lists them.',
          kind: 'stat',
          size: [3, 5],
          noValue: '0',
          queries: [{ expr: `sum(${of('kling_queue_length')}) or vector(0)` }],
        },
        {
          title: 'Slots in use, share',
          description: 'Slots in use of the pool that is nearest to its limit. At 100 % creates wait.',
          kind: 'stat',
          unit: 'percentunit',
          decimals: 0,
          size: [3, 5],
          noValue: 'no limit',
          queries: [
            { expr: `max(${of('kling_concurrency_in_use')} / (${of('kling_concurrency_limit')} > 0))` },
          ],
        },
        {
          title: 'Longest wait',
          description: 'How long the create that waits longest has waited. limits.queueWaitMsMax bounds it.',
          kind: 'stat',
          unit: 's',
          size: [3, 5],
          noValue: 'nobody waits',
          queries: [{ expr: `max(${of('kling_queue_oldest_seconds')})` }],
        },
        {
          title: 'Paused for',
          description:
            'Seconds until the pool that pauses longest sends again. Three 429s within ten seconds pause a pool.',
          kind: 'stat',
          unit: 's',
          size: [3, 5],
          steps: FROM_ONE,
          noValue: 'no pool',
          queries: [{ expr: `max(${of('kling_pool_paused_seconds')})` }],
        },
        countPanel({
          title: 'Throttled',
          description:
            'Answers 1302 and 1303 of Kling’s in the time shown. Many: another program uses the account, or a limit here is too high.',
          counter: of('kling_throttles_total', THROTTLED),
        }),
        countPanel({
          title: 'Found no slot',
          description:
            'Creates that waited without success, or came when the queue was full, in the time shown: 429 queue_full.',
          counter: of('kling_refusals_total', 'word="queue_full"'),
        }),
      ],
    },
    {
      title: 'Slots and queue',
      panels: [
        {
          title: 'Slots in use',
          description: 'Slots of running tasks, those of other programs among them, and the limit, by pool.',
          kind: 'timeseries',
          min: 0,
          noValue: 'no pool has a limit',
          queries: [
            { expr: of('kling_concurrency_in_use'), legend: '{{pool}} in use' },
            { expr: of('kling_concurrency_elsewhere_in_use'), legend: '{{pool}} by others' },
            { expr: of('kling_concurrency_limit'), legend: '{{pool}} limit' },
          ],
        },
        {
          title: 'Creates that wait',
          description: 'The length of the queue, by pool. limits.queueLengthMax bounds it.',
          kind: 'timeseries',
          stack: true,
          min: 0,
          noValue: 'nobody waits',
          queries: [{ expr: `sum by (pool) (${of('kling_queue_length')})`, legend: '{{pool}}' }],
        },
        {
          title: 'Pauses',
          description:
            'Seconds until a pool sends again. Each rise is a burst of 429s, or a Retry-After of Kling’s.',
          kind: 'timeseries',
          unit: 's',
          min: 0,
          size: [8, 8],
          noValue: 'no pool pauses',
          queries: [{ expr: of('kling_pool_paused_seconds'), legend: '{{pool}}' }],
        },
        counted({
          title: 'How waits ended',
          description:
            'Creates that waited for a slot: with one, without one in time, or gone, since their caller hung up.',
          metric: 'kling_queue_ends_total',
          by: 'result',
          stack: true,
        }),
        counted({
          title: 'Pauses that began',
          description: 'By reason: a burst of three 429s within ten seconds, or a Retry-After of Kling’s.',
          metric: 'kling_pool_pauses_total',
          by: 'why',
          stack: true,
        }),
        {
          title: 'Who says the limits',
          description:
            'The source of each pool’s limit: config, packs, tier, or learned from Kling’s code 1303.',
          kind: 'table',
          size: [8, 8],
          noValue: 'no pool has a limit',
          queries: [{ expr: `max by (pool, source) (${of('kling_concurrency_limit_source')})` }],
        },
        {
          title: 'Wait for a slot',
          description: 'How long creates waited, by pool: half of them, and the slowest twentieth.',
          size: [8, 8],
          kind: 'timeseries',
          unit: 's',
          min: 0,
          noValue: 'nobody waited',
          queries: [0.5, 0.95].map((share) => ({
            expr: quantile(share, of('kling_queue_wait_seconds_bucket'), ['pool']),
            legend: `{{pool}} p${share * 100}`,
          })),
        },
        {
          title: 'Wait for a slot (heat map)',
          description: 'All waits by how long they took, also those without success.',
          size: [8, 8],
          kind: 'heatmap',
          unit: 's',
          queries: [
            {
              expr: `sum by (le) (increase(${of('kling_queue_wait_seconds_bucket')}[$__rate_interval]))`,
              legend: '{{le}}',
              format: 'heatmap',
            },
          ],
        },
      ],
    },
    {
      title: 'Refused and sent again',
      panels: [
        counted({
          title: '429s by kind',
          description:
            '1302 is the rate, 1303 the number of tasks at once: both are sent again. 1100 to 1102 and 1304 are about the account: creates stop.',
          metric: 'kling_throttles_total',
          by: 'code',
          stack: true,
        }),
        counted({
          title: 'Sent again',
          description: 'Creates and reads that the sidecar sent again, by reason.',
          metric: 'kling_retries_total',
          by: 'reason',
          stack: true,
        }),
        counted({
          title: 'Repeats answered from what is kept',
          description: 'Creates that got the first answer again, by what they had in common.',
          metric: 'kling_replays_total',
          by: 'kind',
          stack: true,
        }),
        {
          title: 'When creates were stopped',
          description:
            'When the breaker was open, and when Kling refused every create of a part of the account, by code.',
          kind: 'timeseries',
          min: 0,
          size: [24, 6],
          queries: [
            { expr: `max(${of('kling_breaker_open')})`, legend: 'breaker' },
            { expr: `max by (code) (${of('kling_creates_stopped')})`, legend: 'code {{code}}' },
          ],
        },
        {
          title: 'Refused by the sidecar',
          description:
            'Requests that the sidecar refused itself, by reason: queue_full waited for no slot, account_refused met a stop.',
          kind: 'timeseries',
          bars: true,
          stack: true,
          size: [24, 8],
          noValue: '0',
          queries: [
            {
              expr: `sum by (word) (increase(${of('kling_refusals_total')}[$__rate_interval])) > 0`,
              legend: '{{word}}',
            },
          ],
        },
      ],
    },
  ],
};

/** Makes a panel that counts events in the time shown, where any is too many. */
function countPanel({ title, description, counter }: Counted): PanelShape {
  return {
    title,
    description,
    kind: 'stat',
    size: [3, 5],
    steps: FROM_ONE,
    noValue: '0',
    queries: [{ expr: `sum(increase(${counter}[$__range])) or vector(0)`, instant: true }],
  };
}

interface Counted {
  title: string;
  description: string;
  /** A counter with its matchers. */
  counter: string;
}
