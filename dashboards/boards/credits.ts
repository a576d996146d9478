/** What is spent, by whom, against which limit, and how far the estimates were off. */
import { of, ofApp, type BoardShape } from './board.ts';
import { added, BUDGET_SHARE, burn, SHARE_USED } from './parts.ts';

const settled = (over: string): string => added(ofApp('kling_credits_total', 'state="settled"'), over);
const refused = (over: string): string => added(ofApp('kling_credits_total', 'state="refused"'), over);

export const credits: BoardShape = {
  uid: 'kling-credits',
  title: 'Kling / Credits',
  description: 'Burn by app, model and operation; budgets and their forecast; refusals; packs.',
  variables: [
    { name: 'app', label: 'App', query: 'label_values(kling_credits_total{instance=~"$instance"}, app)' },
  ],
  from: 'now-24h',
  rows: [
    {
      title: 'Now',
      panels: [
        {
          title: 'Settled in the range',
          description:
            'Credits that Kling deducted in the time shown. One credit is a tenth of a video unit.',
          kind: 'stat',
          unit: 'credits',
          decimals: 1,
          size: [4, 5],
          queries: [{ expr: settled('$__range'), instant: true }],
        },
        {
          title: 'Cost in the range',
          description: 'The same at price.perCredit, in its currency.',
          kind: 'stat',
          unit: 'cost',
          decimals: 2,
          size: [4, 5],
          queries: [
            {
              expr: added(ofApp('kling_credits_cost_total', 'state="settled"'), '$__range', ['currency']),
              legend: '{{currency}}',
              instant: true,
            },
          ],
        },
        {
          title: 'Refused in the range',
          description:
            'Credits of creates that were refused for money. More than none: a loop, or a budget that is too small.',
          kind: 'stat',
          unit: 'credits',
          decimals: 1,
          size: [4, 5],
          steps: [
            { color: 'green', from: null },
            { color: 'orange', from: 0.001 },
          ],
          noValue: '0',
          queries: [{ expr: `${refused('$__range')} or vector(0)`, instant: true }],
        },
        {
          title: 'Budgets',
          description: 'The share of each budget that is settled or held in its present window.',
          kind: 'bargauge',
          unit: 'percentunit',
          decimals: 0,
          min: 0,
          max: 1,
          steps: SHARE_USED,
          size: [12, 5],
          queries: [{ expr: BUDGET_SHARE, legend: '{{budget}}', instant: true }],
        },
      ],
    },
    {
      title: 'Budgets',
      panels: [
        {
          title: 'Used against the limit',
          description:
            'Settled and held credits of each budget in its present window, with the limit as a line of its own.',
          kind: 'timeseries',
          unit: 'credits',
          min: 0,
          queries: [
            { expr: of('kling_budget_settled_credits'), legend: '{{budget}} settled' },
            { expr: of('kling_budget_held_credits'), legend: '{{budget}} held' },
            { expr: of('kling_budget_limit_credits'), legend: '{{budget}} limit' },
          ],
        },
        {
          title: 'Used up in',
          description:
            'Time until a budget reaches its limit at the present burn. Absent if its window ends first.',
          kind: 'timeseries',
          unit: 's',
          min: 0,
          noValue: 'none before its window ends',
          queries: [{ expr: of('kling_budget_exhaustion_seconds'), legend: '{{budget}}' }],
        },
        {
          title: 'Budgets in money',
          description: 'Limit, settled and held of each budget at price.perCredit.',
          kind: 'table',
          unit: 'cost',
          decimals: 2,
          size: [24, 7],
          queries: [
            { expr: of('kling_budget_limit_cost'), legend: 'limit' },
            { expr: of('kling_budget_settled_cost'), legend: 'settled' },
            { expr: of('kling_budget_held_cost'), legend: 'held' },
          ],
        },
      ],
    },
    {
      title: 'Burn',
      panels: [
        ...(['app', 'model', 'operation'] as const).map((label) => ({
          title: `Settled an hour, by ${label}`,
          description: `Credits settled an hour at the rate of the moment, by ${label}.`,
          kind: 'timeseries' as const,
          unit: 'credits' as const,
          stack: true,
          size: [8, 8] as const,
          queries: [{ expr: burn(label, 'settled'), legend: `{{${label}}}` }],
        })),
        {
          title: 'Held, settled, released, refused',
          description: 'Credits an hour by state. Held and not settled for long: tasks are slow or stuck.',
          kind: 'timeseries',
          unit: 'credits',
          min: 0,
          queries: [
            {
              expr: `rate(sum by (state) (${ofApp('kling_credits_total')})[$__rate_interval:]) * 3600`,
              legend: '{{state}}',
            },
          ],
        },
        {
          title: 'Would be refused (observe mode)',
          description: 'What protect would have refused or edited, by the word of the refusal.',
          kind: 'timeseries',
          bars: true,
          stack: true,
          noValue: '0',
          queries: [
            {
              expr: `sum by (word) (increase(${of('kling_would_refuse_total')}[$__rate_interval]))`,
              legend: '{{word}}',
            },
          ],
        },
      ],
    },
    {
      title: 'Estimates',
      panels: [
        {
          title: 'Deducted less estimated',
          description:
            'Kling’s deductions less the holds, summed over the time between two points. Not 0 for long: a price is stale.',
          kind: 'timeseries',
          unit: 'credits',
          bars: true,
          queries: [
            {
              expr: `sum by (operation) (rate(${of('kling_estimate_error_credits_sum')}[$__rate_interval])) * 3600`,
              legend: '{{operation}}',
            },
          ],
        },
        {
          title: 'Fields without a price',
          description:
            'Fields of creates that the price list does not know. Read the changelog of Kling, then add an override.',
          kind: 'timeseries',
          bars: true,
          noValue: '0',
          queries: [
            {
              expr: `sum by (operation) (increase(${of('kling_unpriced_fields_total')}[$__rate_interval]))`,
              legend: '{{operation}}',
            },
          ],
        },
      ],
    },
    {
      title: 'Packs',
      panels: [
        {
          title: 'Remaining',
          description: 'Credits left in each pack, as Kling lists them (up to 12 hours late).',
          kind: 'timeseries',
          unit: 'credits',
          min: 0,
          size: [8, 8],
          noValue: 'packs are not read',
          queries: [{ expr: of('kling_pack_remaining_credits'), legend: '{{pack}}' }],
        },
        {
          title: 'Lasts for',
          description: 'Days until a pack is empty at the burn of the last week.',
          kind: 'timeseries',
          unit: 'none',
          decimals: 1,
          min: 0,
          size: [8, 8],
          noValue: 'no burn',
          queries: [{ expr: of('kling_pack_days_left'), legend: '{{pack}}' }],
        },
        {
          title: 'Expires',
          description: 'Time until a pack ends; what is left in it then is lost.',
          kind: 'stat',
          unit: 's',
          size: [8, 8],
          steps: [
            { color: 'red', from: null },
            { color: 'orange', from: 86_400 },
            { color: 'green', from: 604_800 },
          ],
          noValue: 'packs are not read',
          queries: [
            {
              expr: `${of('kling_pack_expiry_timestamp_seconds')} - time()`,
              legend: '{{pack}}',
              instant: true,
            },
          ],
        },
      ],
    },
  ],
};
