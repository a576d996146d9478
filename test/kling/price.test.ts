import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cheaperStandard } from '../../src/kling/price.ts';
import { scanBody } from '../../src/kling/strict-json.ts';
import { price, routeFor, VENDOR } from './pricing.ts';

const T2V = '/v1/videos/text2video';
const IMAGES = '/v1/images/generations';
const OMNI_IMAGE = '/v1/images/omni-image';
const MOTION = '/v1/videos/motion-control';
const AVATAR = '/v1/videos/avatar/image2video';

const refusal = (path: string, body: string): string => {
  try {
    price(path, body);
  } catch (error) {
    return (error as Error).message;
  }
  throw new Error(`accepted ${body}`);
};

describe('defaults of absent fields', () => {
  it.each([
    [T2V, {}, 'kling-v1', 'std', '5'],
    [T2V, { model_name: '', mode: null, duration: '', sound: null }, 'kling-v1', 'std', '5'],
    ['/v1/videos/image2video', {}, 'kling-v1', 'std', '5'],
    ['/v1/videos/omni-video', {}, 'kling-video-o1', 'pro', '5'],
    ['/v1/videos/multi-image2video', {}, 'kling-v1-6', 'std', '5'],
    ['/v1/videos/multi-elements', {}, null, 'std', '5'],
    [MOTION, {}, 'kling-v2-6', null, '30'],
    [AVATAR, {}, null, 'std', '300'],
    [IMAGES, {}, 'kling-v3', null, null],
    [OMNI_IMAGE, {}, 'kling-image-o1', null, null],
    ['/v1/images/multi-image2image', {}, 'kling-v2-1', null, null],
    ['/v1/images/kolors-virtual-try-on', {}, 'kolors-virtual-try-on-v1', null, null],
    ['/text-to-video/kling-3.0', { settings: null }, 'kling-v3', 'std', '5'],
    ['/omni-video/kling-3.0-omni', { settings: { resolution: '' } }, 'kling-v3-omni', 'std', '5'],
  ] as const)('%s %j is %s, %s, %s s', (...[path, body, model, mode, seconds]) => {
    const priced = price(path, body);
    expect([priced.model, priced.mode, priced.durationSeconds]).toEqual([model, mode, seconds]);
  });

  it('ignores the old field `model`, as Kling does, and says so', () => {
    const priced = price(T2V, { model: 'kling-v3', mode: 'pro' });
    expect(priced).toMatchObject({ credits: 35_000, model: 'kling-v1', flags: ['model_field_ignored'] });
    expect(price('/text-to-video/kling-2.6', { model: 'kling-v3' }).flags).toContain('model_field_ignored');
  });
});

