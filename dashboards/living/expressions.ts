/** Every expression that the boards ask, with Grafana's variables filled in as Grafana would. */
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

const FOLDER = join(import.meta.dirname, '..');

export interface Target {
  expr: string;
  legendFormat: string;
  instant: boolean;
  format: string;
}

export interface Panel {
  id: number;
  type: string;
  title: string;
  description: string;
  gridPos: { x: number; y: number; w: number; h: number };
  /** Set where the panel shows days, whatever the board shows. */
  interval?: string;
  fieldConfig: {
    defaults: {
      unit: string;
      decimals?: number;
      min?: number;
      max?: number;
      noValue?: string;
      thresholds: { steps: { color: string; value: number | null }[] };
      mappings: { options: Record<string, { text: string; color: string }> }[];
      custom?: {
        drawStyle: string;
        stacking: { mode: string };
        thresholdsStyle: { mode: string };
      };
    };
  };
  targets?: Target[];
  panels?: Panel[];
}

export interface Board {
  uid: string;
  title: string;
  panels: Panel[];
  annotations: { list: { name: string; expr: string }[] };
  templating: { list: { name: string; type: string; query: unknown; definition?: string }[] };
}

/** Reads the committed boards by file name. */
export function readBoards(): Record<string, Board> {
  const names = readdirSync(FOLDER).filter((name) => name.endsWith('.json'));
  return Object.fromEntries(
    names.map((name) => [name, JSON.parse(readFileSync(join(FOLDER, name), 'utf8')) as Board]),
  );
}

/** Lists the panels of a board with those of collapsed rows. */
export function panelsOf(board: Board): Panel[] {
  return board.panels.flatMap((panel) => (panel.type === 'row' ? (panel.panels ?? []) : [panel]));
}

/** Fills in Grafana's variables: everything chosen, and spans that fit the time shown. */
export function filled(expr: string, span: { rangeSeconds: number; rateSeconds: number }): string {
  return expr
    .replaceAll('$__rate_interval', `${span.rateSeconds}s`)
    .replaceAll('$__range', `${span.rangeSeconds}s`)
    .replaceAll(/\$(?:instance|app|environment)\b/g, '.*');
}

/** Reads `label_values(match, label)` of a variable. */
export function labelQuery(definition: string): { match: string; label: string } {
  const found = /^label_values\((.*), (\w+)\)$/.exec(definition);
  if (!found) throw new Error(`a variable's query must be label_values(match, label), not ${definition}`);
  return { match: found[1] ?? '', label: found[2] ?? '' };
}
