import * as fc from 'fast-check';
import { afterEach, describe, expect, test } from 'vitest';
import { createManualClock } from '../../src/clock.ts';
import { createCounter, SERIES_MAX } from '../../src/telemetry/instruments.ts';
import { createLog } from '../../src/telemetry/log.ts';
import { GAUGES } from '../../src/telemetry/gauge-shapes.ts';
import { createInstruments } from '../../src/telemetry/metrics.ts';
import { createTelemetry } from '../../src/telemetry/telemetry.ts';
import { CALL, LABELS, make, parse, shutDownAll, tellEverything, type Series } from './telling.ts';

/** The table "Metrics" of the public contract, as far as this version feeds it, typed anew. */
const CONTRACT: Readonly<Record<string, { type: string; labels: string[] }>> = {
  kling_requests_total: { type: 'counter', labels: ['app', 'code', 'method', 'outcome', 'route', 'status'] },
  kling_request_duration_seconds: { type: 'histogram', labels: ['method', 'route', 'status'] },
  kling_sidecar_overhead_seconds: { type: 'histogram', labels: ['route'] },
  kling_credits_total: { type: 'counter', labels: ['app', 'mode', 'model', 'operation', 'state'] },
  kling_refusals_total: { type: 'counter', labels: ['word'] },
  kling_would_refuse_total: { type: 'counter', labels: ['word'] },
  kling_unpriced_fields_total: { type: 'counter', labels: ['operation'] },
  kling_reads_unrecorded_total: { type: 'counter', labels: [] },
  kling_budget_limit_credits: { type: 'gauge', labels: ['budget'] },
  kling_budget_settled_credits: { type: 'gauge', labels: ['budget'] },
  kling_budget_held_credits: { type: 'gauge', labels: ['budget'] },
  kling_estimate_error_credits: { type: 'histogram', labels: ['operation'] },
  kling_tasks: { type: 'gauge', labels: ['product', 'state'] },
  kling_tasks_stuck: { type: 'gauge', labels: ['product', 'state'] },
  kling_task_duration_seconds: { type: 'histogram', labels: ['mode', 'model', 'operation', 'result'] },
  kling_task_failures_total: { type: 'counter', labels: ['operation', 'reason'] },
  kling_task_retries_total: { type: 'counter', labels: ['result'] },
  kling_concurrency_in_use: { type: 'gauge', labels: ['pool'] },
  kling_concurrency_elsewhere_in_use: { type: 'gauge', labels: ['pool'] },
  kling_concurrency_limit: { type: 'gauge', labels: ['pool'] },
  kling_concurrency_limit_source: { type: 'gauge', labels: ['pool', 'source'] },
  kling_pool_paused_seconds: { type: 'gauge', labels: ['pool'] },
  kling_queue_length: { type: 'gauge', labels: ['pool'] },
  kling_queue_oldest_seconds: { type: 'gauge', labels: ['pool'] },
  kling_queue_ends_total: { type: 'counter', labels: ['pool', 'result'] },
  kling_pool_pauses_total: { type: 'counter', labels: ['pool', 'why'] },
  kling_queue_wait_seconds: { type: 'histogram', labels: ['pool'] },
  kling_breaker_open: { type: 'gauge', labels: [] },
  kling_creates_stopped: { type: 'gauge', labels: ['code'] },
  kling_retries_total: { type: 'counter', labels: ['reason'] },
  kling_throttles_total: { type: 'counter', labels: ['code'] },
  kling_token_refreshes_total: { type: 'counter', labels: ['result'] },
  kling_credentials_refused_total: { type: 'counter', labels: ['code'] },
  kling_config_reloads_total: { type: 'counter', labels: ['result'] },
  kling_store_commit_seconds: { type: 'histogram', labels: [] },
  kling_store_bytes: { type: 'gauge', labels: [] },
  kling_event_loop_lag_seconds: { type: 'gauge', labels: [] },
  kling_sla_availability_ratio: { type: 'gauge', labels: ['month', 'reading'] },
  kling_sla_error_budget_used_windows: { type: 'gauge', labels: ['month', 'reading'] },
  kling_sla_window_requests: { type: 'gauge', labels: [] },
  kling_sla_window_errors: { type: 'gauge', labels: [] },
  kling_sla_excluded: { type: 'gauge', labels: [] },
  kling_replays_total: { type: 'counter', labels: ['kind'] },
  kling_look_ups_total: { type: 'counter', labels: ['result'] },
  kling_credits_cost_total: {
    type: 'counter',
    labels: ['app', 'currency', 'mode', 'model', 'operation', 'state'],
  },
  kling_store_queue_wait_seconds: { type: 'histogram', labels: ['queue'] },
  kling_store_queue_length: { type: 'gauge', labels: ['queue'] },
  kling_store_writable: { type: 'gauge', labels: [] },
  kling_store_wal_bytes: { type: 'gauge', labels: [] },
  kling_job_runs_total: { type: 'counter', labels: ['job_name', 'result'] },
  kling_job_missed_total: { type: 'counter', labels: ['job_name'] },
  kling_job_duration_seconds: { type: 'histogram', labels: ['job_name'] },
  kling_budget_limit_cost: { type: 'gauge', labels: ['budget', 'currency'] },
  kling_budget_settled_cost: { type: 'gauge', labels: ['budget', 'currency'] },
  kling_budget_held_cost: { type: 'gauge', labels: ['budget', 'currency'] },
  kling_budget_exhaustion_seconds: { type: 'gauge', labels: ['budget'] },
  kling_spending_frozen: { type: 'gauge', labels: [] },
  kling_holds_in_doubt: { type: 'gauge', labels: [] },
  kling_holds_in_doubt_oldest_seconds: { type: 'gauge', labels: [] },
  kling_pack_remaining_credits: { type: 'gauge', labels: ['pack'] },
  kling_pack_expiry_timestamp_seconds: { type: 'gauge', labels: ['pack'] },
  kling_pack_days_left: { type: 'gauge', labels: ['pack'] },
  kling_upstream_connections: { type: 'gauge', labels: ['lane'] },
  kling_upstream_connections_waiting: { type: 'gauge', labels: ['lane'] },
  kling_clock_offset_seconds: { type: 'gauge', labels: [] },
  kling_alerts_total: { type: 'counter', labels: ['channel', 'result', 'rule'] },
  kling_alerts_firing: { type: 'gauge', labels: ['rule', 'severity'] },
  kling_alerts_waiting: { type: 'gauge', labels: ['channel'] },
  kling_alerts_waiting_oldest_seconds: { type: 'gauge', labels: ['channel'] },
  kling_outbox_waiting: { type: 'gauge', labels: ['receiver'] },
  kling_outbox_oldest_seconds: { type: 'gauge', labels: ['receiver'] },
  kling_callbacks_total: { type: 'counter', labels: ['result'] },
  kling_callback_relays_total: { type: 'counter', labels: ['result'] },
  kling_process_start_time_seconds: { type: 'gauge', labels: [] },
  kling_process_resident_bytes: { type: 'gauge', labels: [] },
  kling_process_heap_bytes: { type: 'gauge', labels: [] },
};

