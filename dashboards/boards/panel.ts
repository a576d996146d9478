/** One panel of a board: what it is made of, and the JSON that Grafana reads. */

type Json = Record<string, unknown>;

export const PROMETHEUS = { type: 'prometheus', uid: '${datasource}' } as const;

export type Unit =
  | 'none'
  | 'short'
  | 's'
  | 'ms'
  | 'bytes'
  | 'percentunit'
  | 'reqps'
  | 'credits'
  | 'cost'
  | 'windows'
  | 'dateTimeAsIso';

/** Grafana's unit of ours; a suffix where Grafana has none. */
const UNITS: Readonly<Record<Unit, string>> = {
  none: 'none',
  short: 'short',
  s: 's',
  ms: 'ms',
  bytes: 'bytes',
  percentunit: 'percentunit',
  reqps: 'reqps',
  credits: 'suffix: cr',
  cost: 'none',
  windows: 'suffix: windows',
  dateTimeAsIso: 'dateTimeAsIso',
};

export interface Query {
  expr: string;
  /** Text with `{{label}}`; the expression's own labels where it is left out. */
  legend?: string;
  /** Asks for one value now instead of a series. */
  instant?: boolean;
  format?: 'time_series' | 'table' | 'heatmap';
}

/** From a value on, a colour; the first step has no value and is the base. */
export interface Step {
  color: 'green' | 'yellow' | 'orange' | 'red' | 'blue' | 'text';
  from: number | null;
}

export interface PanelShape {
  title: string;
  /** What it shows, and what to do when it looks wrong. */
  description: string;
  kind: 'timeseries' | 'stat' | 'gauge' | 'bargauge' | 'table' | 'heatmap' | 'state-timeline';
  queries: readonly Query[];
  unit?: Unit;
  decimals?: number;
  /** Columns and lines of the grid; 12 by 8 where left out. */
  size?: readonly [columns: number, lines: number];
  steps?: readonly Step[];
  /** Draws the first threshold as a line across the panel. */
  thresholdLine?: boolean;
  min?: number;
  max?: number;
  stack?: boolean;
  /** Shows this many days back from now, a point a day, whatever span the board shows. */
  days?: number;
  bars?: boolean;
  /** What stands in place of no data: 0 is a real answer for counts of rare events. */
  noValue?: string;
  links?: readonly Link[];
  /** Puts another label's value in place of words, such as 1 as `up`. */
  mappings?: readonly { value: number; text: string; color: Step['color'] }[];
}

export interface Link {
  title: string;
  url: string;
}

/** Makes the JSON of a panel with its id and place. */
export function panelOf(panel: PanelShape, id: number, gridPos: Json): Json {
  return {
    id,
    type: panel.kind,
    title: panel.title,
    description: panel.description,
    datasource: PROMETHEUS,
    gridPos,
    fieldConfig: { defaults: defaultsOf(panel), overrides: [] },
    options: optionsOf(panel),
    targets: panel.queries.map((query, index) => targetOf(query, index, panel)),
    ...(panel.days === undefined ? {} : { timeFrom: `${panel.days}d`, interval: '1d' }),
    ...(panel.links ? { links: panel.links.map((link) => ({ ...link, targetBlank: true })) } : {}),
    ...(panel.kind === 'table' ? { transformations: TABLE_TRANSFORMATIONS } : {}),
  };
}

/** Joins the queries of a table by their labels and leaves the time out. */
const TABLE_TRANSFORMATIONS = [
  { id: 'merge', options: {} },
  { id: 'organize', options: { excludeByName: { Time: true, instance: true, job: true } } },
] as const;

function targetOf(query: Query, index: number, panel: PanelShape): Json {
  const isTable = panel.kind === 'table';
  return {
    refId: String.fromCharCode(65 + index),
    datasource: PROMETHEUS,
    editorMode: 'code',
    expr: query.expr,
    legendFormat: query.legend ?? '__auto',
    instant: query.instant ?? isTable,
    range: !(query.instant ?? isTable),
    format: query.format ?? (isTable ? 'table' : 'time_series'),
  };
}

function defaultsOf(panel: PanelShape): Json {
  const steps = panel.steps ?? [{ color: 'text', from: null }];
  const isSeries = panel.kind === 'timeseries';
  return {
    unit: UNITS[panel.unit ?? 'short'],
    ...(panel.decimals === undefined ? {} : { decimals: panel.decimals }),
    ...(panel.min === undefined ? {} : { min: panel.min }),
    ...(panel.max === undefined ? {} : { max: panel.max }),
    ...(panel.noValue === undefined ? {} : { noValue: panel.noValue }),
    color: { mode: isSeries ? 'palette-classic' : 'thresholds' },
    thresholds: { mode: 'absolute', steps: steps.map(({ color, from }) => ({ color, value: from })) },
    mappings: (panel.mappings ?? []).map(({ value, text, color }) => ({
      type: 'value',
      options: { [String(value)]: { text, color, index: 0 } },
    })),
    ...(isSeries ? { custom: seriesStyle(panel) } : {}),
  };
}

function seriesStyle(panel: PanelShape): Json {
  return {
    drawStyle: panel.bars === true ? 'bars' : 'line',
    lineWidth: 1,
    fillOpacity: panel.stack === true || panel.bars === true ? 40 : 8,
    showPoints: 'never',
    spanNulls: false,
    stacking: { mode: panel.stack === true ? 'normal' : 'none', group: 'A' },
    thresholdsStyle: { mode: panel.thresholdLine === true ? 'line' : 'off' },
  };
}

const LAST = { calcs: ['lastNotNull'], fields: '', values: false } as const;

function optionsOf(panel: PanelShape): Json {
  switch (panel.kind) {
    case 'timeseries':
      return {
        legend: { displayMode: 'list', placement: 'bottom', showLegend: true, calcs: [] },
        tooltip: { mode: 'multi', sort: 'desc' },
      };
    case 'stat':
      return {
        reduceOptions: LAST,
        colorMode: 'background',
        graphMode: 'area',
        textMode: 'auto',
        justifyMode: 'auto',
        orientation: 'auto',
      };
    case 'gauge':
      return {
        reduceOptions: LAST,
        showThresholdLabels: false,
        showThresholdMarkers: true,
        orientation: 'auto',
      };
    case 'bargauge':
      return { reduceOptions: LAST, displayMode: 'gradient', orientation: 'horizontal', showUnfilled: true };
    case 'table':
      return { showHeader: true, cellHeight: 'sm' };
    case 'heatmap':
      return {
        calculate: false,
        color: { mode: 'scheme', scheme: 'Oranges', steps: 32 },
        yAxis: { axisPlacement: 'left', unit: UNITS[panel.unit ?? 'short'] },
        tooltip: { mode: 'single', showColorScale: true },
        legend: { show: true },
      };
    case 'state-timeline':
      return {
        showValue: 'never',
        mergeValues: true,
        rowHeight: 0.9,
        legend: { displayMode: 'list', placement: 'bottom', showLegend: true },
      };
  }
}
