/** Draws a panel as SVG from what a real Prometheus answered: close to Grafana's look, and no more than a preview. */
import type { Panel } from '../living/expressions.ts';
import { drawSeries } from './draw-series.ts';
import { AXIS_PX, FOOT_PX, label, type Frame, type Series } from './frame.ts';
import { COLORS, colorOf, written } from './values.ts';

/** Draws the inside of a panel. */
export function drawPanel(panel: Panel, series: readonly Series[], frame: Frame): string {
  if (series.every(({ points }) => points.length === 0)) return nothing(panel, frame);
  switch (panel.type) {
    case 'timeseries':
      return drawSeries(panel, series, frame);
    case 'stat':
      return drawStat(panel, series, frame);
    case 'gauge':
    case 'bargauge':
      return drawBars(panel, series, frame);
    case 'heatmap':
      return drawHeat(panel, series, frame);
    default:
      return drawTable(panel, series, frame);
  }
}

function nothing(panel: Panel, { width, height }: Frame): string {
  const text = panel.fieldConfig.defaults.noValue ?? 'No data';
  return label({ x: width / 2, y: height / 2, text, anchor: 'middle', size: 15, color: '#8e8e8e' });
}

function lastOf({ points }: Series): number {
  return points.findLast(([, value]) => !Number.isNaN(value))?.[1] ?? Number.NaN;
}

function mapped(panel: Panel, value: number): { text: string; color: string | null } {
  const { unit, decimals, mappings } = panel.fieldConfig.defaults;
  const found = mappings.map(({ options }) => options[String(value)]).find((one) => one !== undefined);
  return found
    ? { text: found.text, color: COLORS[found.color] ?? found.color }
    : { text: written(value, unit, decimals), color: null };
}

function drawStat(panel: Panel, series: readonly Series[], { width, height, from, to }: Frame): string {
  const { steps } = panel.fieldConfig.defaults.thresholds;
  const each = width / series.length;
  return series
    .map((one, index) => {
      const value = lastOf(one);
      const { text, color } = mapped(panel, value);
      const x = index * each;
      const name =
        series.length > 1
          ? label({ x: x + each / 2, y: 16, text: one.name, anchor: 'middle', color: '#fff' })
          : '';
      const size = Math.min(34, (each / Math.max(4, text.length)) * 1.5);
      return [
        `<rect x="${x + 1}" y="0" width="${each - 2}" height="${height}" rx="3" fill="${color ?? colorOf(value, steps)}"/>`,
        sparkline(one, { x, width: each, height, from, to }),
        label({ x: x + each / 2, y: height * 0.55, text, anchor: 'middle', size, color: '#fff', bold: true }),
        name,
      ].join('');
    })
    .join('');
}

function sparkline(
  series: Series,
  box: { x: number; width: number; height: number; from: number; to: number },
): string {
  const points = series.points.filter(([, value]) => Number.isFinite(value));
  if (points.length < 3) return '';
  const values = points.map(([, value]) => value);
  const low = Math.min(...values);
  const high = Math.max(...values);
  if (high === low) return '';
  const path = points
    .map(([at, value], index) => {
      const x = box.x + ((at - box.from) / (box.to - box.from)) * box.width;
      const y = box.height - 2 - ((value - low) / (high - low)) * box.height * 0.3;
      return `${index === 0 ? 'M' : 'L'}${x.toFixed(1)} ${y.toFixed(1)}`;
    })
    .join('');
  return `<path d="${path}" fill="none" stroke="#ffffff" stroke-opacity="0.45" stroke-width="1.2"/>`;
}

function drawBars(panel: Panel, series: readonly Series[], { width, height }: Frame): string {
  const { unit, decimals, min = 0, max, thresholds } = panel.fieldConfig.defaults;
  const top = max ?? Math.max(...series.map(lastOf));
  const each = Math.min(34, height / series.length);
  return series
    .map((one, index) => {
      const value = lastOf(one);
      const share = Math.max(0, Math.min(1, (value - min) / (top - min || 1)));
      const y = index * each;
      const room = width - 230;
      return [
        label({ x: 4, y: y + each / 2 + 4, text: one.name, size: 12 }),
        `<rect x="130" y="${y + 3}" width="${room}" height="${each - 6}" fill="#22252b"/>`,
        `<rect x="130" y="${y + 3}" width="${(room * share).toFixed(1)}" height="${each - 6}" fill="${colorOf(value, thresholds.steps)}"/>`,
        label({
          x: width - 6,
          y: y + each / 2 + 4,
          text: written(value, unit, decimals),
          anchor: 'end',
          size: 13,
          bold: true,
        }),
      ].join('');
    })
    .join('');
}

