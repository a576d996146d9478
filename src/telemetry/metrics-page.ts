/** Makes the page of metrics from their shapes: `docs/metrics.md` is its text. */
import { GAUGES } from './gauge-shapes.ts';
import type { Counter, GaugeShape, Histogram } from './instruments.ts';
import { createInstruments } from './metrics.ts';

type Metric = Counter | Histogram | GaugeShape;

const HEAD = `# Metrics

What \`/metrics\` on the control plane gives, and what is sent by OTLP under the same names. Start with the [README](../README.md). This page is
made from the code (\`npm run docs:metrics\`).

A name ends in its unit. Counters begin at 0 with each process. Labels are bounded: \`route\` is a template and never a raw path, unknown models and
apps are \`other\`. No task id, prompt or key is ever a label. Boards and alert rules that use these names are in
[dashboards](../dashboards/).
`;

/** Words at the end of a name that are its unit. */
const UNITS: readonly (readonly [RegExp, string])[] = [
  [/_timestamp_seconds$|_start_time_seconds$/, 'seconds since 1970'],
  [/_seconds$/, 'seconds'],
  [/_bytes$/, 'bytes'],
  [/_cost(_total)?$/, 'money'],
  [/credits(_total)?$/, 'credits'],
  [/_ratio$/, 'share of 1'],
  [/_windows$/, '5-minute windows'],
  [/_days_left$/, 'days'],
];

/** Gives the text of the page. */
export function metricsPage(): string {
  const instruments: Metric[] = Object.values(createInstruments());
  const sections = [
    ['Counters', instruments.filter(({ type }) => type === 'counter')],
    ['Histograms', instruments.filter(({ type }) => type === 'histogram')],
    ['Gauges', Object.values(GAUGES)],
  ] as const;
  return [HEAD, ...sections.map(([title, metrics]) => section(title, metrics))].join('\n');
}

function section(title: string, metrics: readonly Metric[]): string {
  const rows = metrics.toSorted((a, b) => (a.name < b.name ? -1 : 1)).map(row);
  return `## ${title}\n\n| name | unit | labels | meaning |\n| --- | --- | --- | --- |\n${rows.join('\n')}\n`;
}

function row(metric: Metric): string {
  const labels = metric.labels.map((label) => `\`${label}\``).join(', ') || '-';
  const buckets = metric.type === 'histogram' ? ` Buckets end at ${metric.bounds.join(', ')}.` : '';
  return `| \`${metric.name}\` | ${unitOf(metric.name)} | ${labels} | ${metric.help}${buckets} |`;
}

function unitOf(name: string): string {
  return UNITS.find(([pattern]) => pattern.test(name))?.[1] ?? 'count';
}
