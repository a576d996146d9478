import path from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { post, get, textToVideo, until } from '../app/calls.ts';
import { EMULATOR_KEY, startApp, type StartedApp, type StartOptions } from '../app/start-app.ts';
import { startCollector, type ArrivedSpan, type Collector } from './collector.ts';

const SERVER = 2;
const CLIENT = 3;
const CALLERS_TRACE = '0af7651916cd43dd8448eb211c80319c';
const CALLERS_SPAN = 'b7ad6b7169203331';
const TRACEPARENT = `00-${CALLERS_TRACE}-${CALLERS_SPAN}-01`;

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

async function start(
  options: Partial<StartOptions> = {},
  variables: Record<string, string> = {},
): Promise<StartedApp> {
  const env = {
    OTEL_TRACES_EXPORTER: 'otlp',
    OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: `${collector.url}/v1/traces`,
    OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
    OTEL_BSP_SCHEDULE_DELAY: '5',
    ...variables,
  };
  for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value);
  started = await startApp({ ...options, env: { KLING_API_KEY: EMULATOR_KEY, ...env } });
  return started;
}

const create = (app: StartedApp, headers: Record<string, string> = {}) =>
  post(`${app.dataUrl}/v1/videos/text2video`, textToVideo(), headers);

/** Where the emulator of an app was reached. */
const klingUrl = (app: StartedApp): string => `http://${app.emulator.requests()[0]?.headers['host'] ?? ''}`;

const isSpan =
  (name: string, kind?: number) =>
  (one: ArrivedSpan): boolean =>
    one.name === name && (kind === undefined || one.kind === kind);

/** Waits for a span and gives it. */
async function span(name: string, kind?: number): Promise<ArrivedSpan> {
  await collector.until(() => collector.spans().some(isSpan(name, kind)));
  const found = collector.spans().find(isSpan(name, kind));
  if (!found) throw new Error(`no span ${name}`);
  return found;
}

const CREATE = 'POST /v1/videos/text2video';

describe('the trace of a create', () => {
  test('is the caller’s, with a server span, and the hold, the attempt and the close below it', async () => {
    const app = await start({ config: { budgets: [{ name: 'daily', credits: 100, window: 'day' }] } });
    const answer = await create(app, {
      traceparent: TRACEPARENT,
      tracestate: 'studio=7',
      'x-request-id': 'req-of-mine',
    });
    const server = await span(CREATE, SERVER);
    expect(server).toMatchObject({ traceId: CALLERS_TRACE, parentSpanId: CALLERS_SPAN, error: false });
    const taskId = answer.json.data['task_id'];
    expect(server.attributes).toEqual({
      'http.request.method': 'POST',
      'http.route': '/v1/videos/text2video',
      'http.response.status_code': 200,
      'url.path': '/v1/videos/text2video',
      'url.scheme': 'http',
      'kling.app': 'default',
      'kling.budget': 'daily',
      'kling.credits': 10,
      'kling.external_task_id': answer.headers['x-kling-external-task-id'],
      'kling.mode': 'std',
      'kling.model': 'kling-v1',
      'kling.operation': 'text-to-video',
      'kling.request_id': 'req-of-mine',
      'kling.task_id': taskId,
    });
    const below = collector.spans().filter((one) => one.parentSpanId === server.spanId);
    expect(below.map(({ name }) => name)).toEqual(['hold', CREATE, 'close']);
    expect(below.every(({ traceId }) => traceId === CALLERS_TRACE)).toBe(true);
    for (const one of below) {
      expect(one.startNs >= server.startNs && one.endNs >= one.startNs).toBe(true);
    }
    expect(below[0]?.attributes).toMatchObject({ 'kling.hold': 'admitted', 'kling.budget': 'daily' });
    expect(below[1]).toMatchObject({
      kind: CLIENT,
      attributes: {
        'http.request.method': 'POST',
        'http.response.status_code': 200,
        'url.full': `${klingUrl(app)}/v1/videos/text2video`,
        'server.address': '127.0.0.1',
        'server.port': Number(new URL(klingUrl(app)).port),
        'kling.code': 0,
      },
    });
  });

  test('continues at Kling from the attempt’s own span, with the caller’s state', async () => {
    const app = await start();
    await create(app, { traceparent: TRACEPARENT, tracestate: 'studio=7' });
    const attempt = await span(CREATE, CLIENT);
    const [sent] = app.emulator.requests().filter(({ method }) => method === 'POST');
    expect(sent?.headers['traceparent']).toBe(`00-${CALLERS_TRACE}-${attempt.spanId}-01`);
    expect(sent?.headers['tracestate']).toBe('studio=7');
  });

  test('begins with us if the caller names none, or one that is not W3C’s', async () => {
    const app = await start();
    await create(app, { traceparent: `00-${'0'.repeat(32)}-${CALLERS_SPAN}-01` });
    const server = await span(CREATE, SERVER);
    expect(server.parentSpanId).toBeUndefined();
    expect(server.traceId).toMatch(/^(?!0{32})[0-9a-f]{32}$/);
  });

  test('counts a second attempt as resent', async () => {
    const app = await start({ config: { tasks: { poll: false } } });
    app.emulator.addFault({ kind: 'reset_before_charge', match: { method: 'GET' } });
    const { json } = await create(app);
    await get(`${app.dataUrl}/v1/videos/text2video/${String(json.data['task_id'])}`);
    const name = 'GET /v1/videos/text2video/{id}';
    await collector.until(() => collector.spans().filter(isSpan(name, CLIENT)).length >= 2);
    const attempts = collector.spans().filter(isSpan(name, CLIENT));
    expect(attempts.map(({ attributes }) => attributes['http.request.resend_count'])).toEqual([undefined, 1]);
    expect(attempts[0]).toMatchObject({
      error: true,
      attributes: { 'error.type': 'reset', 'kling.outcome': 'no_answer' },
    });
  });

  test('shows a wait for a slot, also one that brought none', async () => {
    const app = await start({
      config: { limits: { concurrency: { video: 1 }, queueWaitMsMax: 20 }, tasks: { poll: false } },
    });
    await create(app);
    expect((await create(app)).status).toBe(429);
    const queue = await span('queue');
    const refused = await until('the refused create is traced', () =>
      collector.spans().find(({ attributes }) => attributes['kling.refusal'] === 'queue_full'),
    );
    expect(queue).toMatchObject({
      parentSpanId: refused.spanId,
      error: true,
      attributes: { 'error.type': 'no_slot' },
    });
    expect(refused).toMatchObject({ error: false, attributes: { 'http.response.status_code': 429 } });
  });

  test('names the budget that refused', async () => {
    const app = await start({ config: { budgets: [{ name: 'daily', credits: 5, window: 'day' }] } });
    await create(app);
    const hold = await span('hold');
    const names = { 'kling.hold': 'budget_exceeded', 'kling.budget': 'daily' };
    expect(hold.attributes).toEqual(names);
    const server = await span(CREATE, SERVER);
    expect(server.attributes).toMatchObject({ 'kling.refusal': 'budget_exceeded', 'kling.budget': 'daily' });
    expect(collector.spans().some(isSpan(CREATE, CLIENT))).toBe(false);
  });
});

