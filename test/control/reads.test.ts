import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { budgetsAnswer } from '../../src/control/budget-schemas.ts';
import { callsAnswer, refusalsAnswer } from '../../src/control/call-schemas.ts';
import {
  holdsAnswer,
  liveness,
  problem,
  queueAnswer,
  readiness,
  statusAnswer,
} from '../../src/control/schemas.ts';
import { taskAnswer, tasksAnswer } from '../../src/control/task-schemas.ts';
import { usageAnswer, usageSumsAnswer } from '../../src/control/usage-schemas.ts';
import { CALL } from '../telemetry/telling.ts';
import { checked, startBusyRig } from './busy-rig.ts';
import { ask, START, type Rig } from './fixture.ts';

let rig: Rig;
beforeAll(async () => {
  rig = await startBusyRig();
});
afterAll(() => rig.close());

const get = (target: string) => ask(rig.url, target);

describe('health', () => {
  test('/livez and /readyz answer, and /readyz says why not', async () => {
    checked(await get('/livez'), liveness);
    expect(checked(await get('/readyz'), readiness)).toEqual({ ready: true, reasons: [] });
    Object.assign(rig.readiness, { ready: false, reasons: ['draining'] });
    const answer = await get('/readyz');
    expect([answer.status, answer.json]).toEqual([503, { ready: false, reasons: ['draining'] }]);
    Object.assign(rig.readiness, { ready: true, reasons: [] });
    expect((await ask(rig.url, '/livez', { method: 'HEAD' })).status).toBe(200);
  });

  test('/metrics is Prometheus text', async () => {
    rig.telemetry.callEnded(CALL);
    const answer = await get('/metrics');
    expect(answer.headers['content-type']).toBe('text/plain; version=0.0.4; charset=utf-8');
    expect(answer.text).toContain('kling_requests_total{');
    expect(answer.text).not.toContain('otel_scope');
  });
});