describe('what the price list does not have', () => {
  it.each([
    [T2V, { model_name: 'kling-v9' }, 150_000],
    [T2V, { model_name: 'kling-v9', duration: '10', mode: 'std' }, 300_000],
    [T2V, { model_name: 'kling-v9', duration: '20' }, 600_000],
    [T2V, { model_name: 'kling-v9', duration: '99' }, 900_000],
    ['/text-to-video/kling-9', {}, 150_000],
    [MOTION, { model_name: 'kling-v9', mode: 'std' }, 360_000],
    [IMAGES, { model_name: 'kling-v9', n: 2 }, 4_000],
    [OMNI_IMAGE, { model_name: 'kling-v9', resolution: '4k' }, 4_000],
  ])('holds the highest price that fits an unknown model: %s %j', (path, body, credits) => {
    const priced = price(path, body);
    expect(priced).toMatchObject({ credits, basis: 'assumed' });
    expect(priced.flags).toContain('unknown_model');
    expect(priced.model).toBe('other');
  });

  it.each([
    [T2V, { mode: 'ultra' }, 35_000, 'mode'],
    [T2V, { mode: 'PRO' }, 35_000, 'mode'],
    [T2V, { model_name: 'kling-v3', mode: '8k' }, 150_000, 'mode'],
    [T2V, { duration: '7' }, 20_000, 'duration'],
    [T2V, { model_name: 'kling-v3', duration: '16' }, 90_000, 'duration'],
    [T2V, { model_name: 'kling-v3', duration: -5 }, 90_000, 'duration'],
    [T2V, { model_name: 'kling-v2-6', mode: 'pro', sound: 'yes' }, 50_000, 'sound'],
    [IMAGES, { n: 10 }, 18_000, 'n'],
    [IMAGES, { n: 0 }, 18_000, 'n'],
    [IMAGES, { n: -1 }, 18_000, 'n'],
    [OMNI_IMAGE, { resolution: '8k' }, 4_000, 'resolution'],
    [OMNI_IMAGE, { result_type: 'film' }, 18_000, 'result_type'],
    [OMNI_IMAGE, { result_type: 'series', series_amount: 10 }, 18_000, 'series_amount'],
    [OMNI_IMAGE, { result_type: 'series', series_amount: 'many' }, 18_000, 'series_amount'],
    ['/text-to-video/kling-3.0', { settings: { resolution: '2160p' } }, 150_000, 'resolution'],
    ['/text-to-video/kling-3.0', { settings: { audio: 'loud' } }, 45_000, 'audio'],
    ['/omni-video/kling-3.0-omni', { contents: [{ type: 'film' }] }, 139_500, 'type'],
    ['/v1/videos/omni-video', { video_list: [{ refer_type: 'other' }] }, 120_000, 'refer_type'],
    [MOTION, { mode: 'std', character_orientation: 'back' }, 150_000, 'character_orientation'],
  ])('uses the highest price of a field whose value is unknown: %s %j', (path, body, credits, field) => {
    const priced = price(path, body);
    expect(priced).toMatchObject({ credits, basis: 'assumed' });
    expect(priced.flags).toContain(`unknown_value:${field}`);
  });

  it('uses the most expensive quality of a model that lacks the requested one', () => {
    expect(price(T2V, { model_name: 'kling-v1-6', mode: '4k' })).toMatchObject({
      credits: 35_000,
      basis: 'assumed',
    });
  });

  it('names unknown fields, forwards and does not price them', () => {
    const priced = price(T2V, { prompt: 'a', sparkle: 11, other_thing: {} });
    expect(priced).toMatchObject({
      credits: 10_000,
      basis: 'exact',
      unpricedFields: ['sparkle', 'other_thing'],
    });
    expect(priced.flags).toContain('unknown_field:sparkle');
    expect(price('/text-to-video/kling-2.6', { settings: { fps: 60 }, duration: 10 }).unpricedFields).toEqual(
      ['duration', 'settings.fps'],
    );
  });

  it('gives an unknown route the set amount and calls it unknown', () => {
    expect(price('/v1/videos/goods-studio', { anything: [1] })).toMatchObject({
      credits: 450_000,
      basis: 'unknown',
      operation: 'unknown',
    });
    const none = { ...VENDOR, unknownRouteCredits: null };
    expect(price('/v1/videos/goods-studio', {}, none).credits).toBeNull();
  });
});

