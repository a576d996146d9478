import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { budgetsAnswer } from '../../src/control/budget-schemas.ts';
import {
  auditAnswer,
  clockAnswer,
  clockResetAnswer,
  estimateAnswer,
  freezeAnswer,
  holdAnswer,
} from '../../src/control/schemas.ts';
import { checked, startBusyRig } from './busy-rig.ts';
import { ask, order, START, startRig, type Rig } from './fixture.ts';

let rig: Rig;
beforeAll(async () => {
  rig = await startBusyRig();
});
afterAll(() => rig.close());

const get = (target: string) => ask(rig.url, target);

describe('the estimate', () => {
  const text2video = (body: object) => ({ path: '/v1/videos/text2video', body });

  test('counts a batch down against every matching enforcing budget, and needs no token', async () => {
    const requests = [
      text2video({ credits: 30_000 }),
      text2video({ credits: 35_000 }),
      text2video({ credits: 1 }),
    ];
    const answer = await ask(rig.url, '/v1/estimate', { method: 'POST', body: { requests } });
    expect(checked(answer, estimateAnswer)).toEqual({
      totalCredits: 65.001,
      fits: false,
      fitsCount: 2,
      fitsIfStandard: true,
      totalCreditsIfStandard: 32.501,
      requests: [
        { credits: 30, heldCredits: 30, basis: 'exact', notes: [], refusal: null },
        { credits: 35, heldCredits: 35, basis: 'exact', notes: [], refusal: null },
        { credits: 0.001, heldCredits: 0.001, basis: 'exact', notes: [], refusal: null },
      ],
      budgets: [{ name: 'daily', remainingCredits: 65, neededCredits: 65.001, fits: false }],
    });
  });

  test('says unknown if no price exists, and stops at what would be refused', async () => {
    const requests = [
      { path: '/unknown', body: { credits: 4000 } },
      text2video({ broken: true }),
      text2video({}),
    ];
    const answer = await ask(rig.url, '/v1/estimate', {
      method: 'POST',
      body: { requests, app: 'studio', tag: 'x' },
    });
    expect(checked(answer, estimateAnswer)).toMatchObject({
      fits: false,
      fitsCount: 1,
      requests: [{ credits: null, basis: 'unknown' }, { refusal: 'body_refused: broken' }, { credits: 10 }],
    });
  });

  test('refuses a body that is no batch', async () => {
    for (const body of [
      '{',
      '[]',
      {},
      { requests: [] },
      { requests: [{ path: '/x' }] },
      { requests: [text2video({})], extra: 1 },
    ]) {
      const answer = await ask(rig.url, '/v1/estimate', { method: 'POST', body });
      expect([JSON.stringify(body), answer.status]).toEqual([JSON.stringify(body), 400]);
    }
  });
});