describe('reads', () => {
  test('/v1/status joins the process and the money', async () => {
    const status = checked(await get('/v1/status'), statusAnswer);
    expect(status).toMatchObject({
      version: '9.9.9',
      mode: 'protect',
      upstream: 'https://api.test',
      frozen: false,
      freeze: null,
      inDoubtHolds: 1,
      inDoubtCredits: 5,
      clockOffsetMs: -3.5,
      pools: [
        {
          name: 'video',
          inUse: 1,
          elsewhere: 0,
          limit: 5,
          source: 'pack',
          queued: 2,
          pausedUntil: '2026-11-21T10:01:00.000Z',
        },
      ],
      breaker: {
        open: true,
        failures: 6,
        since: '2026-11-21T09:59:00.000Z',
        cause: 'HTTP 503',
        nextProbeAt: '2026-11-21T10:00:30.000Z',
      },
      stops: [
        {
          code: 1102,
          message: 'Account balance not enough',
          product: 'image',
          operation: null,
          model: null,
          since: '2026-11-21T09:59:50.000Z',
          nextProbeAt: null,
        },
      ],
      account: 'account-test',
      kling: { lastAnswer: { at: '2026-11-21T09:59:58.500Z', status: 200, code: 0 } },
      openTasks: [
        {
          product: 'video',
          state: 'submitted',
          tasks: 1,
          stuck: 0,
          ages: [
            { from: '2026-11-21T09:55:00.000Z', to: null, tasks: 1 },
            { from: '2026-11-21T09:45:00.000Z', to: '2026-11-21T09:55:00.000Z', tasks: 0 },
            { from: '2026-11-21T09:00:00.000Z', to: '2026-11-21T09:45:00.000Z', tasks: 0 },
            { from: '2026-11-21T04:00:00.000Z', to: '2026-11-21T09:00:00.000Z', tasks: 0 },
            { from: '2026-11-20T10:00:00.000Z', to: '2026-11-21T04:00:00.000Z', tasks: 0 },
            { from: null, to: '2026-11-20T10:00:00.000Z', tasks: 0 },
          ],
        },
      ],
      lastHour: {
        from: '2026-11-21T09:05:00.000Z',
        calls: [
          { outcome: 'ok', calls: 2 },
          { outcome: 'unreachable', calls: 1 },
        ],
        failedTasks: { tasks: 0, from: '2026-11-21T09:05:00.000Z' },
        refused: 1,
      },
      wouldHave: [],
      wouldHaveSince: null,
      wouldHaveBy: [],
    });
  });

  test('/v1/queue lists who waits, since when, for what and how long still, page by page', async () => {
    const { waiting, ...rest } = checked(await get('/v1/queue'), queueAnswer);
    expect(rest).toEqual({ nextCursor: null });
    expect(waiting).toEqual([
      {
        position: 1,
        app: 'web',
        operation: 'text-to-video',
        pool: 'video',
        since: new Date(START - 2_500).toISOString(),
        waitedSeconds: 2.5,
        estimatedWaitSeconds: 1,
      },
      {
        position: 2,
        app: 'ads',
        operation: 'image-to-video',
        pool: 'video',
        since: new Date(START - 500).toISOString(),
        waitedSeconds: 0.5,
        estimatedWaitSeconds: 4,
      },
    ]);
    const first = checked(await get('/v1/queue?limit=1&total=true'), queueAnswer);
    expect(first).toEqual({ waiting: [waiting[0]], nextCursor: '1', total: 2 });
    const second = checked(await get('/v1/queue?limit=1&cursor=1'), queueAnswer);
    expect(second).toEqual({ waiting: [waiting[1]], nextCursor: null });
    expect((await get('/v1/queue?cursor=-1')).status).toBe(400);
  });

  test('/v1/budgets shows windows, credits as decimals, and one row for each app seen', async () => {
    const { budgets } = checked(await get('/v1/budgets'), budgetsAnswer);
    expect(budgets[0]).toEqual({
      name: 'daily',
      counterId: expect.stringMatching(/^daily~[0-9a-f]{16}\.2026-/),
      window: 'day',
      windowKey: '2026-11-21',
      startsAt: '2026-11-21T00:00:00.000Z',
      resetsAt: '2026-11-22T00:00:00.000Z',
      timeZone: 'UTC',
      limitCredits: 100,
      settledCredits: 9.5,
      heldCredits: 25.5,
      inDoubtCredits: 5,
      remainingCredits: 65,
      usedPercent: 35,
      mode: 'enforce',
      match: {},
      per: null,
      limitUsd: null,
      usedUsd: null,
      remainingUsd: null,
      cost: { limit: 1.4, used: 0.49, remaining: 0.91, currency: 'USD' },
      exhaustionSeconds: 5400,
      raises: [],
      perValue: null,
    });
    expect(
      budgets
        .slice(1)
        .map(({ name, perValue, resetsAt, heldCredits }) => [name, perValue, resetsAt, heldCredits]),
    ).toEqual([
      ['per-app', 'default', null, 5],
      ['per-app', 'studio', null, 20.5],
    ]);
  });

  test('/v1/tasks lists newest first, pages, filters and marks stuck tasks', async () => {
    const { tasks } = checked(await get('/v1/tasks'), tasksAnswer);
    expect(tasks.map(({ id, state, stuck }) => [id, state, stuck])).toEqual([
      ['800', 'submitted', false],
      ['700', 'succeeded', false],
    ]);
    const page = checked(await get('/v1/tasks?limit=1'), tasksAnswer);
    expect(page.tasks).toHaveLength(1);
    const rest = checked(await get(`/v1/tasks?limit=1&cursor=${page.nextCursor}`), tasksAnswer);
    expect([rest.tasks[0]?.id, rest.nextCursor]).toEqual(['700', null]);
    expect(checked(await get('/v1/tasks?state=succeeded&app=default'), tasksAnswer).tasks).toHaveLength(1);
    expect(checked(await get('/v1/tasks?stuck=true'), tasksAnswer).tasks).toEqual([]);
    rig.clock.step(START + 600_000);
    expect(checked(await get('/v1/tasks?stuck=true'), tasksAnswer).tasks.map(({ id }) => id)).toEqual([
      '800',
    ]);
    rig.clock.step(START);
  });

  test('/v1/tasks/ID adds timeline and results', async () => {
    const task = checked(await get('/v1/tasks/700'), taskAnswer);
    expect(task).toMatchObject({
      id: '700',
      externalTaskId: 'ks_x',
      settledCredits: 9.5,
      heldCredits: 0,
      tag: 'ad',
    });
    expect(task.timeline.map(({ state, source }) => [state, source])).toEqual([
      ['submitted', 'create'],
      ['succeeded', 'poll'],
    ]);
    expect(task.results).toEqual([
      {
        kind: 'video',
        id: 'v',
        url: 'https://cdn.test/v.mp4',
        durationSeconds: '5.1',
        expiresAt: '2026-12-21T10:01:00.000Z',
        file: null,
      },
    ]);
    const missing = await get('/v1/tasks/none');
    expect([missing.status, missing.json['word']]).toEqual([404, 'not_found']);
  });

  test('/v1/calls lists attempts, and our refusals apart', async () => {
    const { calls } = checked(await get('/v1/calls'), callsAnswer);
    expect(calls.map(({ id }) => id)).toEqual(['call_3', 'call_2', 'call_1']);
    expect(calls[1]).toMatchObject({
      status: null,
      outcome: 'unreachable',
      errorClass: 'refused',
      app: 'studio',
    });
    const page = checked(await get('/v1/calls?limit=2'), callsAnswer);
    const rest = checked(
      await get(`/v1/calls?limit=2&cursor=${encodeURIComponent(page.nextCursor ?? '')}`),
      callsAnswer,
    );
    expect(rest.calls.map(({ id }) => id)).toEqual(['call_1']);
    const refused = checked(await get('/v1/calls?kind=refused'), refusalsAnswer);
    expect(refused.calls).toMatchObject([
      { id: 'refusal_1', word: 'budget_exceeded', credits: 12.5, wouldOnly: false },
    ]);
    const would = checked(await get('/v1/calls?kind=would-refuse'), refusalsAnswer);
    expect(would.calls.map(({ id }) => id)).toEqual(['refusal_2']);
  });

  test('from is inclusive and to exclusive, as ISO or as milliseconds', async () => {
    const idsOf = async (query: string) =>
      checked(await get(`/v1/calls?${query}`), callsAnswer).calls.map(({ id }) => id);
    expect(await idsOf(`from=${START + 1}`)).toEqual(['call_3', 'call_2']);
    expect(await idsOf(`to=${START + 2}`)).toEqual(['call_2', 'call_1']);
    expect(await idsOf('from=2026-11-21T10:00:00.001Z&to=2026-11-21T10:00:00.002Z')).toEqual(['call_2']);
    expect(await idsOf('from=2026-11-21T18:00:00.002%2B08:00')).toEqual(['call_3']);
    expect(await idsOf('to=2026-11-21')).toEqual([]);
  });

  test('/v1/holds shows state and doubt', async () => {
    const { holds } = checked(await get('/v1/holds'), holdsAnswer);
    expect(
      holds.map(({ id, state, inDoubt, credits, settledCredits }) => [
        id,
        state,
        inDoubt,
        credits,
        settledCredits,
      ]),
    ).toEqual([
      ['hold_3', 'held', true, 5, 0],
      ['hold_2', 'held', false, 20.5, 0],
      ['hold_1', 'settled', false, 10, 9.5],
    ]);
    const doubts = checked(await get('/v1/holds?inDoubt=true'), holdsAnswer).holds;
    expect(doubts).toMatchObject([{ id: 'hold_3', doubtEvidence: 'reset' }]);
    expect(checked(await get('/v1/holds?state=settled&limit=1'), holdsAnswer).nextCursor).toBeNull();
  });

  test('/v1/usage gives the tracker’s fields, or sums by keys', async () => {
    const usage = checked(await get('/v1/usage'), usageAnswer);
    const first = usage.rows.find(({ task_id }) => task_id === '700');
    expect(first).toEqual({
      timestamp: '2026-11-21T10:00:00.000Z',
      task_id: '700',
      credits: 9.5,
      estimated_credits: 10,
      model: 'kling-v3',
      duration: 5,
      mode: 'std',
      prompt_preview: 'a cat',
      app: 'default',
      tag: 'ad',
      operation: 'text-to-video',
      settled: true,
      cost: 0.133,
      currency: 'USD',
      results: null,
    });
    expect(Object.keys(first ?? {}).slice(0, 7)).toEqual([
      'timestamp',
      'task_id',
      'credits',
      'model',
      'duration',
      'mode',
      'prompt_preview',
    ]);
    const currency = 'USD';
    const sums = checked(await get('/v1/usage?by=app,day'), usageSumsAnswer);
    expect(sums.rows).toEqual([
      {
        app: 'default',
        day: '2026-11-21',
        tasks: 2,
        credits: 9.5,
        heldCredits: 5,
        estimatedCredits: 10,
        cost: 0.133,
        heldCost: 0.07,
        currency,
      },
      {
        app: 'studio',
        day: '2026-11-21',
        tasks: 1,
        credits: 0,
        heldCredits: 20.5,
        estimatedCredits: 0,
        cost: 0,
        heldCost: 0.287,
        currency,
      },
    ]);
  });

  test('impossible questions are refused with the allowed values', async () => {
    const wrong = [
      '/v1/usage?month=2026-13',
      '/v1/usage?month=2022-12',
      '/v1/usage?month=9999-12',
      '/v1/usage?month=2026-11&from=2026-11-01',
      '/v1/usage?timeZone=Mars/Base',
      '/v1/usage?timeZone=%2B08:00',
      '/v1/calls?limit=0',
      '/v1/calls?limit=1001',
      '/v1/calls?limit=ten',
      '/v1/calls?limit=1.5',
      '/v1/calls?from=yesterday',
      '/v1/calls?from=2026-02-30',
      '/v1/calls?from=2026-11-21T10:00:00',
      '/v1/calls?kind=all',
      '/v1/calls?stat=200',
      '/v1/calls?cursor=nonsense',
      '/v1/calls?outcome=fine',
      '/v1/calls?failed=maybe',
      '/v1/tasks?operation=dance',
      '/v1/tasks?mode=8k',
      '/v1/tasks?search=',
      '/v1/tasks?state=done',
      '/v1/tasks?stuck=maybe',
      '/v1/usage?by=colour',
      '/v1/usage?by=',
      '/v1/holds?inDoubt=1',
    ];
    for (const target of wrong) {
      const answer = await get(target);
      expect([target, answer.status]).toEqual([target, 400]);
      expect(answer.headers['content-type']).toBe('application/problem+json');
      problem.parse(answer.json);
    }
    expect((await get('/v1/calls?limit=1001')).json['detail']).toContain('limit');
  });

  test('a missing path is 404 with problem details, also one of a later version', async () => {
    for (const target of ['/nowhere', '/v1', '/v1/slas', '/v1/alert', '/', '/v1/status/']) {
      const answer = await get(target);
      expect([target, answer.status]).toEqual([target, 404]);
      expect(problem.parse(answer.json)).toMatchObject({ status: 404, word: 'not_found' });
    }
  });
});
