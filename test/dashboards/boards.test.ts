import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { boardTexts } from '../../dashboards/boards/boards.ts';
import { labelQuery, panelsOf, readBoards } from '../../dashboards/living/expressions.ts';
import { RULE_WORDS } from '../../src/alerts/rule-words.ts';
import { GAUGES } from '../../src/telemetry/gauge-shapes.ts';
import { createInstruments } from '../../src/telemetry/metrics.ts';
import { PROJECT, readProject } from '../docs/markdown.ts';

const BOARDS = Object.entries(readBoards());
const RULES = ['recording', 'alerts'].map((name) => readProject(`dashboards/prometheus/${name}.rules.yaml`));
/** Labels that Prometheus itself, a target or a resource gives. */
const GIVEN_LABELS = new Set([
  'instance',
  'job',
  'le',
  'environment',
  'service_name',
  'alertname',
  'alertstate',
]);

const shapes = [...Object.values(createInstruments()), ...Object.values(GAUGES)];
const known = new Map(shapes.map((shape) => [shape.name, shape]));

/** Gives the metric of a series' name: a histogram has three. */
function metricOf(name: string): (typeof shapes)[number] | undefined {
  return known.get(name) ?? known.get(name.replace(/_(bucket|sum|count)$/, ''));
}

/** Lists the metrics of ours in an expression, each with the labels that are asked of it. */
function metricsIn(expr: string): { name: string; labels: string[] }[] {
  return [...expr.matchAll(/\b(kling_[a-z_]+)(?:\{([^}]*)\})?/g)].map(([, name = '', matchers = '']) => ({
    name,
    labels: [...matchers.matchAll(/(\w+)\s*(?:=~|!~|!=|=)/g)].map(([, label = '']) => label),
  }));
}

function unknownIn(expr: string): string[] {
  return metricsIn(expr).flatMap(({ name, labels }) => {
    const shape = metricOf(name);
    if (!shape) return [name];
    return labels
      .filter((label) => !GIVEN_LABELS.has(label) && !shape.labels.includes(label))
      .map((label) => `${name}{${label}}`);
  });
}

