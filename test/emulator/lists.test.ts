import { describe, expect, it } from 'vitest';
import { at, START, startRig, textAt } from './client.ts';

const t2v = '/v1/videos/text2video';
const p = { prompt: 'a cat' };
const wide = { concurrency: { video: 500, image: 500 } };

describe('lists', () => {
  it('GET /tasks takes up to 20 ids of either kind and leaves unknown ones out', async () => {
    const rig = await startRig(wide);
    const id = textAt((await rig.post(t2v, { ...p, external_task_id: 'x' })).data, 'task_id');
    const ids = (count: number) => Array.from({ length: count }, (_, index) => `1${index}`).join(',');
    expect((await rig.get('/tasks?task_ids=404')).data).toEqual([]);
    expect((await rig.get(`/tasks?task_ids=${ids(19)},${id}`)).data).toMatchObject([
      { id, status: 'submitted' },
    ]);
    expect((await rig.get('/tasks?external_task_ids=y,x')).data).toMatchObject([{ id }]);
    for (const query of [
      `?task_ids=${ids(21)}`,
      '',
      '?task_ids=',
      `?task_ids=${ids(11)}&external_task_ids=${ids(10)}`,
    ]) {
      expect(await rig.get(`/tasks${query}`), query).toMatchObject({ status: 400, code: 1201 });
    }
  });

  it('POST /tasks gives every task newest first, by cursor and filters, a legacy one too', async () => {
    const rig = await startRig(wide);
    const ids: string[] = [];
    for (let i = 0; i < 5; i += 1) {
      ids.unshift(textAt((await rig.post(t2v, p)).data, 'task_id'));
      await rig.clock.advance(1000);
    }
    const image = textAt((await rig.post('/v1/images/generations', p)).data, 'task_id');
    const first = await rig.post('/tasks', { limit: 4 });
    expect(first.data).toMatchObject({ count: 4, has_more: true });
    expect((at(first.data, 'result') as { id: string }[]).map((task) => task.id)).toEqual([
      image,
      ...ids.slice(0, 3),
    ]);
    const cursor = at(first.data, 'next_cursor');
    const second = await rig.post('/tasks', {
      cursor,
      limit: 1,
      filters: [{ key: 'status', values: ['failed'] }],
    });
    expect(second.data).toMatchObject({
      count: 2,
      has_more: false,
      next_cursor: '',
      result: [{ id: ids[3] }, { id: ids[4] }],
    });
    const images = await rig.post('/tasks', { filters: [{ key: 'product_type', values: ['image'] }] });
    expect(images.data).toMatchObject({ count: 1, result: [{ id: image }] });
    const submitted = await rig.post('/tasks', {
      filters: [{ key: 'status', values: ['submitted', 'failed'] }],
    });
    expect(at(submitted.data, 'count')).toBe(1);
    const early = await rig.post('/tasks', { start_time: String(START), end_time: START + 1000 });
    expect(at(early.data, 'count')).toBe(2);
    for (const wrong of [
      { limit: 501 },
      { cursor: 'nonsense' },
      { start_time: 5, end_time: 5 },
      { filters: [{ key: 'a' }] },
      { filters: [{ key: 'status', values: ['succeed'] }] },
      { filters: [{ key: 'product_type', values: ['try-on'] }] },
    ]) {
      expect(await rig.post('/tasks', wrong), JSON.stringify(wrong)).toMatchObject({ status: 400 });
    }
  });

  it('legacy lists are paged, of their own path, newest first', async () => {
    const rig = await startRig(wide);
    for (let i = 0; i < 3; i += 1) await rig.post(t2v, { ...p, external_task_id: `t${i}` });
    await rig.post('/v1/videos/omni-video', p);
    const names = async (query: string) => {
      const { data } = await rig.get(`${t2v}${query}`);
      return (data as object[]).map((task) => at(task, 'task_info', 'external_task_id'));
    };
    expect(await names('')).toEqual(['t2', 't1', 't0']);
    expect(await names('?pageNum=2&pageSize=2')).toEqual(['t0']);
    expect(await names('?pageNum=1000')).toEqual([]);
    for (const query of ['?pageNum=0', '?pageNum=1001', '?pageSize=501', '?pageSize=x', '?pageSize=-1']) {
      expect(await rig.get(t2v + query), query).toMatchObject({ status: 400, code: 1201 });
    }
    expect(await rig.get('/v1/general/custom-voices?pageSize=1000')).toMatchObject({ status: 200 });
  });

  it('a legacy read of an unknown task, or of another path’s, is 400/1201', async () => {
    const rig = await startRig();
    const id = textAt((await rig.post(t2v, { ...p, external_task_id: 'a b' })).data, 'task_id');
    expect(await rig.get(`${t2v}/a%20b`)).toMatchObject({ status: 200 });
    expect(await rig.get(`${t2v}/123`)).toMatchObject({ status: 400, code: 1201 });
    expect(await rig.get(`/v1/videos/image2video/${id}`)).toMatchObject({ status: 400, code: 1201 });
  });
});
