/**
 * A month's report for people and spreadsheets: Markdown, HTML, JSON, CSV.
 *
 * **Invariant**: a report shows a measured month and computes no numbers itself.
 */
import { escapeMarkdown, escapeXml, oneLine } from '../markup.ts';
import { csvLines } from '../csv.ts';
import { READING_NAMES } from './reading.ts';
import type { SlaMonth } from './month.ts';
import { termText } from './period.ts';
import { VIEW_CLASSES, type WindowView } from './window-view.ts';

export const REPORT_FORMATS = ['md', 'html', 'json', 'csv'] as const;
export type ReportFormat = (typeof REPORT_FORMATS)[number];

/** Writes a month's report; `csv` lists its windows, the others its numbers. */
export function writeReport(
  format: ReportFormat,
  measured: SlaMonth,
  windows: readonly WindowView[],
): string {
  if (format === 'json') return `${JSON.stringify(measured, null, 2)}\n`;
  if (format === 'csv') return windowsCsv(windows);
  return format === 'md' ? reportMarkdown(measured) : reportHtml(measured);
}

const TERMS: Record<SlaMonth['termSource'], string> = {
  config: 'as in sla.terms: ',
  packs: 'by the dates of the packs bought: ',
  none: 'none known: the whole month (enter a contract’s days as sla.terms)',
};

type Row = readonly [name: string, value: string];

function headline(measured: SlaMonth): string {
  const { availability, commitment, compensationPercent } = measured;
  if (availability === null) return withoutRecord(measured);
  const soFar = measured.live === null ? '' : ' so far';
  return measured.breached
    ? `Availability${soFar} ${availability} %, below the committed ${commitment} %: ${compensationPercent} % of the fee.`
    : `Availability${soFar} ${availability} %, not below the committed ${commitment} %.`;
}

/** Says why a month has no availability. */
export function withoutRecord({ month, days, windows }: SlaMonth): string {
  if (days === 0) return `No term covers ${month}: there is no service period to measure.`;
  if (windows.elapsed === 0) return `Nothing was recorded for ${month}: its service period has not begun.`;
  return `Nothing was recorded for ${month}: no sidecar ran in it, and no calls of it were imported.`;
}

function numbers(measured: SlaMonth): Row[] {
  const { windows, requests } = measured;
  const { idle } = windows;
  return [
    [
      'Service period',
      `${measured.start ?? '-'} to ${measured.end ?? '-'} (exclusive), ${measured.timeZone}`,
    ],
    ['Terms', TERMS[measured.termSource] + measured.terms.map(termText).join(', ')],
    ['Days', String(measured.days)],
    ['Windows of 5 minutes', String(windows.total)],
    ['Divisor (12 × 24 × days)', String(windows.divisor)],
    ['Windows with valid requests', String(windows.withTraffic)],
    ['Windows with errors', String(windows.withErrors)],
    ['Windows in which no sidecar ran', String(windows.notObserved)],
    ['Windows without valid requests so far', `${idle} (${share(idle, windows.elapsed)})`],
    ['Valid requests', String(requests.valid)],
    ['Error requests', String(requests.errors)],
    ['of them code 5001 (maintenance)', String(requests.maintenance)],
    ['Errors left out by exclusions', String(requests.excluded)],
    ['Never reached Kling: upstream’s fault', String(requests.unreachableUpstream)],
    ['Never reached Kling: our fault', String(requests.unreachableLocal)],
    ['Never reached Kling: fault unknown', String(requests.unreachableUnknown)],
    ['Sent, no answer (not counted)', String(requests.noAnswer)],
    [
      'Requests of the sidecar’s own',
      `${requests.bySidecar}, of them ${requests.byProbe} probes of idle windows`,
    ],
    ['Second and later attempts', String(requests.retries)],
    ['Sum of error rates', measured.sumErrorRates],
    ['Agreement', `${measured.agreement.name}, SHA-256 ${measured.agreement.textSha256}`],
    ['Revision', measured.revision === 0 ? 'not closed yet' : String(measured.revision)],
    ...liveRows(measured),
  ];
}