describe('types and spellings of priced fields', () => {
  it.each([
    [T2V, '{"duration":"10s"}', 'duration', '"10s"', '5, 10'],
    [T2V, '{"duration":true}', 'duration', 'true', '5, 10'],
    [T2V, '{"duration":[]}', 'duration', '[]', '5, 10'],
    [T2V, '{"duration":{}}', 'duration', '{}', '5, 10'],
    [T2V, '{"duration":1e1}', 'duration', '1e1', '5, 10'],
    [T2V, '{"duration":50e-1}', 'duration', '50e-1', '5, 10'],
    [T2V, '{"duration":5.5}', 'duration', '5.5', '5, 10'],
    [T2V, '{"duration":"5."}', 'duration', '"5."', '5, 10'],
    [T2V, '{"duration":"05.0"}', 'duration', '"05.0"', '5, 10'],
    [T2V, '{"duration":" 10"}', 'duration', '" 10"', '5, 10'],
    [T2V, '{"duration":"05"}', 'duration', '"05"', '5, 10'],
    [T2V, '{"duration":"１０"}', 'duration', '"１０"', '5, 10'],
    [T2V, '{"duration":["5","10"]}', 'duration', '["5","10"]', '5, 10'],
    [T2V, '{"mode":1}', 'mode', '1', '"std" or "pro" or "4k"'],
    [T2V, '{"model_name":["kling-v1"]}', 'model_name', '["kling-v1"]', 'a string'],
    [T2V, '{"sound":true}', 'sound', 'true', '"on" or "off"'],
    [T2V, '{"multi_shot":"false"}', 'multi_shot', '"false"', 'true or false'],
    [T2V, '{"voice_list":{"voice_id":1}}', 'voice_list', '{"voice_id":1}', 'a list'],
    [T2V, '{"multi_prompt":["a"]}', 'multi_prompt', '"a"', 'a list of objects'],
    [IMAGES, '{"n":"three"}', 'n', '"three"', '1 to 9'],
    [IMAGES, '{"n":1.5}', 'n', '1.5', '1 to 9'],
    [IMAGES, '{"n":1e1}', 'n', '1e1', '1 to 9'],
    [IMAGES, '{"n":true}', 'n', 'true', '1 to 9'],
    [IMAGES, '{"image":{"url":"x"}}', 'image', '{"url":"x"}', 'a string'],
    ['/text-to-video/kling-3.0', '{"settings":[]}', 'settings', '[]', 'an object'],
    ['/text-to-video/kling-3.0', '{"settings":{"resolution":720}}', 'resolution', '720', '"720p"'],
    ['/omni-video/kling-3.0-omni', '{"contents":{"type":"base_video"}}', 'contents', '{"type"', 'a list'],
    ['/v1/videos/omni-video', '{"video_list":["u"]}', 'video_list', '"u"', 'a list of objects'],
  ])(
    'refuses %s %s, naming field, value and the allowed values',
    (...[path, body, field, value, allowed]) => {
      const message = refusal(path, body);
      expect(message).toContain(field);
      expect(message).toContain(value);
      expect(message).toContain(allowed);
    },
  );

  it('reads 5 and "5" as the same length, and names the one that Kling expects', () => {
    expect(price(T2V, { duration: 10 })).toMatchObject({
      credits: 20_000,
      basis: 'exact',
      flags: ['duration_not_string'],
    });
    expect(price(T2V, { duration: '10' }).flags).toEqual([]);
    expect(price('/text-to-video/kling-3.0', { settings: { duration: '10' } })).toMatchObject({
      credits: 60_000,
      flags: ['duration_not_number'],
    });
    expect(price('/text-to-video/kling-3.0', { settings: { duration: 10 } }).flags).toEqual([]);
  });

  it('never holds less than the cheapest honest price, for any duration, n and mode', () => {
    const any = fc.jsonValue({ maxDepth: 1 });
    fc.assert(
      fc.property(any, any, any, (duration, n, mode) => {
        for (const [path, floor] of [
          [T2V, 10_000],
          [IMAGES, 2_000],
        ] as const) {
          let priced;
          try {
            priced = price(path, JSON.stringify({ duration, n, mode }));
          } catch (error) {
            expect(error).toMatchObject({ code: 'body_refused' });
            continue;
          }
          expect(priced.credits).toBeGreaterThanOrEqual(floor);
          expect(Number.isSafeInteger(priced.credits)).toBe(true);
        }
      }),
      { numRuns: 2_000 },
    );
  });
});

