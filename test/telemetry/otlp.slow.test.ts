import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createManualClock } from '../../src/clock.ts';
import { get, post, textToVideo, until } from '../app/calls.ts';
import { EMULATOR_KEY, startApp, type StartedApp, type StartOptions } from '../app/start-app.ts';
import { startCollector, type Collector } from './collector.ts';
import { parse } from './telling.ts';

let collector: Collector;
let started: StartedApp | null = null;
beforeEach(async () => {
  collector = await startCollector();
});
afterEach(async () => {
  await started?.stop();
  started = null;
  await collector.stop();
  vi.unstubAllEnvs();
});

/** Starts the app with these variables in its environment, where OpenTelemetry itself reads them too. */
async function start(
  variables: Record<string, string> = {},
  options: Partial<StartOptions> = {},
): Promise<StartedApp> {
  const env = {
    OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
    OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
    OTEL_BLRP_SCHEDULE_DELAY: '5',
    OTEL_BSP_SCHEDULE_DELAY: '5',
    ...variables,
  };
  for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value);
  started = await startApp({
    env: { KLING_API_KEY: EMULATOR_KEY, ...env },
    logTo: { write: () => undefined },
    ...options,
  });
  return started;
}

async function create(app: StartedApp, headers: Record<string, string> = {}) {
  return post(`${app.dataUrl}/v1/videos/text2video`, textToVideo(), headers);
}

describe('metrics by OTLP', () => {
  test('arrive with the names, labels and counts that a scrape shows', async () => {
    const app = await start({ OTEL_METRIC_EXPORT_INTERVAL: '50' });
    await create(app);
    const hasCreate = () =>
      collector.metrics().some(({ name, points }) => name === 'kling_requests_total' && points.length > 0);
    await collector.until(hasCreate);
    const scraped = parse(await (await fetch(`${app.controlUrl}/metrics`)).text());
    const names = [...scraped.types.keys()].filter((name) => name !== 'target_info').sort();
    await collector.until(() => names.every((name) => collector.metrics().some((one) => one.name === name)));
    expect(
      collector
        .metrics()
        .map(({ name }) => name)
        .sort(),
    ).toEqual(names);
    const held = collector.metrics().find(({ name }) => name === 'kling_credits_total');
    const heldOnPage = scraped.series.find(
      ({ name, labels }) => name === 'kling_credits_total' && labels['state'] === 'held',
    );
    expect(held?.points).toContainEqual({
      attributes: heldOnPage?.labels,
      value: heldOnPage?.value,
      count: undefined,
    });
  });

  test('carry the resource of the environment over our own, and nothing of the machine', async () => {
    await start({
      OTEL_METRIC_EXPORT_INTERVAL: '50',
      OTEL_SERVICE_NAME: 'video-studio',
      OTEL_RESOURCE_ATTRIBUTES: 'team=films',
    });
    await collector.until(() => collector.metrics().length > 0);
    expect(collector.resource()).toEqual({
      'service.name': 'video-studio',
      'service.version': '0.0.0-test',
      environment: 'default',
      team: 'films',
    });
  });
});

describe('log records by OTLP', () => {
  test('are the lines of the log, with their levels and fields', async () => {
    const app = await start();
    await create(app, { 'x-request-id': 'req-of-mine' });
    await collector.until(() => collector.logs().some(({ body }) => body === 'call'));
    const call = collector.logs().find(({ body }) => body === 'call');
    expect(call).toMatchObject({
      severity: 'INFO',
      attributes: { requestId: 'req-of-mine', status: 200, route: '/v1/videos/text2video' },
    });
  });
});

describe('a log record of a create', () => {
  test('has the ids of trace, request, hold and task, and its event’s name', async () => {
    const app = await start();
    const { json } = await create(app, { 'x-request-id': 'req-of-mine' });
    await collector.until(
      () =>
        collector.logs().some(({ eventName }) => eventName === 'call') &&
        collector.spans().some(({ kind }) => kind === 2),
    );
    const server = collector.spans().find(({ kind }) => kind === 2);
    const call = collector.logs().find(({ eventName }) => eventName === 'call');
    expect(call).toMatchObject({ traceId: server?.traceId, spanId: server?.spanId });
    expect(call?.attributes).toMatchObject({
      event: 'call',
      requestId: 'req-of-mine',
      taskId: json.data['task_id'],
      holdId: expect.stringMatching(/^hold_/) as string,
    });
  });

  test('names the caller’s trace if tracing is off, and a repeated read is debug', async () => {
    let log = '';
    const app = await start(
      { OTEL_EXPORTER_OTLP_ENDPOINT: '' },
      { logTo: { write: (text) => void (log += text) }, config: { tasks: { poll: false } } },
    );
    const trace = '0af7651916cd43dd8448eb211c80319c';
    const { json } = await create(app, { traceparent: `00-${trace}-b7ad6b7169203331-01` });
    app.emulator.addFault({ kind: 'reset_before_charge', match: { method: 'GET' } });
    await post(`${app.dataUrl}/v1/videos/text2video`, '{', {});
    await get(`${app.dataUrl}/v1/videos/text2video/${String(json.data['task_id'])}`);
    await app.app.stop();
    const lines = log
      .split('\n')
      .flatMap((line) => (line ? [JSON.parse(line) as Record<string, unknown>] : []));
    const calls = lines.filter(({ event }) => event === 'call');
    expect(calls[0]).toMatchObject({ level: 'info', traceId: trace, spanId: 'b7ad6b7169203331' });
    expect(calls.slice(1).map(({ level, attempt }) => [level, attempt])).toEqual([
      ['debug', 1],
      ['info', 2],
    ]);
    expect(lines.every(({ event }) => typeof event === 'string')).toBe(true);
  });
});

