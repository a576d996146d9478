/**
 * Charts of a page: numbers in an attribute, which the page's script draws with uPlot.
 *
 * The same numbers are a table of the page, so that nothing is lost without scripts.
 */
import { h, type Part } from './element.ts';

export interface ChartData {
  /** What the horizontal axis shows. */
  axis: string;
  /** One for each place of the horizontal axis, such as a day. */
  labels: readonly string[];
  /** Stacked, the first one at the bottom. */
  series: readonly { label: string; values: number[] }[];
  /** Lines across the bars. */
  limits: readonly ChartLimit[];
  unit: string;
  zone: string;
}

/** The limit of a budget, as a line. */
export interface ChartLimit {
  label: string;
  /** One for each place of the horizontal axis; null where there was none. */
  values: readonly (number | null)[];
}

/** Makes the place of a chart; nothing if there are no numbers. */
export function chart(data: ChartData, label: string): Part {
  if (data.labels.length === 0) return null;
  return h('figure', {
    class: 'chart',
    role: 'img',
    'aria-label': label,
    'data-chart': JSON.stringify(data),
  });
}
