/** Numbers as a board shows them: by Grafana's units, short enough for a panel. */

/** Writes a value in a unit of Grafana's. */
export function written(value: number, unit: string, decimals?: number): string {
  if (!Number.isFinite(value)) return String(value);
  if (unit === 'percentunit') return `${(value * 100).toFixed(decimals ?? 1)} %`;
  if (unit === 's') return duration(value);
  if (unit === 'bytes') return scaled(value, 1024, ['B', 'KiB', 'MiB', 'GiB', 'TiB'], decimals);
  if (unit === 'reqps') return `${trimmed(value, decimals ?? 2)} req/s`;
  if (unit.startsWith('suffix:'))
    return `${trimmed(value, decimals ?? 1)} ${unit.slice('suffix:'.length).trim()}`;
  return scaled(value, 1000, ['', 'K', 'M', 'G'], decimals);
}

function duration(seconds: number): string {
  const size = Math.abs(seconds);
  if (size === 0) return '0 s';
  if (size < 0.001) return `${trimmed(seconds * 1e6, 0)} µs`;
  if (size < 1) return `${trimmed(seconds * 1000, 1)} ms`;
  if (size < 120) return `${trimmed(seconds, 1)} s`;
  if (size < 7200) return `${trimmed(seconds / 60, 1)} min`;
  if (size < 172_800) return `${trimmed(seconds / 3600, 1)} h`;
  return `${trimmed(seconds / 86_400, 1)} days`;
}

function scaled(value: number, base: number, names: readonly string[], decimals?: number): string {
  let left = value;
  let at = 0;
  while (Math.abs(left) >= base && at < names.length - 1) {
    left /= base;
    at += 1;
  }
  return `${trimmed(left, decimals ?? (at === 0 ? 2 : 1))} ${names[at] ?? ''}`.trim();
}

function trimmed(value: number, decimals: number): string {
  const text = value.toFixed(decimals);
  return text.includes('.') ? text.replace(/\.?0+$/, '') : text;
}

/** Gives the colour of the highest step that a value reaches. */
export function colorOf(value: number, steps: readonly { color: string; value: number | null }[]): string {
  let color = steps[0]?.color ?? 'text';
  for (const step of steps) if (step.value !== null && value >= step.value) color = step.color;
  return COLORS[color] ?? color;
}

export const COLORS: Readonly<Record<string, string>> = {
  green: '#37872d',
  yellow: '#e0b400',
  orange: '#d9730d',
  red: '#c4162a',
  blue: '#1f60c4',
  text: '#3d434b',
};
/** Colours of series, told apart by people who see colours differently too. */
export const PALETTE = [
  '#5794f2',
  '#ff9830',
  '#73bf69',
  '#f2495c',
  '#b877d9',
  '#fade2a',
  '#8ab8ff',
  '#ff7383',
  '#96d98d',
  '#ca95e5',
  '#c0d8ff',
  '#ffb357',
];
