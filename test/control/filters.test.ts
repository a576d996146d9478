/** The filters of tasks and calls, and the sums of routes: the page's numbers link to lists by them. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { callsAnswer, refusalsAnswer, routesAnswer } from '../../src/control/call-schemas.ts';
import { tasksAnswer } from '../../src/control/task-schemas.ts';
import { checked, startBusyRig } from './busy-rig.ts';
import { ask, START, type Rig } from './fixture.ts';

let rig: Rig;
beforeAll(async () => {
  rig = await startBusyRig();
});
afterAll(() => rig.close());

const get = (target: string) => ask(rig.url, target);

describe('filters', () => {
  test('/v1/tasks is narrowed by every value of a create, by its absence, and by a search', async () => {
    const idsOf = async (query: string) =>
      checked(await get(`/v1/tasks?${query}`), tasksAnswer).tasks.map(({ id }) => id);
    expect(await idsOf('tag=ad')).toEqual(['700']);
    expect(await idsOf('tag=-')).toEqual(['800']);
    expect(await idsOf('model=kling-v3&mode=std&operation=text-to-video&product=video')).toEqual([
      '800',
      '700',
    ]);
    expect(await idsOf('model=-')).toEqual([]);
    expect(await idsOf('mode=-')).toEqual([]);
    for (const search of ['700', 'hold_1', 'ad', 'A%20CAT'])
      expect(await idsOf(`search=${search}`)).toEqual(['700']);
    expect(await idsOf('search=studio')).toEqual(['800']);
    const { tasks, searched } = checked(await get('/v1/tasks?search=cat'), tasksAnswer);
    expect([tasks[0]?.promptPreview, searched]).toEqual(['a cat', null]);
  });

  test('/v1/calls is narrowed by what failed, by outcomes, by route and by task', async () => {
    const idsOf = async (query: string) =>
      checked(await get(`/v1/calls?${query}`), callsAnswer).calls.map(({ id }) => id);
    expect(await idsOf('failed=true')).toEqual(['call_2']);
    expect(await idsOf('outcome=ok')).toEqual(['call_3', 'call_1']);
    expect(await idsOf('outcome=ok,unreachable')).toEqual(['call_3', 'call_2', 'call_1']);
    expect(await idsOf('outcome=ok&failed=true')).toEqual([]);
    expect(await idsOf('task=700')).toEqual(['call_3', 'call_2', 'call_1']);
    expect(await idsOf('task=800')).toEqual([]);
    expect(await idsOf('tag=-&method=POST&route=/v1/videos/text2video')).toEqual([
      'call_3',
      'call_2',
      'call_1',
    ]);
    expect(await idsOf('route=/nowhere')).toEqual([]);
    expect(await idsOf('status=200&code=0')).toEqual(['call_3', 'call_1']);
    expect(await idsOf('code=1303')).toEqual([]);
    const refused = async (query: string) =>
      checked(await get(`/v1/calls?kind=refused&${query}`), refusalsAnswer).calls.map(({ id }) => id);
    expect(await refused('word=budget_exceeded')).toEqual(['refusal_1']);
    expect(await refused('word=spending_frozen')).toEqual([]);
    for (const query of [
      'kind=refused&failed=true',
      'kind=would-refuse&task=1',
      'kind=refused&code=0',
      'word=budget_exceeded',
    ]) {
      const answer = await get(`/v1/calls?${query}`);
      expect([answer.status, answer.json['detail']]).toEqual([
        400,
        expect.stringContaining('is a filter of kind='),
      ]);
    }
  });

  test('/v1/routes sums the calls of a time by route', async () => {
    const asked = await get(`/v1/routes?from=${START}&to=${START + 2}`);
    expect(checked(asked, routesAnswer)).toMatchObject({
      from: '2026-11-21T10:00:00.000Z',
      to: '2026-11-21T10:00:00.002Z',
      summedFrom: null,
      routes: [{ method: 'POST', route: '/v1/videos/text2video', calls: 2, failed: 1, throttled: 0 }],
    });
    rig.clock.step(START + 3_600_001);
    expect(checked(await get('/v1/routes'), routesAnswer).routes).toMatchObject([{ calls: 1 }]);
    rig.clock.step(START);
  });
});
