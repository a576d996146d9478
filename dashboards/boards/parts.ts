/** Expressions that several boards use: each is written once. */
import { of, ofApp } from './board.ts';
import type { PanelShape, Step } from './panel.ts';

/** Errors that Kling answers for, by the outcome of an attempt. */
export const ERRORS = 'outcome=~"server_error|unreachable"';
/** The reading that a claim is drawn from. */
export const PRINCIPAL = 'reading="received"';
/** The share of availability that the agreement promises. */
export const COMMITMENT = 0.999;

export const GOOD_BAD: readonly Step[] = [
  { color: 'green', from: null },
  { color: 'red', from: 1 },
];
export const SHARE_USED: readonly Step[] = [
  { color: 'green', from: null },
  { color: 'orange', from: 0.8 },
  { color: 'red', from: 1 },
];
export const FAILURE_RATE: readonly Step[] = [
  { color: 'green', from: null },
  { color: 'orange', from: 0.01 },
  { color: 'red', from: 0.05 },
];
export const AVAILABILITY: readonly Step[] = [
  { color: 'red', from: null },
  { color: 'green', from: COMMITMENT },
];

const used = `(${of('kling_budget_settled_credits')} + ${of('kling_budget_held_credits')})`;
/** The share of each budget's limit that is settled or held. */
export const BUDGET_SHARE = `${used} / (${of('kling_budget_limit_credits')} > 0)`;

export const OPEN_TASKS = of('kling_tasks', 'state=~"submitted|processing"');

/** The share of attempts that ended in an error of Kling's; 0 where all went well, absent without attempts. */
export function failureRate(span: string, ...matchers: string[]): string {
  const errors = `sum(increase(${ofApp('kling_requests_total', ERRORS, ...matchers)}[${span}]))`;
  const all = `sum(increase(${ofApp('kling_requests_total', 'outcome!="aborted"', ...matchers)}[${span}]))`;
  return `(${errors} or vector(0)) / (${all} > 0)`;
}

/** A quantile of a histogram over the time between two points of the picture. */
export function quantile(share: number, metric: string, by: readonly string[] = []): string {
  const labels = ['le', ...by].join(', ');
  return `histogram_quantile(${share}, sum by (${labels}) (rate(${metric}[$__rate_interval])))`;
}

/**
 * What was added to a counter over a span, summed by labels first: a label that appears with its first event (a model, an
 * operation) then counts from the first event on, since the sum over its app began at 0.
 */
export function added(metric: string, span: string, by: readonly string[] = []): string {
  const grouped = by.length === 0 ? 'sum' : `sum by (${by.join(', ')})`;
  return `increase(${grouped}(${metric})[${span}:])`;
}

/**
 * Credits an hour, by one label, measured over five minutes. A label's first event counts too: where there was no sum five
 * minutes ago, it was 0. A restart, after which sums begin anew, shows as nothing.
 */
export function burn(label: string, state: string): string {
  const sum = `sum by (${label}) (${ofApp('kling_credits_total', `state="${state}"`)}`;
  return `12 * clamp_min(${sum}) - (${sum} offset 5m) or 0 * ${sum})), 0)`;
}

/** A tile with the availability of a month so far, red below the commitment. */
export function availability(tile: {
  title: string;
  description: string;
  month: 'current' | 'previous';
  size: readonly [columns: number, lines: number];
}): PanelShape {
  const { title, description, month, size } = tile;
  return {
    title,
    description,
    kind: 'stat',
    unit: 'percentunit',
    decimals: 4,
    size,
    steps: AVAILABILITY,
    noValue: 'no record',
    queries: [{ expr: `min(${of('kling_sla_availability_ratio', `month="${month}"`, PRINCIPAL)})` }],
  };
}

/** A third of a row: how often a rare event was counted between two points of the picture, by one label. */
export function counted(panel: {
  title: string;
  description: string;
  metric: string;
  by: string;
  stack?: boolean;
}): PanelShape {
  const { title, description, metric, by, stack = false } = panel;
  return {
    title,
    description,
    kind: 'timeseries',
    bars: true,
    stack,
    size: [8, 8],
    noValue: '0',
    queries: [{ expr: `sum by (${by}) (increase(${of(metric)}[$__rate_interval]))`, legend: `{{${by}}}` }],
  };
}