function liveRows(measured: SlaMonth): Row[] {
  if (measured.live === null) return [];
  const { elapsedWindows, budget } = measured.live;
  return [
    ['Windows so far', String(elapsedWindows)],
    ['Error budget (windows)', `${budget.allowed}, used ${budget.used}, left ${budget.left}`],
    ['Projection at this rate', percentOr(budget.projected)],
    ['If nothing more fails', percentOr(budget.best)],
  ];
}

function percentOr(availability: string | null): string {
  return availability === null ? '-' : `${availability} %`;
}

function share(part: number, whole: number): string {
  return whole === 0 ? '0.0 %' : `${((part / whole) * 100).toFixed(1)} %`;
}

interface Table {
  title: string;
  head: string[];
  rows: string[][];
}

function tables(measured: SlaMonth): Table[] {
  return [
    { title: 'Numbers', head: ['What', 'Value'], rows: numbers(measured).map((row) => [...row]) },
    {
      title: 'Readings',
      head: [
        'Reading',
        'Meaning',
        'Errors',
        'Valid',
        'Windows',
        'Sum of rates',
        'Availability %',
        '% of fee',
      ],
      rows: READING_NAMES.map((name) => {
        const { title, errors, valid, windows, sumErrorRates, availability, compensationPercent } =
          measured.readings[name];
        const counts = [errors, valid, windows].map(String);
        return [name, title, ...counts, sumErrorRates, availability ?? '-', String(compensationPercent)];
      }),
    },
    {
      title: 'Worst windows',
      head: ['Start (UTC)', 'Errors', 'Valid'],
      rows: measured.worstWindows.map((window) => [
        window.start,
        String(window.errors),
        String(window.valid),
      ]),
    },
    {
      title: 'Exclusions in force',
      head: ['From', 'To', 'Clause', 'Source', 'By'],
      rows: measured.exclusions.map((one) => [one.start, one.end, one.clause, one.source, one.actor]),
    },
    {
      title: 'No sidecar ran',
      head: ['From', 'To', 'Windows'],
      rows: measured.gaps.map((gap) => [gap.start, gap.end, String(gap.windows)]),
    },
  ];
}

function reportMarkdown(measured: SlaMonth): string {
  const line = (cells: readonly string[]): string => `| ${cells.map(escapeMarkdown).join(' | ')} |`;
  const parts = tables(measured).map(({ title, head, rows }) =>
    rows.length === 0
      ? `## ${title}\n\nNone.`
      : [`## ${title}`, '', line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n'),
  );
  const warnings = measured.warnings.map((warning) => `> ${escapeMarkdown(warning)}`);
  return `${[`# Kling availability, ${measured.month}`, headline(measured), ...warnings, ...parts].join('\n\n')}\n`;
}

function reportHtml(measured: SlaMonth): string {
  const row = (cells: readonly string[], tag: 'th' | 'td'): string =>
    `<tr>${cells.map((cell) => `<${tag}>${escapeXml(oneLine(cell))}</${tag}>`).join('')}</tr>`;
  const parts = tables(measured).map(({ title, head, rows }) => {
    const body = rows.map((cells) => row(cells, 'td')).join('\n');
    const table = rows.length === 0 ? '<p>None.</p>' : `<table>${row(head, 'th')}\n${body}</table>`;
    return `<h2>${escapeXml(title)}</h2>\n${table}`;
  });
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Kling availability, ${escapeXml(measured.month)}</title>
<style>body{font:14px sans-serif;margin:2em;max-width:70em}table{border-collapse:collapse}
td,th{border:1px solid #bbb;padding:.2em .5em;text-align:left;vertical-align:top}</style></head><body>
<h1>Kling availability, ${escapeXml(measured.month)}</h1>
<p>${escapeXml(headline(measured))}</p>
${measured.warnings.map((warning) => `<p><strong>${escapeXml(warning)}</strong></p>`).join('\n')}
${parts.join('\n')}
</body></html>
`;
}

function windowsCsv(windows: readonly WindowView[]): string {
  const head = ['start_utc', 'valid', 'errors', ...VIEW_CLASSES];
  const rows = windows.map(({ start, valid, errors, byClass }) => [
    start,
    valid,
    errors,
    ...VIEW_CLASSES.map((name) => byClass[name]),
  ]);
  return csvLines([head, ...rows]);
}