describe('what is exported', () => {
  test('is nothing without an endpoint, an exporter or telemetry.otlp', async () => {
    const app = await start({ OTEL_EXPORTER_OTLP_ENDPOINT: '' });
    await create(app);
    await app.stop();
    started = null;
    expect(collector.arrived).toEqual([]);
  });

  test('is nothing if the SDK is disabled, with any other variables', async () => {
    const app = await start({ OTEL_SDK_DISABLED: 'true' }, { config: { telemetry: { otlp: true } } });
    await create(app);
    await app.stop();
    started = null;
    expect(collector.arrived).toEqual([]);
  });

  test('is only the signals that are left on', async () => {
    const app = await start({ OTEL_METRICS_EXPORTER: 'none', OTEL_TRACES_EXPORTER: 'none' });
    await create(app);
    await collector.until(() => collector.logs().length > 0);
    await app.stop();
    started = null;
    expect(new Set(collector.arrived.map(({ path }) => path))).toEqual(new Set(['/v1/logs']));
  });

  test('is sent as protobuf by default, compressed if that is asked for, with the headers of each signal', async () => {
    const app = await start({
      OTEL_EXPORTER_OTLP_PROTOCOL: '',
      OTEL_METRIC_EXPORT_INTERVAL: '50',
      OTEL_EXPORTER_OTLP_COMPRESSION: 'gzip',
      OTEL_EXPORTER_OTLP_HEADERS: 'x-tenant=films,authorization=Bearer%20common',
      OTEL_EXPORTER_OTLP_LOGS_HEADERS: 'authorization=Bearer%20logs',
    });
    await create(app);
    await collector.until(() =>
      ['/v1/logs', '/v1/metrics'].every((path) => collector.arrived.some((one) => one.path === path)),
    );
    const headersAt = (path: string) => collector.arrived.find((one) => one.path === path)?.headers;
    expect(headersAt('/v1/logs')).toMatchObject({
      'content-type': 'application/x-protobuf',
      'content-encoding': 'gzip',
      'x-tenant': 'films',
      authorization: 'Bearer logs',
    });
    expect(headersAt('/v1/metrics')).toMatchObject({ authorization: 'Bearer common' });
  });
});

describe('a collector that fails', () => {
  const clock = () => createManualClock(Date.parse('2026-11-21T12:00:00Z'));

  test('by hanging delays no create, and the stop for a second of the clock only', async () => {
    collector.mode = 'hang';
    const moved = clock();
    const { app, ...rest } = await start({}, { clock: moved });
    expect(await create({ app, ...rest })).toMatchObject({ status: 200 });
    await collector.until(() => collector.arrived.length > 0);
    expect(await create({ app, ...rest })).toMatchObject({ status: 200 });
    let isStopped = false;
    const stopping = app.stop().then(() => void (isStopped = true));
    // Metrics go out every minute, so the first export of them is that of the stop.
    await collector.until(() => collector.arrived.some(({ path }) => path === '/v1/metrics'));
    await moved.advance(999);
    expect(isStopped).toBe(false);
    await moved.advance(1);
    await stopping;
  });

  test('by refusing every connection delays neither a create nor the stop', async () => {
    await collector.stop();
    const moved = clock();
    let log = '';
    const app = await start({}, { clock: moved, logTo: { write: (text) => void (log += text) } });
    expect(await create(app)).toMatchObject({ status: 200 });
    let isStopped = false;
    const stopping = app.app.stop().then(() => void (isStopped = true));
    await until('the stop is over', async () => {
      await moved.advance(100);
      return isStopped;
    });
    await stopping;
    expect(log).toContain('exports by OTLP were lost');
    collector = await startCollector();
  });

  test('by being slow gets the missed data in its next exports', async () => {
    collector.mode = 'hang';
    const app = await start();
    await create(app, { 'x-request-id': 'while-slow' });
    await collector.until(() => collector.arrived.length > 0);
    await create(app, { 'x-request-id': 'after-that' });
    collector.release();
    const requests = () => collector.logs().map(({ attributes }) => attributes['requestId']);
    await collector.until(() => requests().includes('while-slow') && requests().includes('after-that'));
  });

  test('by answering 503 is asked again after a while, and then takes the same export', async () => {
    collector.mode = 'refuse';
    const moved = clock();
    const app = await start({ OTEL_METRICS_EXPORTER: 'none' }, { clock: moved });
    await create(app);
    await collector.until(() => collector.arrived.length > 0);
    const first = collector.arrived.length;
    collector.mode = 'take';
    await until('the export is sent again', async () => {
      await moved.advance(100);
      return collector.arrived.slice(first).some(({ body }) => collector.arrived[0]?.body.equals(body));
    });
  });
});