describe('lengths and numbers', () => {
  it('takes the larger of duration and the sum of the shots', () => {
    const shots = (...durations: unknown[]): Record<string, unknown> => ({
      model_name: 'kling-v3',
      multi_shot: true,
      multi_prompt: durations.map((duration, index) => ({ index, prompt: 'a', duration })),
    });
    expect(price(T2V, { ...shots('4', '4'), duration: '5' })).toMatchObject({
      credits: 48_000,
      durationSeconds: '8',
    });
    expect(price(T2V, { ...shots('1', '2'), duration: '10' }).durationSeconds).toBe('10');
    expect(price(T2V, { ...shots('4', '4'), multi_shot: false }).durationSeconds).toBe('5');
    expect(price(T2V, shots(undefined)).durationSeconds).toBe('15');
    const prompt = 'shot 1, 6, a cat; shot 2, 6, a dog;';
    expect(price('/text-to-video/kling-3.0', { prompt }).durationSeconds).toBe('12');
    expect(
      price('/text-to-video/kling-3.0', { prompt, settings: { multi_shot: false } }).durationSeconds,
    ).toBe('5');
    const contents = [{ type: 'prompt', text: prompt }];
    expect(price('/image-to-video/kling-3.0-turbo', { contents }).durationSeconds).toBe('12');
  });

  it('takes a length that only media show from the caller, then the config, then the documented maximum', () => {
    const assume = { ...VENDOR, assumeSeconds: { avatar: 60, 'motion-control': 12 } } as const;
    expect(price(AVATAR, {}, assume, 20)).toMatchObject({ credits: 80_000, durationSeconds: '20' });
    expect(price(AVATAR, {}, assume)).toMatchObject({ credits: 240_000, durationSeconds: '60' });
    expect(price(AVATAR, {})).toMatchObject({ credits: 1_200_000, durationSeconds: '300', basis: 'assumed' });
    expect(price(AVATAR, {}, assume, 1e9).durationSeconds).toBe('300');
    for (const nonsense of [0, -1, NaN, Infinity])
      expect(price(AVATAR, {}, assume, nonsense).durationSeconds).toBe('60');
    expect(price(MOTION, { mode: 'std', character_orientation: 'image' }, assume).durationSeconds).toBe('10');
    expect(price(T2V, {}, assume, 30).durationSeconds).toBe('5');
  });

  it('rounds media seconds to the nearest, as Kling was seen to, and lip sync to started fives', () => {
    expect(price(AVATAR, {}, VENDOR, 11.3)).toMatchObject({ credits: 44_000, durationSeconds: '11' });
    expect(price(MOTION, { mode: 'std' }, VENDOR, 7.5)).toMatchObject({
      credits: 40_000,
      durationSeconds: '8',
    });
    expect(price('/v1/videos/lip-sync', {}, VENDOR, 5).credits).toBe(5_000);
    expect(price('/v1/videos/lip-sync', {}, VENDOR, 5.1).credits).toBe(10_000);
    expect(price('/v1/videos/lip-sync', {}, VENDOR, 600).credits).toBe(60_000);
    const edit = { model_name: 'kling-v3-omni', mode: 'std', video_list: [{ video_url: 'u' }] };
    expect(price('/v1/videos/omni-video', edit, VENDOR, 7.3)).toMatchObject({
      credits: 65_700,
      durationSeconds: '7.3',
    });
  });

  it('weighs a task by its share of the concurrency limit', () => {
    expect(price(T2V, {}).weight).toBe(1);
    expect(price(IMAGES, { n: 4 }).weight).toBe(4);
    expect(price(OMNI_IMAGE, { result_type: 'series', series_amount: 5 }).weight).toBe(5);
    expect(price(OMNI_IMAGE, { result_type: 'series', series_amount: 'auto' }).weight).toBe(9);
    expect(price('/v1/audio/tts', { text: 'a' }).weight).toBe(0);
  });
});

describe('the checklist', () => {
  const checklist = { ...VENDOR, list: 'checklist' } as const;
  it.each([
    [T2V, { mode: 'std', duration: '5' }, 10],
    [T2V, { mode: 'pro', duration: '5' }, 35],
    [T2V, { mode: 'std', duration: '10' }, 20],
    [T2V, { mode: 'pro', duration: '10' }, 70],
    [T2V, { model_name: 'kling-v2-6', mode: 'std', sound: 'on' }, 50],
    [T2V, { model_name: 'kling-v2-6', mode: 'pro', duration: '10', sound: 'on' }, 200],
    [T2V, { model_name: 'kling-v2-6', mode: 'pro', sound: 'on' }, 175],
    [T2V, { model_name: 'kling-v2-6', duration: '10', sound: 'on' }, 100],
    [IMAGES, { n: 3 }, 3],
    ['/v1/images/kolors-virtual-try-on', {}, 5],
    ['/text-to-video/kling-3.0', { settings: { resolution: '1080p' } }, 35],
    ['/text-to-video/kling-3.0', { settings: { duration: 7 } }, 42],
    ['/text-to-video/kling-3.0-turbo', {}, 40],
    ['/v1/videos/omni-video', {}, 40],
    [T2V, { model_name: 'kling-v9' }, 150],
    ['/v1/audio/tts', {}, 0.5],
  ])('prices %s %j at %s credits', (path, body, credits) => {
    expect(price(path, body, checklist).credits).toBe(credits * 1000);
  });
});

describe('the same body at standard quality', () => {
  const standard = (path: string, body: Record<string, unknown>): number | null => {
    const bytes = Buffer.from(JSON.stringify(body));
    const args = {
      route: routeFor(path),
      bytes,
      body: scanBody(bytes),
      options: VENDOR,
      expectedSeconds: null,
    };
    return cheaperStandard(args).credits;
  };
  it('costs what 720p costs, if there is a quality', () => {
    expect(standard(T2V, { model_name: 'kling-v3', mode: '4k', duration: '10' })).toBe(60_000);
    expect(standard('/v1/videos/omni-video', {})).toBe(30_000);
    expect(standard('/text-to-video/kling-2.6', { settings: { resolution: '1080p' } })).toBe(15_000);
    expect(standard(IMAGES, { n: 2 })).toBe(4_000);
    expect(standard('/v1/videos/effects', {})).toBe(35_000);
  });
});