describe('the boards', () => {
  it('are what their source makes (npm run dashboards)', () => {
    for (const [name, text] of Object.entries(boardTexts())) {
      expect(readFileSync(join(PROJECT, 'dashboards', name), 'utf8') === text, name).toBe(true);
    }
    expect(BOARDS.map(([name]) => name).sort()).toEqual(Object.keys(boardTexts()).sort());
  });

  it('ask only for metrics and labels that exist', () => {
    const unknown = BOARDS.flatMap(([name, board]) => [
      ...panelsOf(board).flatMap(({ title, targets = [] }) =>
        targets.flatMap(({ expr }) => unknownIn(expr).map((each) => `${name}: ${title}: ${each}`)),
      ),
      ...board.annotations.list.flatMap(({ expr }) => unknownIn(expr)),
      ...board.templating.list.flatMap(({ definition = '' }) => unknownIn(definition)),
    ]);
    expect(unknown).toEqual([]);
  });

  it('show every metric on some panel', () => {
    const exprs = BOARDS.flatMap(([, board]) => panelsOf(board).flatMap(({ targets = [] }) => targets));
    const shown = new Set(
      exprs.flatMap(({ expr }) => metricsIn(expr).map(({ name }) => metricOf(name)?.name)),
    );
    const used = RULES.flatMap((text) => metricsIn(text).map(({ name }) => metricOf(name)?.name));
    const annotated = BOARDS.flatMap(([, board]) =>
      board.annotations.list.flatMap(({ expr }) => metricsIn(expr).map(({ name }) => metricOf(name)?.name)),
    );
    const all = new Set([...shown, ...used, ...annotated]);
    expect([...known.keys()].filter((name) => !all.has(name))).toEqual([]);
  });

  it('name their data source by a variable and narrow every query to the chosen instances', () => {
    for (const [name, board] of BOARDS) {
      expect(board.templating.list[0]).toMatchObject({ name: 'datasource', type: 'datasource' });
      const variables = board.templating.list.map((variable) => variable.name);
      expect(variables).toEqual(expect.arrayContaining(['environment', 'instance']));
      for (const { type, definition = '' } of board.templating.list) {
        if (type === 'query') expect(() => labelQuery(definition), definition).not.toThrow();
      }
      for (const panel of panelsOf(board)) {
        expect(panel, panel.title).toMatchObject({ datasource: { uid: '${datasource}' } });
        for (const { expr } of panel.targets ?? []) {
          if (!expr.includes('kling_')) continue;
          const [all, narrowed] = [metricsIn(expr).length, expr.match(/instance=~"\$instance"/g)?.length];
          expect(narrowed, `${name}: ${panel.title}: ${expr}`).toBe(all);
        }
      }
    }
  });

  it('say on every panel what it shows, with a unit, a title of its own and a place of its own', () => {
    for (const [name, board] of BOARDS) {
      const panels = panelsOf(board);
      expect(new Set(panels.map(({ title }) => title)).size, name).toBe(panels.length);
      expect(new Set(board.panels.map(({ id }) => id)).size, name).toBe(board.panels.length);
      for (const panel of panels) {
        expect(panel.description.length, `${name}: ${panel.title}`).toBeGreaterThan(25);
        expect(panel.fieldConfig.defaults.unit, `${name}: ${panel.title}`).not.toBe('');
        expect(panel.targets?.length, `${name}: ${panel.title}`).toBeGreaterThan(0);
      }
      const cells = panels.flatMap(({ gridPos: { x, y, w, h } }) =>
        Array.from({ length: w * h }, (_, at) => `${x + (at % w)},${y + Math.floor(at / w)}`),
      );
      expect(new Set(cells).size, name).toBe(cells.length);
      expect(panels.every(({ gridPos: { x, w } }) => x + w <= 24)).toBe(true);
    }
  });

  it('have uids that never change, since links and bookmarks carry them', () => {
    expect(Object.fromEntries(BOARDS.map(([name, { uid }]) => [name, uid]))).toEqual({
      'overview.json': 'kling-overview',
      'credits.json': 'kling-credits',
      'tasks.json': 'kling-tasks',
      'pacing.json': 'kling-pacing',
      'upstream-and-sla.json': 'kling-upstream-sla',
      'sidecar.json': 'kling-sidecar',
    });
  });

  it('never take a rate and then a sum the wrong way round, and never a rate of a gauge', () => {
    for (const [name, board] of BOARDS) {
      for (const { title, targets = [] } of panelsOf(board)) {
        for (const { expr } of targets) {
          // A sum may stand inside only where it is taken again and again over a span (`[span:]`).
          expect(expr, `${name}: ${title}`).not.toMatch(/(rate|increase)\(\s*sum(?!.*:\]\))/);
          for (const [, metric = ''] of expr.matchAll(/(?:rate|increase)\((kling_[a-z_]+)/g)) {
            expect(metricOf(metric)?.type, `${name}: ${title}: ${metric}`).not.toBe('gauge');
          }
        }
      }
    }
  });
});

describe('the rules', () => {
  it('ask only for metrics and labels that exist', () => {
    const unknown = RULES.flatMap((text) =>
      [...text.matchAll(/^\s+expr: (.*)$/gm)].flatMap(([, expr = '']) => unknownIn(expr)),
    );
    expect(unknown).toEqual([]);
  });

  it('name a runbook of an alert rule of ours, or of what only Prometheus sees, that says what to do', () => {
    const alerts = [...(RULES[1] ?? '').matchAll(/- alert: (\w+)[\s\S]*?runbook_url: (\S+)/g)];
    expect(alerts.length).toBeGreaterThan(14);
    for (const [, alert = '', url = ''] of alerts) {
      const [, word = ''] = /\/docs\/runbooks\/([a-z_]+)\.md$/.exec(url) ?? [];
      expect([...RULE_WORDS, 'sidecar_down', 'sidecar_without_data'], alert).toContain(word);
      const path = `docs/runbooks/${word}.md`;
      expect(existsSync(join(PROJECT, path)), path).toBe(true);
      const text = readProject(path);
      expect(text).toContain('**What it means.**');
      expect(text).toMatch(/## What to do\n\n1\. \S/);
      expect(text).toContain('## When it is over');
    }
  });

  it('are tested one by one', () => {
    const tests = readProject('dashboards/prometheus/tests/rules.test.yaml');
    const alerts = [...(RULES[1] ?? '').matchAll(/- alert: (\w+)/g)].map(([, name = '']) => name);
    expect(alerts.filter((name) => !tests.includes(`alertname: ${name}`))).toEqual([]);
  });
});

describe('the living board', () => {
  it('mounts only files that exist, and every board', () => {
    const compose = readProject('dashboards/compose.yaml');
    const mounts = [...compose.matchAll(/- \.\/([^:]+):/g)].map(([, path = '']) => path);
    expect(mounts.filter((path) => !existsSync(join(PROJECT, 'dashboards', path)))).toEqual([]);
    for (const [name] of BOARDS) expect(mounts).toContain(name);
  });
});