describe('orders', () => {
  test('freeze and unfreeze show in the status and in the audit, with reason and actor', async () => {
    rig.clock.step(START + 1);
    const frozen = await order(rig.url, '/v1/freeze', { body: { reason: 'runaway loop', actor: 'kim' } });
    expect(checked(frozen, freezeAnswer)).toEqual({
      frozen: true,
      freeze: { reason: 'runaway loop', actor: 'kim', since: '2026-11-21T10:00:00.001Z' },
    });
    expect((await get('/v1/status')).json).toMatchObject({
      frozen: true,
      freeze: { reason: 'runaway loop' },
    });
    rig.clock.step(START + 2);
    const thawed = await order(rig.url, '/v1/freeze', { method: 'DELETE', body: { reason: 'fixed' } });
    expect(checked(thawed, freezeAnswer)).toEqual({ frozen: false, freeze: null });
    const { audit } = checked(await order(rig.url, '/v1/audit?limit=2', { method: 'GET' }), auditAnswer);
    rig.clock.step(START);
    expect(audit.map(({ action, actor, reason }) => `${action} ${actor} ${reason}`)).toEqual([
      'spending.unfreeze control-api fixed',
      'spending.freeze kim runaway loop',
    ]);
    const of = async (query: string) => {
      const answer = await order(rig.url, `/v1/audit?${query}`, { method: 'GET' });
      return checked(answer, auditAnswer).audit.map(({ action }) => action);
    };
    expect(await of('actor=kim')).toEqual(['spending.freeze']);
    expect(await of('action=spending.unfreeze&from=2026-11-21T10:00:00.002Z')).toEqual(['spending.unfreeze']);
    expect(await of('subject=nothing')).toEqual([]);
  });

  test('no order goes without a reason', async () => {
    for (const body of [
      {},
      { reason: '' },
      { reason: '   ' },
      { reason: 5 },
      { reason: 'x', actor: '' },
      { reason: 'x', more: 1 },
    ]) {
      for (const target of ['/v1/freeze', '/v1/holds/hold_2/release', '/v1/clock/accept']) {
        const answer = await order(rig.url, target, { body });
        expect([target, JSON.stringify(body), answer.status]).toEqual([target, JSON.stringify(body), 400]);
      }
    }
    expect((await order(rig.url, '/v1/freeze', { method: 'DELETE' })).status).toBe(400);
    expect((await get('/v1/status')).json['frozen']).toBe(false);
  });

  test('a hold is released or written off once', async () => {
    await rig.admit({ holdId: 'hold_8', credits: 1000 });
    await rig.admit({ holdId: 'hold_9', credits: 2000 });
    const body = { reason: 'checked by hand' };
    const released = checked(await order(rig.url, '/v1/holds/hold_8/release', { body }), holdAnswer);
    expect(released.hold).toMatchObject({ id: 'hold_8', state: 'released', credits: 1, settledCredits: 0 });
    const written = checked(await order(rig.url, '/v1/holds/hold_9/write-off', { body }), holdAnswer);
    expect(written.hold).toMatchObject({ id: 'hold_9', state: 'written_off', settledCredits: 2 });
    const again = await order(rig.url, '/v1/holds/hold_9/release', { body });
    expect([again.status, again.json['word']]).toEqual([409, 'already_resolved']);
    expect((await order(rig.url, '/v1/holds/hold_0/release', { body })).status).toBe(404);
    expect((await order(rig.url, '/v1/holds/hold_1/delete', { body })).status).toBe(400);
  });

  test('a raise holds until its end and is refused if it makes no sense', async () => {
    const raise = (body: object, name = 'daily') => order(rig.url, `/v1/budgets/${name}/raise`, { body });
    const limitOf = (budgets: { name: string; limitCredits: number }[]) =>
      budgets.find(({ name }) => name === 'daily')?.limitCredits;
    const until = '2026-11-21T12:00:00Z';
    const answer = await raise({ byCredits: 50.5, until, reason: 'launch' });
    expect(limitOf(checked(answer, budgetsAnswer).budgets)).toBe(150.5);
    rig.clock.step(START + 7_200_000);
    expect(limitOf(checked(await get('/v1/budgets'), budgetsAnswer).budgets)).toBe(100);
    rig.clock.step(START);
    expect((await raise({ byCredits: 50, until: '2026-11-20', reason: 'late' })).status).toBe(400);
    expect((await raise({ byCredits: -1, until, reason: 'x' })).status).toBe(400);
    expect((await raise({ byCredits: 0.0001, until, reason: 'x' })).status).toBe(400);
    expect((await raise({ byCredits: 1, until: 'soon', reason: 'x' })).status).toBe(400);
    const unknown = await raise({ byCredits: 1, until, reason: 'x' }, 'weekly');
    expect([unknown.status, unknown.json['word']]).toEqual([404, 'not_found']);
  });

  test('accepting the clock gives the difference', async () => {
    const answer = await order(rig.url, '/v1/clock/accept', { body: { reason: 'the NTP server is right' } });
    expect(checked(answer, clockAnswer)).toEqual({ clockOffsetMs: -3.5 });
  });

  test('setting dates back changes nothing if no hold is in the future, and else names those that are', async () => {
    const reset = async () =>
      checked(
        await order(rig.url, '/v1/clock/reset', { body: { reason: 'the clock was wrong' } }),
        clockResetAnswer,
      );
    expect(await reset()).toMatchObject({ wasReset: false, wasDatedTo: null, futureHolds: { count: 0 } });
    rig.clock.step(START - 86_400_000);
    const answer = await reset();
    expect(answer.wasReset).toBe(true);
    expect(answer.futureHolds.count).toBeGreaterThan(0);
    expect(answer.futureHolds.holds).toHaveLength(answer.futureHolds.count);
    const { json } = await order(rig.url, '/v1/audit?limit=1', { method: 'GET' });
    expect(json['audit']).toMatchObject([{ action: 'clock.reset', reason: 'the clock was wrong' }]);
    rig.clock.step(START);
  });
});

