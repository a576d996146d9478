/**
 * A Grafana board as classic JSON (schema 39: Grafana 11 to 13), made from rows of panels.
 *
 * Panels are placed from left to right and wrap at 24 columns. Every panel has a description that says what it shows and
 * what to do, a unit, and queries that are narrowed to the instances chosen at the top of the board.
 *
 * **Invariant**: the same source gives the same text, byte for byte; ids follow the order of the panels.
 */
import { panelOf, PROMETHEUS, type PanelShape } from './panel.ts';

/** Columns of Grafana's grid. */
const GRID_COLUMNS = 24;
const SCHEMA_VERSION = 39;
/** Where runbooks and pages are read. */
export const DOCS_URL = 'https://github.com/kling-sidecar/kling-sidecar/blob/main/docs';

export interface Row {
  title: string;
  panels: readonly PanelShape[];
  collapsed?: boolean;
}

export interface BoardShape {
  uid: string;
  title: string;
  description: string;
  rows: readonly Row[];
  /** Variables beside data source, environment and instance. */
  variables?: readonly Variable[];
  from?: string;
  refresh?: string;
}

export interface Variable {
  name: string;
  label: string;
  /** A query for label values. */
  query: string;
}

export interface Annotation {
  name: string;
  expr: string;
  color: string;
  text: string;
}

type Json = Record<string, unknown>;

/** Narrows a metric to the chosen instances and, further, to label matchers. */
export function of(metric: string, ...matchers: string[]): string {
  return `${metric}{${['instance=~"$instance"', ...matchers].join(', ')}}`;
}

/** Narrows a metric that has an `app` to the chosen instances and apps. */
export function ofApp(metric: string, ...matchers: string[]): string {
  return of(metric, 'app=~"$app"', ...matchers);
}

const COMMON_VARIABLES: readonly Variable[] = [
  {
    name: 'environment',
    label: 'Environment',
    query: 'label_values(target_info{service_name="kling-sidecar"}, environment)',
  },
  {
    name: 'instance',
    label: 'Instance',
    query: 'label_values(target_info{service_name="kling-sidecar", environment=~"$environment"}, instance)',
  },
];

/** What happened beside the numbers; each is a change that lasts one scrape. */
export const ANNOTATIONS: readonly Annotation[] = [
  {
    name: 'Restarts',
    expr: `changes(${of('kling_process_start_time_seconds')}[2m]) > 0`,
    color: 'blue',
    text: 'restarted',
  },
  {
    name: 'Frozen',
    expr: `${of('kling_spending_frozen')} > 0`,
    color: 'purple',
    text: 'spending is frozen',
  },
  {
    name: 'Budget exhausted',
    expr: `(${of('kling_budget_settled_credits')} + ${of('kling_budget_held_credits')}) / (${of('kling_budget_limit_credits')} > 0) >= 1`,
    color: 'red',
    text: '{{budget}} is used up',
  },
  {
    name: 'Exclusions',
    expr: `${of('kling_sla_excluded')} > 0`,
    color: 'orange',
    text: 'an exclusion of the SLA is in force',
  },
];

/** Makes the JSON of a board. */
export function makeBoard(shape: BoardShape, others: readonly { uid: string; title: string }[]): Json {
  return {
    uid: shape.uid,
    title: shape.title,
    description: shape.description,
    tags: ['kling-sidecar'],
    schemaVersion: SCHEMA_VERSION,
    version: 1,
    editable: true,
    graphTooltip: 1,
    timezone: 'browser',
    refresh: shape.refresh ?? '30s',
    time: { from: shape.from ?? 'now-6h', to: 'now' },
    links: linksTo(others.filter(({ uid }) => uid !== shape.uid)),
    annotations: { list: ANNOTATIONS.map(annotationOf) },
    templating: {
      list: [datasource(), ...[...COMMON_VARIABLES, ...(shape.variables ?? [])].map(variableOf)],
    },
    panels: place(shape.rows),
  };
}

function linksTo(others: readonly { uid: string; title: string }[]): Json[] {
  const boards = others.map(({ uid, title }) => ({
    title,
    type: 'link',
    url: `/d/${uid}`,
    keepTime: true,
    includeVars: true,
    targetBlank: false,
  }));
  return [
    ...boards,
    { title: 'Runbooks', type: 'link', url: `${DOCS_URL}/runbooks`, icon: 'doc', targetBlank: true },
  ];
}

function annotationOf({ name, expr, color, text }: Annotation): Json {
  return {
    name,
    datasource: PROMETHEUS,
    enable: true,
    hide: false,
    iconColor: color,
    expr,
    step: '60s',
    titleFormat: name,
    textFormat: text,
  };
}

function datasource(): Json {
  return {
    name: 'datasource',
    label: 'Data source',
    type: 'datasource',
    query: 'prometheus',
    current: {},
    hide: 0,
    refresh: 1,
  };
}

function variableOf({ name, label, query }: Variable): Json {
  return {
    name,
    label,
    type: 'query',
    datasource: PROMETHEUS,
    definition: query,
    query: { query, refId: 'variable', qryType: 1 },
    refresh: 2,
    sort: 1,
    multi: true,
    includeAll: true,
    allValue: '.*',
    current: { selected: true, text: ['All'], value: ['$__all'] },
  };
}

/** Gives every panel its id and its place, row by row. */
function place(rows: readonly Row[]): Json[] {
  const placed: Json[] = [];
  let id = 0;
  let y = 0;
  for (const row of rows) {
    const panels: Json[] = [];
    const rowId = (id += 1);
    const rowY = y;
    y += 1;
    let x = 0;
    let lines = 0;
    for (const panel of row.panels) {
      const [columns, height] = panel.size ?? [12, 8];
      if (x + columns > GRID_COLUMNS) {
        y += lines;
        x = 0;
        lines = 0;
      }
      panels.push(panelOf(panel, (id += 1), { h: height, w: columns, x, y }));
      x += columns;
      lines = Math.max(lines, height);
    }
    y += lines;
    const collapsed = row.collapsed === true;
    placed.push({
      id: rowId,
      type: 'row',
      title: row.title,
      collapsed,
      gridPos: { h: 1, w: GRID_COLUMNS, x: 0, y: rowY },
      panels: collapsed ? panels : [],
    });
    if (!collapsed) placed.push(...panels);
  }
  return placed;
}
