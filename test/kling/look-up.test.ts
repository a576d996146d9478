import { describe, expect, it } from 'vitest';
import {
  batchQuery,
  isAbsence,
  isBatchable,
  listQuery,
  lookUpWay,
  singleQuery,
} from '../../src/kling/look-up.ts';
import { routeFor } from './pricing.ts';

const T2V = routeFor('/v1/videos/text2video');
const NEW = routeFor('/omni-video/kling-o1');

describe('look-ups', () => {
  it('ask for up to twenty ids at once, encoded', () => {
    expect(batchQuery(['1', '2'], 'task_ids')).toBe('/tasks?task_ids=1,2');
    expect(batchQuery(['a b', 'é&c=d', '../x'], 'external_task_ids')).toBe(
      '/tasks?external_task_ids=a%20b,%C3%A9%26c%3Dd,..%2Fx',
    );
    expect(() => batchQuery([], 'task_ids')).toThrow(RangeError);
    expect(() => batchQuery(Array.from({ length: 21 }, String), 'task_ids')).toThrow(RangeError);
    expect(() => batchQuery(['a,b'], 'task_ids')).toThrow(RangeError);
    expect([isBatchable('a,b'), isBatchable(''), isBatchable('a')]).toEqual([false, false, true]);
  });

  it('ask for one legacy task at its own path', () => {
    expect(singleQuery(T2V, 'ks_1')).toBe('/v1/videos/text2video/ks_1');
    expect(singleQuery(T2V, 'a/b?c#d')).toBe('/v1/videos/text2video/a%2Fb%3Fc%23d');
    for (const id of ['', '.', '..']) expect(singleQuery(T2V, id)).toBeNull();
    expect(singleQuery(NEW, '1')).toBeNull();
    expect(listQuery(T2V, 2)).toBe('/v1/videos/text2video?pageNum=2&pageSize=500');
    expect(listQuery(NEW, 1)).toBeNull();
  });

  it('go the way that the credentials allow', () => {
    expect(lookUpWay(T2V, 'api_key')).toBe('batch');
    expect(lookUpWay(NEW, 'api_key')).toBe('batch');
    expect(lookUpWay(T2V, 'ak_sk')).toBe('single');
    expect(lookUpWay(NEW, 'ak_sk')).toBe('none');
    expect(lookUpWay(routeFor('/v1/videos/advanced-lip-sync'), 'ak_sk')).toBe('list');
    expect(lookUpWay(routeFor('/v1/audio/tts'), 'api_key')).toBe('none');
  });

  it('count a task as absent only by Kling’s own answer', () => {
    const envelope = (code: number | null): Parameters<typeof isAbsence>[1] => ({
      code,
      message: '',
      requestId: null,
      data: null,
    });
    expect(isAbsence(400, envelope(1201))).toBe(true);
    expect(isAbsence(404, envelope(1203))).toBe(true);
    expect(isAbsence(404, null)).toBe(false);
    expect(isAbsence(404, envelope(null))).toBe(false);
    expect(isAbsence(401, envelope(1002))).toBe(false);
    expect(isAbsence(500, envelope(1201))).toBe(false);
    expect(isAbsence(200, envelope(0))).toBe(false);
  });
});