describe('/openapi.json', () => {
  interface Document {
    openapi: string;
    paths: Record<string, Record<string, { security?: unknown[]; responses: Record<string, unknown> }>>;
    components: { schemas: Record<string, { properties?: Record<string, unknown>; required?: string[] }> };
  }

  test('describes every route with the shapes that are answered', async () => {
    const document = (await get('/openapi.json')).json as unknown as Document;
    expect(document.openapi).toBe('3.1.0');
    const routes = Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
    );
    expect(routes.toSorted()).toEqual([
      'DELETE /v1/alerts/silences/{rule}',
      'DELETE /v1/exclusions/{id}',
      'DELETE /v1/freeze',
      'GET /livez',
      'GET /metrics',
      'GET /readyz',
      'GET /v1/alerts',
      'GET /v1/audit',
      'GET /v1/blame',
      'GET /v1/budgets',
      'GET /v1/budgets/limits',
      'GET /v1/calls',
      'GET /v1/checklist',
      'GET /v1/claims',
      'GET /v1/claims/{month}',
      'GET /v1/claims/{month}/folder.zip',
      'GET /v1/claims/{month}/letters',
      'GET /v1/config',
      'GET /v1/exclusions',
      'GET /v1/holds',
      'GET /v1/jobs',
      'GET /v1/packs',
      'GET /v1/queue',
      'GET /v1/reconciliation',
      'GET /v1/results/{task}/{n}',
      'GET /v1/routes',
      'GET /v1/sla',
      'GET /v1/sla/{month}',
      'GET /v1/sla/{month}/calls',
      'GET /v1/sla/{month}/windows',
      'GET /v1/status',
      'GET /v1/suggestions/budgets',
      'GET /v1/suggestions/prices',
      'GET /v1/tasks',
      'GET /v1/tasks/{id}',
      'GET /v1/usage',
      'POST /v1/alerts/silences',
      'POST /v1/alerts/test',
      'POST /v1/blame',
      'POST /v1/budgets/{name}/raise',
      'POST /v1/claims/{month}/draft',
      'POST /v1/claims/{month}/mark',
      'POST /v1/clock/accept',
      'POST /v1/clock/reset',
      'POST /v1/estimate',
      'POST /v1/exclusions',
      'POST /v1/freeze',
      'POST /v1/holds/{id}/{action}',
      'POST /v1/import',
      'POST /v1/jobs/{name}/run',
      'POST /v1/reload',
      'POST /v1/stop',
    ]);
    const status = (await get('/v1/status')).json;
    const described = document.components.schemas['Status'];
    expect(Object.keys(described?.properties ?? {}).toSorted()).toEqual(Object.keys(status).toSorted());
    expect(described?.required?.toSorted()).toEqual(Object.keys(status).toSorted());
  });

  test('says of exactly the guarded routes that they need the token', async () => {
    const document = (await get('/openapi.json')).json as unknown as Document;
    for (const [path, methods] of Object.entries(document.paths)) {
      for (const [method, route] of Object.entries(methods)) {
        const target = path.replaceAll(/\{\w+\}/g, 'x');
        const body = method === 'get' ? undefined : { reason: 'x', requests: [] };
        const answer = await ask(rig.url, target, { method: method.toUpperCase(), body });
        expect([method, path, answer.status === 401]).toEqual([method, path, route.security !== undefined]);
      }
    }
  });
});

describe('failures', () => {
  test('an unexpected error is written to the log, not sent to the caller', async () => {
    const broken = await startRig();
    broken.ledger.close();
    const answer = await ask(broken.url, '/v1/budgets');
    expect([answer.status, answer.json['word']]).toEqual([500, 'unexpected']);
    expect(answer.text).not.toMatch(/database|sqlite|at .*\.ts/i);
    expect(broken.logged()).toMatch(/the control plane failed to answer/);
    await broken.plane.stop();
    await broken.telemetry.shutdown();
  });
});
