import { describe, expect, it } from 'vitest';
import type { PriceOverride } from '../../src/kling/kling-config.ts';
import { price, VENDOR } from './pricing.ts';

const T2V = '/v1/videos/text2video';
const IMAGES = '/v1/images/generations';
const OMNI_IMAGE = '/v1/images/omni-image';
const MOTION = '/v1/videos/motion-control';
const AVATAR = '/v1/videos/avatar/image2video';

describe('spellings of one number', () => {
  it.each(['5.0', '5e0', '5E+0', '"5.0"', '"5"', '5'])('reads %s as a length of 5 s', (text) => {
    for (const [path, body] of [
      [T2V, `{"model_name":"kling-v3","duration":${text}}`],
      ['/text-to-video/kling-3.0', `{"settings":{"duration":${text}}}`],
    ] as const)
      expect(price(path, body)).toMatchObject({ credits: 30_000, basis: 'exact', durationSeconds: '5' });
    const shots = `{"model_name":"kling-v3","multi_shot":true,"multi_prompt":[{"duration":${text}},{"duration":${text}}]}`;
    expect(price(T2V, shots)).toMatchObject({ credits: 60_000, durationSeconds: '10' });
  });

  it.each(['3.0', '3e0', '"3"', '"3.0"', '3'])('reads %s as three pictures', (text) => {
    expect(price(IMAGES, `{"n":${text}}`)).toMatchObject({ credits: 6_000, basis: 'exact', weight: 3 });
    expect(price('/v1/images/editing/expand', `{"n":${text}}`).credits).toBe(6_000);
    const series = `{"result_type":"series","series_amount":${text}}`;
    expect(price(OMNI_IMAGE, series)).toMatchObject({ credits: 6_000, basis: 'exact' });
  });

  it('reads 10.0 as 10 and not less, and a length that is not sold as the longest', () => {
    expect(price(T2V, '{"duration":10.0}').credits).toBe(20_000);
    expect(price(T2V, '{"duration":"7.0"}')).toMatchObject({ credits: 20_000, basis: 'assumed' });
    expect(price(IMAGES, '{"n":"10"}')).toMatchObject({ credits: 18_000, basis: 'assumed' });
  });
});

describe('lengths that a caller or the config says', () => {
  it.each([
    [MOTION, { mode: 'std' }, '3', 15_000],
    [MOTION, { mode: 'std', character_orientation: 'image' }, '3', 15_000],
    [AVATAR, {}, '2', 8_000],
    ['/v1/videos/lip-sync', {}, '2', 5_000],
    ['/v1/videos/omni-video', { model_name: 'kling-v3-omni', mode: 'std', video_list: [{}] }, '3', 27_000],
    ['/v1/videos/omni-video', { mode: 'std', video_list: [{}] }, '3', 27_000],
    ['/omni-video/kling-4.0', { contents: [{ type: 'base_video' }] }, '3', 67_200],
  ] as const)(
    'is never below the shortest that Kling accepts: %s %j',
    (...[path, body, seconds, credits]) => {
      const said = price(path, body, VENDOR, 0.001);
      expect(said).toMatchObject({ durationSeconds: seconds, credits, basis: 'assumed' });
      const { operation } = said;
      const configured = price(path, body, { ...VENDOR, assumeSeconds: { [operation]: 0.001 } });
      expect(configured.credits).toBe(credits);
    },
  );

  it('is not below it either if an override prices by the second', () => {
    const amount = { per: 'second', credits: 1_000 } as const;
    const none = { path: null, model: null, mode: null, sound: null, from: null };
    const options = {
      ...VENDOR,
      overrides: [
        { ...none, operation: 'video-extend' as const, amount },
        { ...none, operation: null, path: '/v1/videos/new-thing', amount },
        { ...none, operation: 'avatar' as const, amount },
      ],
    };
    expect(price('/v1/videos/video-extend', {}, options, 0.001).credits).toBe(4_000);
    expect(price('/v1/videos/new-thing', {}, options, 0.001).credits).toBe(3_000);
    expect(price(AVATAR, {}, options, 0.001).credits).toBe(2_000);
  });
});

describe('exact products of a rate and a length', () => {
  it('round up to a thousandth, and leave whole products alone', () => {
    const at = (milli: number, seconds: number): number | null => {
      const override: PriceOverride = {
        operation: 'omni-video',
        path: null,
        model: null,
        mode: null,
        sound: null,
        from: null,
        amount: { per: 'second', credits: milli },
      };
      const edit = { model_name: 'kling-v3-omni', mode: 'std', video_list: [{ video_url: 'u' }] };
      return price('/v1/videos/omni-video', edit, { ...VENDOR, overrides: [override] }, seconds).credits;
    };
    expect(at(1, 3.5)).toBe(4);
    expect(at(1, 3.000001)).toBe(4);
    expect(at(7, 3.3)).toBe(24);
    expect(at(9_000, 7.3)).toBe(65_700);
    expect(at(10, 4.1)).toBe(41);
    expect(at(1_000, 8.2)).toBe(8_200);
  });
});