/** Buckets of a histogram, lowest at the bottom; their counts are made of the cumulative ones. */
function drawHeat(panel: Panel, series: readonly Series[], frame: Frame): string {
  const isHistogram = series.every(({ labels }) => labels['le'] !== undefined);
  const rows = isHistogram
    ? series.toSorted((a, b) => edgeOf(a) - edgeOf(b))
    : series.toSorted((a, b) => a.name.localeCompare(b.name));
  const bottom = frame.height - FOOT_PX;
  const each = bottom / rows.length;
  const counts = rows.map(({ points }, index) => {
    const below = new Map(isHistogram ? rows[index - 1]?.points : []);
    return points.map(([at, value]) => [at, Math.max(0, value - (below.get(at) ?? 0))] as const);
  });
  const most = Math.max(1e-9, ...counts.flatMap((points) => points.map(([, value]) => value)));
  const x = (at: number): number =>
    AXIS_PX + ((at - frame.from) / (frame.to - frame.from)) * (frame.width - AXIS_PX - 8);
  const columns = rows[0]?.points.length ?? 1;
  const step = (frame.width - AXIS_PX - 8) / (columns === 1 ? 1 : Math.max(20, columns));
  const parts = rows.map((row, index) => {
    const y = bottom - (index + 1) * each;
    const cells = (counts[index] ?? [])
      .filter(([, value]) => value > 0)
      .map(([at, value]) => {
        const strength = 0.15 + 0.85 * (value / most);
        return `<rect x="${(x(at) - step / 2).toFixed(1)}" y="${y.toFixed(1)}" width="${(step + 0.5).toFixed(1)}" height="${(each - 1).toFixed(1)}" fill="#ff9830" fill-opacity="${strength.toFixed(2)}"/>`;
      });
    const le = row.labels['le'];
    const name =
      le === undefined
        ? row.name
        : le === '+Inf'
          ? '∞'
          : written(Number(le), panel.fieldConfig.defaults.unit);
    return (
      label({ x: AXIS_PX - 6, y: y + each / 2 + 4, text: name, anchor: 'end', size: 9 }) + cells.join('')
    );
  });
  if (panel.interval !== undefined) {
    const day = new Date(frame.to).toISOString().slice(0, 10);
    const middle = (AXIS_PX + frame.width) / 2;
    return [...parts, label({ x: middle, y: bottom + 14, text: day, anchor: 'middle', size: 10 })].join('');
  }
  const hours = Math.max(1, Math.round((frame.to - frame.from) / 3_600_000 / (frame.width / 90)));
  const first = Math.ceil(frame.from / 3_600_000) * 3_600_000;
  for (let at = first; at <= frame.to; at += hours * 3_600_000) {
    parts.push(
      label({
        x: x(at),
        y: bottom + 14,
        text: new Date(at).toISOString().slice(11, 16),
        anchor: 'middle',
        size: 10,
      }),
    );
  }
  return parts.join('');
}

function drawTable(panel: Panel, series: readonly Series[], { width, height }: Frame): string {
  const { unit, decimals } = panel.fieldConfig.defaults;
  const names = [...new Set(series.flatMap(({ labels }) => Object.keys(labels)))].filter(
    (name) => !['instance', 'job', '__name__', 'alertstate'].includes(name),
  );
  const columns = [...names, 'Value'];
  const each = width / columns.length;
  const lines = [
    columns,
    ...series.map((one) => [
      ...names.map((name) => one.labels[name] ?? ''),
      written(lastOf(one), unit, decimals),
    ]),
  ].slice(0, Math.floor(height / 22));
  return lines
    .map((cells, line) =>
      cells
        .map((text, column) =>
          label({
            x: 6 + column * each,
            y: 16 + line * 22,
            text,
            size: 12,
            bold: line === 0,
            color: line === 0 ? '#6e9fff' : '#ccccdc',
          }),
        )
        .join(''),
    )
    .join('');
}

/** The upper edge of a bucket. */
function edgeOf({ labels }: Series): number {
  return labels['le'] === '+Inf' ? Infinity : Number(labels['le']);
}
