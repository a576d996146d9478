/** What every drawing shares: series, the frame, and labels. */

export interface Series {
  name: string;
  labels: Readonly<Record<string, string>>;
  /** Milliseconds and value. */
  points: readonly (readonly [number, number])[];
}

export interface Frame {
  width: number;
  height: number;
  from: number;
  to: number;
}

export const AXIS_PX = 80;
export const FOOT_PX = 18;

/** Escapes text for XML. */
export function xml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}

export interface Label {
  x: number;
  y: number;
  text: string;
  anchor?: 'start' | 'middle' | 'end';
  size?: number;
  color?: string;
  bold?: boolean;
}

export function label({
  x,
  y,
  text,
  anchor = 'start',
  size = 11,
  color = '#ccccdc',
  bold = false,
}: Label): string {
  const weight = bold ? ' font-weight="600"' : '';
  return `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" text-anchor="${anchor}" font-size="${size}" fill="${color}"${weight}>${xml(text)}</text>`;
}
