import { describe, expect, it } from 'vitest';
import type { PriceOverride } from '../../src/kling/kling-config.ts';
import { price, VENDOR } from './pricing.ts';

const T2V = '/v1/videos/text2video';
const IMAGES = '/v1/images/generations';

describe('overrides', () => {
  const override = (given: Partial<PriceOverride>): PriceOverride => ({
    operation: null,
    path: null,
    model: null,
    mode: null,
    sound: null,
    amount: { per: 'task', credits: 1 },
    from: null,
    ...given,
  });
  const withOverrides = (...overrides: PriceOverride[]): typeof VENDOR => ({ ...VENDOR, overrides });
  const per = (kind: 'task' | 'second' | 'each', credits: number): PriceOverride['amount'] => ({
    per: kind,
    credits,
  });

  it('beat the list, by task, by second and by piece', () => {
    const options = withOverrides(
      override({ operation: 'text-to-video', amount: per('second', 700) }),
      override({ operation: 'image', amount: per('each', 90) }),
      override({ operation: 'effects', amount: per('task', 12_345) }),
    );
    expect(price(T2V, { duration: '10' }, options)).toMatchObject({ credits: 7_000, basis: 'exact' });
    expect(price(IMAGES, { n: 3 }, options).credits).toBe(270);
    expect(price('/v1/videos/effects', {}, options)).toMatchObject({ credits: 12_345, basis: 'exact' });
    expect(price('/v1/videos/omni-video', {}, options).credits).toBe(40_000);
  });

  it('win by the number of parts that they name, then by the latest day that has begun', () => {
    const at = (day: number): number => Date.UTC(2026, 10, day);
    const options = withOverrides(
      override({ operation: 'text-to-video', amount: per('task', 1) }),
      override({ operation: 'text-to-video', mode: 'pro', from: at(1), amount: per('task', 2) }),
      override({ operation: 'text-to-video', mode: 'pro', from: at(20), amount: per('task', 3) }),
      override({ operation: 'text-to-video', mode: 'pro', from: at(22), amount: per('task', 4) }),
      override({
        operation: 'text-to-video',
        model: 'kling-v2-6',
        mode: 'pro',
        sound: true,
        amount: per('task', 5),
      }),
    );
    expect(price(T2V, {}, options).credits).toBe(1);
    expect(price(T2V, { mode: 'pro' }, options).credits).toBe(3);
    expect(price(T2V, { mode: 'pro' }, { ...options, nowMs: at(22) }).credits).toBe(4);
    expect(price(T2V, { model_name: 'kling-v2-6', mode: 'pro', sound: 'on' }, options).credits).toBe(5);
    expect(price(T2V, { model_name: 'kling-v2-6', mode: 'pro' }, options).credits).toBe(3);
  });

  it('make a new model known and add routes', () => {
    const options = withOverrides(
      override({ operation: 'text-to-video', model: 'kling-v4', amount: per('second', 9_000) }),
      override({ path: '/v1/videos/goods-studio', amount: per('task', 77_000) }),
      override({ path: '/v1/videos/clock', amount: per('second', 1_000) }),
      override({ path: '/text-to-video/kling-4.0', amount: per('second', 8_000) }),
    );
    expect(price(T2V, { model_name: 'kling-v4' }, options)).toMatchObject({
      credits: 45_000,
      model: 'kling-v4',
    });
    expect(price('/v1/videos/goods-studio', {}, options)).toMatchObject({ credits: 77_000, basis: 'exact' });
    expect(price('/v1/videos/clock', { duration: '7' }, options)).toMatchObject({
      credits: 7_000,
      basis: 'exact',
    });
    expect(price('/v1/videos/clock', {}, options)).toMatchObject({ credits: 30_000, basis: 'assumed' });
    expect(price('/text-to-video/kling-4.0', { settings: { duration: 3 } }, options)).toMatchObject({
      credits: 24_000,
      operation: 'text-to-video',
    });
  });
});

describe('overrides if a part is open', () => {
  const general: PriceOverride = {
    operation: 'text-to-video',
    path: null,
    model: null,
    mode: null,
    sound: null,
    from: null,
    amount: { per: 'task', credits: 1_000 },
  };
  const withOverrides = (...overrides: PriceOverride[]): typeof VENDOR => ({ ...VENDOR, overrides });

  it('take the highest price that an undocumented quality may mean', () => {
    const options = withOverrides(general, {
      ...general,
      mode: 'pro',
      amount: { per: 'task', credits: 9_000 },
    });
    expect(price(T2V, { mode: 'PRO' }, options)).toMatchObject({ credits: 9_000, basis: 'assumed' });
    expect(price(T2V, { mode: 'std' }, options)).toMatchObject({ credits: 1_000, basis: 'exact' });
  });

  it('price no undocumented spelling of a model as that model', () => {
    const options = withOverrides({ ...general, model: 'kling-v2-6' });
    expect(price(T2V, { model_name: 'kling-v2-6' }, options).credits).toBe(1_000);
    expect(price(T2V, { model_name: 'kling-2.6' }, options).credits).toBe(150_000);
  });

  it('name Kling 4.0 by its model or by its path, and are then exact', () => {
    const options = withOverrides(
      { ...general, model: 'kling-v4', amount: { per: 'second', credits: 10_000 } },
      { ...general, operation: null, path: '/omni-video/kling-4.0', amount: { per: 'task', credits: 5_000 } },
    );
    expect(price('/text-to-video/kling-4.0', { settings: { duration: 5 } }, options)).toMatchObject({
      credits: 50_000,
      basis: 'exact',
      model: 'kling-v4',
      notes: [],
    });
    expect(price('/omni-video/kling-4.0', {}, options)).toMatchObject({ credits: 5_000, basis: 'exact' });
  });

  it('read the length and the number of a route of their own like the most lenient parser', () => {
    const path = '/v1/videos/new-thing';
    const perSecond = withOverrides({
      ...general,
      operation: null,
      path,
      amount: { per: 'second', credits: 1_000 },
    });
    const priceOf = (body: string) => price(path, body, perSecond);
    expect(priceOf('{"duration":5.0}')).toMatchObject({ credits: 5_000, basis: 'exact' });
    expect(priceOf('{"duration":5e1}')).toMatchObject({ credits: 50_000, basis: 'assumed' });
    expect(priceOf('{"duration":"60s"}')).toMatchObject({ credits: 60_000, basis: 'assumed' });
    expect(priceOf('{"duration":5,"settings":{"duration":"20"}}')).toMatchObject({ credits: 20_000 });
    expect(priceOf('{"duration":7.5}')).toMatchObject({ credits: 7_500, basis: 'exact' });
    const each = withOverrides({ ...general, operation: null, path, amount: { per: 'each', credits: 100 } });
    expect(price(path, '{"n":4}', each)).toMatchObject({ credits: 400, basis: 'exact' });
    expect(price(path, '{"settings":{"n":"3"}}', each)).toMatchObject({ credits: 300, basis: 'exact' });
    expect(price(path, '{"n":"many"}', each)).toMatchObject({ credits: 900, basis: 'assumed' });
    expect(price(path, '{"n":""}', each)).toMatchObject({ credits: 100, basis: 'exact' });
  });
});