afterEach(shutDownAll);

function valueOf(series: Series[], name: string, labels: Record<string, string> = {}): number | undefined {
  const all = series.filter(
    (one) => one.name === name && Object.entries(labels).every(([key, value]) => one.labels[key] === value),
  );
  // Series that are known from the start stand at 0 beside those that were counted.
  const found = all.length > 1 ? all.filter(({ value }) => value !== 0) : all;
  expect(found.length).toBeLessThanOrEqual(1);
  return found[0]?.value;
}

describe('the metrics', () => {
  test('every name, type and label is in the contract, and every promised one is fed', async () => {
    const { telemetry } = make();
    tellEverything(telemetry);
    const { types, series } = parse(await telemetry.metricsText());
    expect([...types.keys()].filter((name) => name !== 'target_info').toSorted()).toEqual(
      Object.keys(CONTRACT).toSorted(),
    );
    const seen = new Map<string, Set<string>>();
    for (const { name, labels } of series) {
      if (name === 'target_info') continue;
      const family = types.has(name) ? name : name.replace(/_(bucket|sum|count)$/, '');
      const names = seen.get(family) ?? new Set();
      for (const label of Object.keys(labels)) if (label !== 'le') names.add(label);
      seen.set(family, names);
    }
    for (const [name, { type, labels }] of Object.entries(CONTRACT)) {
      expect([name, types.get(name)]).toEqual([name, type]);
      expect([name, [...(seen.get(name) ?? [])].toSorted()]).toEqual([name, labels]);
    }
  });

  test('target_info carries the environment and version and nothing of machine or command line', async () => {
    const { telemetry } = make();
    const text = await telemetry.metricsText();
    const info = parse(text).series.find(({ name }) => name === 'target_info');
    expect(info?.labels).toEqual({
      service_name: 'kling-sidecar',
      service_version: '1.2.3',
      environment: 'staging',
    });
    expect(text).not.toContain('otel_scope');
    expect(text).not.toContain(process.argv[1] ?? 'argv');
  });

  test('credits are decimals by state: held, settled with write-offs and corrections, released, refused', async () => {
    const { telemetry } = make();
    tellEverything(telemetry);
    const { series } = parse(await telemetry.metricsText());
    const credits = (state: string) => valueOf(series, 'kling_credits_total', { state });
    expect(credits('held')).toBe(10);
    expect(credits('settled')).toBe(9.5 + 2 + 0.5);
    expect(credits('released')).toBe(7);
    expect(credits('refused')).toBe(12.5);
    expect(valueOf(series, 'kling_budget_settled_credits')).toBe(250.5);
    expect(valueOf(series, 'kling_budget_held_credits')).toBe(0.001);
    expect(valueOf(series, 'kling_unpriced_fields_total')).toBe(2);
    expect(valueOf(series, 'kling_reads_unrecorded_total')).toBe(3);
    expect(valueOf(series, 'kling_task_failures_total', { reason: 'content' })).toBe(1);
    expect(valueOf(series, 'kling_concurrency_limit', { pool: 'free' })).toBeUndefined();
    expect(valueOf(series, 'kling_concurrency_in_use', { pool: 'free' })).toBe(1);
    expect(valueOf(series, 'kling_concurrency_elsewhere_in_use', { pool: 'video' })).toBe(1);
    expect(valueOf(series, 'kling_concurrency_limit_source', { pool: 'video', source: 'pack' })).toBe(1);
    expect(valueOf(series, 'kling_pool_paused_seconds', { pool: 'video' })).toBe(30);
    expect(valueOf(series, 'kling_queue_oldest_seconds', { pool: 'video' })).toBe(2.5);
  });

  test('begin at 0 if the labels are known from the start', async () => {
    const { telemetry } = make();
    const zero = async (name: string, labels: Record<string, string>) => {
      const { series } = parse(await telemetry.metricsText());
      const found = series.filter(
        (one) =>
          one.name === name && Object.entries(labels).every(([key, value]) => one.labels[key] === value),
      );
      expect([name, labels, found.map(({ value }) => value)]).toEqual([name, labels, [0]]);
    };
    for (const app of ['default', 'studio']) await zero('kling_credits_total', { app, state: 'refused' });
    for (const code of ['1100', '1101', '1102', '1302', '1303', '1304'])
      await zero('kling_throttles_total', { code });
    for (const result of ['ok', 'failed']) {
      await zero('kling_config_reloads_total', { result });
      await zero('kling_token_refreshes_total', { result });
    }
    await zero('kling_task_failures_total', { operation: 'text-to-video', reason: 'content' });
    await zero('kling_would_refuse_total', { word: 'budget_exceeded' });
    await zero('kling_refusals_total', { word: 'queue_full' });
    await zero('kling_queue_ends_total', { pool: 'video', result: 'no_slot' });
    await zero('kling_pool_pauses_total', { pool: 'image', why: 'burst' });
    for (const reason of [
      'external_task_id_refused',
      'callback_url_refused',
      'throttled',
      'not_found',
      'server_error',
    ])
      await zero('kling_retries_total', { reason });
    await zero('kling_unpriced_fields_total', { operation: 'omni-video' });
    telemetry.setKnownApps(['studio', 'added']);
    await zero('kling_credits_total', { app: 'added', state: 'refused' });
  });

  test('the estimate error keeps its sign', async () => {
    const { telemetry } = make();
    tellEverything(telemetry);
    const { series } = parse(await telemetry.metricsText());
    expect(valueOf(series, 'kling_estimate_error_credits_sum')).toBe(-0.5);
    expect(valueOf(series, 'kling_estimate_error_credits_bucket', { le: '-1' })).toBe(0);
    expect(valueOf(series, 'kling_estimate_error_credits_bucket', { le: '-0.001' })).toBe(1);
    expect(valueOf(series, 'kling_estimate_error_credits_bucket', { le: '+Inf' })).toBe(1);
  });

  test('events before the first scrape are counted, and counters never decrease between scrapes', async () => {
    const { telemetry } = make();
    for (let i = 0; i < 1000; i += 1) telemetry.callEnded(CALL);
    expect(valueOf(parse(await telemetry.metricsText()).series, 'kling_requests_total')).toBe(1000);
    telemetry.callEnded(CALL);
    const { series } = parse(await telemetry.metricsText());
    expect(valueOf(series, 'kling_requests_total')).toBe(1001);
    expect(valueOf(series, 'kling_request_duration_seconds_count')).toBe(1001);
    expect(valueOf(series, 'kling_request_duration_seconds_bucket', { le: '0.1' })).toBe(0);
    expect(valueOf(series, 'kling_request_duration_seconds_bucket', { le: '0.25' })).toBe(1001);
  });

  test('buckets count a value that equals a bound within it, as Prometheus does', () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: 0, max: 40, noNaN: true }), { minLength: 1, maxLength: 50 }),
        (values) => {
          const { durations } = createInstruments();
          for (const value of [...values, ...durations.bounds]) durations.observe(value, 'r', 'GET', '200');
          const all = [...values, ...durations.bounds];
          const [point] = [...durations.points()];
          let cumulative = 0;
          for (const [index, bound] of durations.bounds.entries()) {
            cumulative += point?.counts[index] ?? 0;
            expect(cumulative).toBe(all.filter((value) => value <= bound).length);
          }
          expect(point?.count).toBe(all.length);
        },
      ),
      { numRuns: 50 },
    );
  });

  test('labels stay bounded for any input', async () => {
    const { telemetry } = make();
    for (let i = 0; i < 3000; i += 1) {
      telemetry.callEnded({
        ...CALL,
        app: `app-${i}`,
        method: `M${i}`,
        route: `/r${i}`,
        code: i,
        status: 1000 + i,
      });
      telemetry.createHeld({ ...LABELS, model: `model-${i}`, app: `x${i}` }, 1000);
      telemetry.retried(`reason-${i}`);
    }
    telemetry.callEnded({ ...CALL, app: 'default', status: null, code: null, outcome: 'unreachable' });
    const { series } = parse(await telemetry.metricsText());
    const values = (label: string) =>
      new Set(series.map((one) => one.labels[label]).filter((v) => v !== undefined));
    expect([...values('app')].toSorted()).toEqual(['default', 'other', 'studio']);
    expect([...values('method')].toSorted()).toEqual(['POST', 'other']);
    expect([...values('status')]).toEqual(['other']);
    expect(values('route').size).toBeLessThanOrEqual(257);
    expect(values('code').size).toBeLessThanOrEqual(140);
    expect(values('model').size).toBeLessThanOrEqual(129);
    expect(values('reason').size).toBeLessThanOrEqual(160);
  });

  test('an instrument that is full counts further series under other, and loses none', () => {
    const counter = createCounter({ name: 'n', help: 'h', labels: ['a'] });
    for (let i = 0; i < SERIES_MAX * 2; i += 1) counter.add(1, `v${i}`);
    const points = [...counter.points()];
    expect(points).toHaveLength(SERIES_MAX);
    expect(points.reduce((sum, point) => sum + point.value, 0)).toBe(SERIES_MAX * 2);
    expect(points.at(-1)?.labels).toEqual(['other']);
  });

  test('label values are escaped, so that none can forge a series', async () => {
    const { telemetry } = make();
    telemetry.retried('a"} 1\nkling_fake_total{x="\\');
    const { types, series } = parse(await telemetry.metricsText());
    expect(types.has('kling_fake_total')).toBe(false);
    const counted = series.filter(({ name, value }) => name === 'kling_retries_total' && value > 0);
    expect(counted).toHaveLength(1);
  });

  test('series whose labels are known at the start begin at 0, so that a first event is seen', async () => {
    const { telemetry } = make();
    telemetry.setJobs(['retention']);
    const { series } = parse(await telemetry.metricsText());
    const at = (name: string, labels: Record<string, string>): number[] =>
      series
        .filter(
          (one) =>
            one.name === name && Object.entries(labels).every(([key, value]) => one.labels[key] === value),
        )
        .map(({ value }) => value);
    for (const app of ['default', 'studio'])
      expect(at('kling_credits_total', { app, state: 'refused' })).toEqual([0]);
    for (const code of ['1100', '1101', '1102', '1302', '1303', '1304'])
      expect(at('kling_throttles_total', { code })).toEqual([0]);
    expect(at('kling_config_reloads_total', { result: 'failed' })).toEqual([0]);
    expect(at('kling_task_failures_total', { operation: 'avatar', reason: 'internal' })).toEqual([0]);
    expect(at('kling_would_refuse_total', { word: 'budget_exceeded' })).toEqual([0]);
    expect(at('kling_job_runs_total', { job_name: 'retention', result: 'failed' })).toEqual([0]);
    telemetry.throttled(1303);
    telemetry.setKnownApps(['fresh']);
    const later = parse(await telemetry.metricsText()).series;
    expect(valueOf(later, 'kling_throttles_total', { code: '1303' })).toBe(1);
    expect(valueOf(later, 'kling_credits_total', { app: 'fresh', state: 'refused' })).toBe(0);
  });

  test('a gauge source that fails or hangs leaves its gauges out and the rest in', async () => {
    const clock = createManualClock(0);
    const log = createLog({ level: 'silent', destination: { write: () => undefined } });
    const telemetry = createTelemetry({
      price: () => ({ perCredit: 0.014, currency: 'USD' }),
      environment: 'e',
      version: 'v',
      knownApps: [],
      log,
      clock,
    });
    telemetry.callEnded(CALL);
    telemetry.gaugeSource(() => Promise.reject(new Error('store gone')));
    const failed = await telemetry.metricsText();
    expect(failed).toContain('kling_requests_total');
    expect(failed).not.toContain('kling_budget_limit_credits');
    telemetry.gaugeSource(() => new Promise(() => undefined));
    let text = '';
    void telemetry.metricsText().then((scraped) => (text = scraped));
    await expect
      .poll(async () => {
        await clock.advance(500);
        return text;
      })
      .toContain('kling_requests_total');
    expect(text).not.toContain('kling_budget_limit_credits');
  });

  test('a reload of the config replaces the known apps', async () => {
    const { telemetry } = make();
    telemetry.setKnownApps(['fresh']);
    telemetry.callEnded({ ...CALL, app: 'fresh' });
    telemetry.callEnded(CALL);
    const { series } = parse(await telemetry.metricsText());
    expect(valueOf(series, 'kling_requests_total', { app: 'fresh' })).toBe(1);
    expect(valueOf(series, 'kling_requests_total', { app: 'other' })).toBe(1);
  });

  test('every gauge and instrument ends in its unit or in _total', () => {
    const names = [...Object.values(createInstruments()), ...Object.values(GAUGES)].map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    for (const name of names)
      expect(name).toMatch(
        /_(total|seconds|credits|cost|bytes|in_use|limit|length|tasks|stuck|unsaved|ratio|windows|requests|errors|days_left)$|^kling_(tasks|holds_in_doubt|(outbox|upstream_connections)(_waiting)?|spending_frozen|alerts_(firing|waiting)|sla_excluded|store_writable|concurrency_limit_source|breaker_open|creates_stopped)$/,
      );
  });
});
