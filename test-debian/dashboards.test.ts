/**
 * Every expression of the boards and rules against a real Prometheus that holds a day of a real sidecar's scrapes.
 *
 * The day is lived on a clock moved by hand (`dashboards/living/story.ts`), so that what must come out is known.
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { filled, labelQuery, panelsOf, readBoards } from '../dashboards/living/expressions.ts';
import { startPrometheus, type Prometheus } from '../dashboards/living/prometheus.ts';
import { liveDay, MINUTE_MS, type Day } from '../dashboards/living/story.ts';
import { debianProgram } from './debian-program.ts';

const RULES = join(import.meta.dirname, '../dashboards/prometheus');
const STEP_SECONDS = 300;
/** Panels whose metric has no series in this day, and why. */
const EMPTY_HERE: Readonly<Record<string, string>> = {
  'Month before': 'nothing was recorded in September',
  kling_result: 'results are not kept in that day',
  kling_outbox_oldest_seconds: 'the log takes every fact at once',
};

let day: Day;
let prometheus: Prometheus;
let span = { from: 0, to: 0 };
beforeAll(async () => {
  day = await liveDay();
  const [first, last] = [day.scrapes[0]?.at ?? 0, day.scrapes.at(-1)?.at ?? 0];
  span = { from: first, to: last };
  prometheus = await startPrometheus({
    prometheus: debianProgram('prometheus', 'prometheus'),
    promtool: debianProgram('promtool', 'prometheus'),
    scrapes: day.scrapes,
    rules: [join(RULES, 'recording.rules.yaml'), join(RULES, 'alerts.rules.yaml')],
  });
});
afterAll(() => prometheus.stop());

const fill = (expr: string): string =>
  filled(expr, { rangeSeconds: (span.to - span.from) / 1000, rateSeconds: STEP_SECONDS });
const range = (expr: string) => prometheus.range(fill(expr), { ...span, stepSeconds: 60 });
/** The one value of an expression at the end of the day. */
async function value(expr: string, at = span.to): Promise<number> {
  const samples = await prometheus.instant(fill(expr), at);
  expect(samples, expr).toHaveLength(1);
  return samples[0]?.values[0]?.[1] ?? Number.NaN;
}

describe('the boards', () => {
  test('ask nothing that Prometheus refuses, and nothing that is never answered', async () => {
    const silent: string[] = [];
    for (const [name, board] of Object.entries(readBoards())) {
      for (const panel of panelsOf(board)) {
        for (const { expr } of panel.targets ?? []) {
          const samples = await range(expr);
          const points = samples.flatMap(({ values }) => values).filter(([, each]) => !Number.isNaN(each));
          if (points.length === 0) silent.push(`${name}: ${panel.title}: ${expr}`);
        }
      }
    }
    expect(silent.filter((each) => !Object.keys(EMPTY_HERE).some((known) => each.includes(known)))).toEqual(
      [],
    );
  });

  test('have variables with values, and annotations that appear', async () => {
    for (const [name, board] of Object.entries(readBoards())) {
      for (const { definition, type } of board.templating.list) {
        if (type !== 'query') continue;
        const { match, label } = labelQuery(fill(definition ?? ''));
        expect(await prometheus.labelValues(label, match), `${name}: ${definition}`).not.toEqual([]);
      }
      for (const annotation of board.annotations.list) {
        const samples = await range(annotation.expr);
        // No sidecar ends in that day: its counters would begin again, and the sums below be unknown.
        const isExpected = annotation.name !== 'Restarts';
        expect(samples.length > 0, `${name}: ${annotation.name}`).toBe(isExpected);
      }
    }
  });
});

describe('the numbers', () => {
  test('of credits are those of the emulator’s own book', async () => {
    // The task that never ends, too: Kling's ledger has its deduction.
    const settled = day.told.bookCredits;
    expect(await value('sum(kling_credits_total{state="settled"})')).toBeCloseTo(settled, 6);
    const cost = await value('sum(kling_credits_cost_total{state="settled", currency="USD"})');
    expect(cost).toBeCloseTo(settled * 0.014, 6);
    expect(await value('sum(kling_budget_settled_credits{budget="day"})')).toBeCloseTo(settled, 6);
    expect(await value('sum(kling_budget_held_credits{budget="day"})')).toBe(0);
  });

  test('of refusals and throttles are right from the first event on, though nothing was counted before', async () => {
    const refused = await value('increase(sum(kling_credits_total{state="refused"})[$__range:])');
    expect(Math.round(refused)).toBe(day.told.refusedCredits);
    for (const [code, count] of Object.entries(day.told.throttles)) {
      expect(
        Math.round(await value(`sum(increase(kling_throttles_total{code="${code}"}[$__range]))`)),
        code,
      ).toBe(count);
    }
  });

  test('of availability are those of the SLA’s formula, to six places', async () => {
    const ratio = await value('kling_sla_availability_ratio{month="current", reading="received"}');
    const usedWindows = await value(
      'kling_sla_error_budget_used_windows{month="current", reading="received"}',
    );
    // The outage fails every request of its ten windows; October has 8,928 windows.
    expect(usedWindows).toBeCloseTo(day.told.outageWindows, 6);
    expect(ratio).toBeCloseTo(1 - usedWindows / 8928, 6);
  });

  test('of tasks are what became of them', async () => {
    const failed = await value('sum(kling_task_duration_seconds_count{result="failed"})');
    expect(failed).toBe(day.told.failedTasks);
    expect(await value('sum(kling_task_failures_total{reason="content"})')).toBe(day.told.failedTasks);
    expect(await value('sum(kling_tasks_stuck)')).toBe(1);
  });
});

describe('the rules', () => {
  test('fire for what happened in this day', async () => {
    const firing = async (alert: string): Promise<number> => {
      const samples = await range(`ALERTS{alertname="${alert}", alertstate="firing"}`);
      return samples.flatMap(({ values }) => values).length;
    };
    for (const alert of [
      'KlingBudgetUsedUp',
      'KlingFailureRate',
      'KlingTasksStuck',
      'KlingBreakerOpen',
      'KlingCreatesStopped',
      'KlingSlaBroken',
      'KlingSlaBurnFast',
    ]) {
      expect(await firing(alert), alert).toBeGreaterThan(0);
    }
    expect(await firing('KlingCredentialsRefused')).toBe(0);
    expect(await firing('KlingSidecarDown')).toBe(0);
    expect(span.to - span.from).toBeGreaterThan(400 * MINUTE_MS);
  });
});

describe('promtool', () => {
  const promtool = debianProgram('promtool', 'prometheus');
  const files = ['recording', 'alerts'].map((name) => join(RULES, `${name}.rules.yaml`));
  test.each([
    ['checks the rules', ['check', 'rules', ...files]],
    ['checks the config of the living board', ['check', 'config', join(RULES, 'prometheus.yaml')]],
    ['finds that each rule fires as it should', ['test', 'rules', join(RULES, 'tests/rules.test.yaml')]],
  ])('%s', (_, args) => {
    const run = spawnSync(promtool, args, { encoding: 'utf8' });
    expect(run.status, run.stdout + run.stderr).toBe(0);
  });
});