describe('the later steps of a create', () => {
  test('is traced apart, linked to the create’s trace: its polls, settlement and result', async () => {
    const app = await start();
    await create(app, { traceparent: TRACEPARENT });
    const server = await span(CREATE, SERVER);
    const link = { traceId: server.traceId, spanId: server.spanId };
    for (const name of ['poll', 'settlement', 'result']) {
      const later = await span(name);
      expect(later.traceId, name).not.toBe(server.traceId);
      expect(later.links, name).toEqual([link]);
    }
    const poll = await span('poll');
    const asked = collector.spans().find(({ parentSpanId }) => parentSpanId === poll.spanId);
    expect(asked).toMatchObject({ kind: CLIENT, traceId: poll.traceId });
    expect((await span('result')).attributes).toMatchObject({ 'kling.task_state': 'succeeded' });
    expect((await span('settlement')).attributes).toMatchObject({ 'kling.hold_state': 'settled' });
  });

  test('is linked after a restart too', async () => {
    const first = await start({ config: { tasks: { poll: false } } });
    await create(first, { traceparent: TRACEPARENT });
    const server = await span(CREATE, SERVER);
    const baseUrl = klingUrl(first);
    await first.app.stop();
    const { folder, emulator } = first;
    await start({ folder, baseUrl });
    const later = await span('settlement');
    expect(later.links).toEqual([{ traceId: server.traceId, spanId: server.spanId }]);
    await emulator.stop();
  });

  test('is looked up in a trace of its own, linked too, if the create is in doubt', async () => {
    const app = await start();
    app.emulator.addFault({ kind: 'reset_after_charge', match: { method: 'POST', path: '/v1/' } });
    await create(app, { traceparent: TRACEPARENT });
    const server = await span(CREATE, SERVER);
    const lookUp = await span('look_up');
    expect(lookUp.traceId).not.toBe(server.traceId);
    expect(lookUp.links).toEqual([{ traceId: server.traceId, spanId: server.spanId }]);
  });
});

describe('sampling', () => {
  test('follows the caller: a trace that it left out is not exported, and is passed on as left out', async () => {
    const app = await start();
    await create(app, { traceparent: `00-${CALLERS_TRACE}-${CALLERS_SPAN}-00` });
    await create(app, { traceparent: TRACEPARENT });
    await span(CREATE, SERVER);
    expect(collector.spans().filter(isSpan(CREATE, SERVER))).toHaveLength(1);
    const [first] = app.emulator.requests().filter(({ method }) => method === 'POST');
    expect(first?.headers['traceparent']).toMatch(
      new RegExp(`^00-${CALLERS_TRACE}-(?!${CALLERS_SPAN})\\w{16}-00$`),
    );
  });

  test('is that of the standard variables', async () => {
    const app = await start({}, { OTEL_TRACES_SAMPLER: 'traceidratio', OTEL_TRACES_SAMPLER_ARG: '0' });
    await create(app);
    await app.app.stop();
    expect(collector.spans()).toEqual([]);
  });
});

describe('with tracing off', () => {
  test('the caller’s headers are passed on unchanged, and nothing of its trace is kept', async () => {
    const app = await start({}, { OTEL_TRACES_EXPORTER: 'none' });
    await create(app, { traceparent: TRACEPARENT, tracestate: 'studio=7' });
    const [sent] = app.emulator.requests().filter(({ method }) => method === 'POST');
    expect(sent?.headers).toMatchObject({ traceparent: TRACEPARENT, tracestate: 'studio=7' });
    expect(collector.spans()).toEqual([]);
    const store = new Database(path.join(app.folder, 'data', 'sidecar.db'), { readonly: true });
    expect(store.prepare('SELECT COUNT(*) AS n FROM hold_traces').get()).toEqual({ n: 0 });
    expect(store.prepare('SELECT COUNT(*) AS n FROM creates').get()).toEqual({ n: 1 });
    store.close();
  });
});
