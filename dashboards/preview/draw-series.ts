/** Lines, areas and bars over time. */
import type { Panel } from '../living/expressions.ts';
import { AXIS_PX, FOOT_PX, label, type Frame, type Series } from './frame.ts';
import { COLORS, PALETTE, written } from './values.ts';

const LEGEND_LINE_PX = 15;

/** Adds up the series below, for stacked panels. */
function stacked(series: readonly Series[]): Series[] {
  const sums = new Map<number, number>();
  return series.map((one) => ({
    ...one,
    points: one.points.map(([at, value]) => {
      const top = (sums.get(at) ?? 0) + value;
      sums.set(at, top);
      return [at, top] as const;
    }),
  }));
}

interface Scales {
  x: (at: number) => number;
  y: (value: number) => number;
  low: number;
  high: number;
  bottom: number;
}

function scalesOf(panel: Panel, series: readonly Series[], frame: Frame, legendPx: number): Scales {
  const { defaults } = panel.fieldConfig;
  const values = series.flatMap(({ points }) => points.map(([, value]) => value)).filter(Number.isFinite);
  const isFromZero = defaults.unit !== 'percentunit' || Math.min(...values) < 0.5;
  let low = defaults.min ?? Math.min(isFromZero ? 0 : Infinity, ...values);
  let high = defaults.max ?? Math.max(...values);
  const lines = defaults.custom?.thresholdsStyle.mode === 'line' ? defaults.thresholds.steps : [];
  for (const { value } of lines) {
    if (value === null) continue;
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  if (high === low) high = low + 1;
  high += (high - low) * 0.05;
  const bottom = frame.height - FOOT_PX - legendPx;
  return {
    low,
    high,
    bottom,
    x: (at) => AXIS_PX + ((at - frame.from) / (frame.to - frame.from)) * (frame.width - AXIS_PX - 8),
    y: (value) => bottom - ((value - low) / (high - low)) * (bottom - 8),
  };
}

/** Draws a panel of series. */
export function drawSeries(panel: Panel, series: readonly Series[], frame: Frame): string {
  const { defaults } = panel.fieldConfig;
  const isStacked = defaults.custom?.stacking.mode === 'normal';
  const isBars = defaults.custom?.drawStyle === 'bars';
  const shown = isStacked ? stacked(series) : series;
  const legend = legendLines(series, frame.width);
  const scales = scalesOf(panel, shown, frame, legend.length * LEGEND_LINE_PX + 4);
  const parts = [grid(panel, frame, scales)];
  const order = shown.map((one, index) => ({ one, color: PALETTE[index % PALETTE.length] ?? '#888' }));
  for (const { one, color } of isStacked ? order.toReversed() : order) {
    parts.push(isBars ? bars(one, color, scales, frame) : curve(one, color, { scales, isFilled: isStacked }));
  }
  if (defaults.custom?.thresholdsStyle.mode === 'line') parts.push(thresholdLines(panel, scales, frame));
  legend.forEach((texts, index) => {
    let x = AXIS_PX;
    const y = scales.bottom + FOOT_PX + 12 + index * LEGEND_LINE_PX;
    for (const { name, color, px } of texts) {
      parts.push(`<rect x="${x}" y="${y - 7}" width="12" height="3" fill="${color}"/>`);
      parts.push(label({ x: x + 16, y, text: name }));
      x += px;
    }
  });
  return parts.join('');
}

function legendLines(
  series: readonly Series[],
  width: number,
): { name: string; color: string; px: number }[][] {
  const lines: { name: string; color: string; px: number }[][] = [[]];
  let used = AXIS_PX;
  series.forEach(({ name }, index) => {
    const px = 28 + name.length * 6.2;
    if (used + px > width && (lines.at(-1)?.length ?? 0) > 0) {
      lines.push([]);
      used = AXIS_PX;
    }
    lines.at(-1)?.push({ name, color: PALETTE[index % PALETTE.length] ?? '#888', px });
    used += px;
  });
  return lines.slice(0, 3);
}

function grid(panel: Panel, frame: Frame, { x, y, low, high, bottom }: Scales): string {
  const { unit, decimals } = panel.fieldConfig.defaults;
  const parts: string[] = [];
  const ticks = Math.max(2, Math.floor(bottom / 45));
  for (let i = 0; i <= ticks; i += 1) {
    const value = low + ((high - low) * i) / ticks;
    parts.push(
      `<line x1="${AXIS_PX}" x2="${frame.width - 8}" y1="${y(value)}" y2="${y(value)}" stroke="#2c3235"/>`,
    );
    parts.push(
      label({
        x: AXIS_PX - 6,
        y: y(value) + 4,
        text: written(value, unit, decimals),
        anchor: 'end',
        size: 10,
      }),
    );
  }
  const hours = Math.max(1, Math.round((frame.to - frame.from) / 3_600_000 / (frame.width / 90)));
  const first = Math.ceil(frame.from / 3_600_000) * 3_600_000;
  for (let at = first; at <= frame.to; at += hours * 3_600_000) {
    const text = new Date(at).toISOString().slice(11, 16);
    parts.push(label({ x: x(at), y: bottom + 14, text, anchor: 'middle', size: 10 }));
  }
  return parts.join('');
}

/** Draws a line that is interrupted where points are missing for longer than usual. */
function curve(
  series: Series,
  color: string,
  { scales, isFilled }: { scales: Scales; isFilled: boolean },
): string {
  const pieces: (readonly [number, number])[][] = [];
  const gap = gapOf(series);
  let before = -Infinity;
  for (const point of series.points) {
    if (!Number.isFinite(point[1])) continue;
    if (point[0] - before > gap) pieces.push([]);
    pieces.at(-1)?.push(point);
    before = point[0];
  }
  const { x, y, bottom } = scales;
  return pieces
    .map((points) => {
      const path = points
        .map(([at, value], index) => `${index === 0 ? 'M' : 'L'}${x(at).toFixed(1)} ${y(value).toFixed(1)}`)
        .join('');
      const ends = `L${x(points.at(-1)?.[0] ?? 0).toFixed(1)} ${bottom}L${x(points[0]?.[0] ?? 0).toFixed(1)} ${bottom}Z`;
      const fill = `<path d="${path}${ends}" fill="${color}" fill-opacity="${isFilled ? 0.4 : 0.08}"/>`;
      return `${fill}<path d="${path}" fill="none" stroke="${color}" stroke-width="1.5"/>`;
    })
    .join('');
}

function gapOf({ points }: Series): number {
  const steps = points.slice(1).map(([at], index) => at - (points[index]?.[0] ?? 0));
  return (steps.length === 0 ? Infinity : Math.min(...steps)) * 2.5;
}

function bars(series: Series, color: string, { x, y, bottom, low }: Scales, frame: Frame): string {
  const width = Math.max(1.5, ((frame.width - AXIS_PX) / Math.max(20, series.points.length)) * 0.7);
  const base = Math.min(bottom, y(Math.max(0, low)));
  return series.points
    .filter(([, value]) => value !== 0)
    .map(([at, value]) => {
      const top = Math.min(y(value), base);
      const height = Math.abs(base - y(value));
      return `<rect x="${(x(at) - width / 2).toFixed(1)}" y="${top.toFixed(1)}" width="${width.toFixed(1)}" height="${height.toFixed(1)}" fill="${color}" fill-opacity="0.85"/>`;
    })
    .join('');
}

function thresholdLines(panel: Panel, { y }: Scales, { width }: Frame): string {
  return panel.fieldConfig.defaults.thresholds.steps
    .filter(({ value }) => value !== null)
    .map(({ value, color }) => {
      const at = y(value ?? 0);
      return `<line x1="${AXIS_PX}" x2="${width - 8}" y1="${at}" y2="${at}" stroke="${COLORS[color] ?? color}" stroke-dasharray="6 4"/>`;
    })
    .join('');
}
