import { describe, expect, it } from 'vitest';
import { modelNames } from '../../src/kling/models.ts';
import { price, VENDOR } from './pricing.ts';

const T2V = '/v1/videos/text2video';
const AVATAR = '/v1/videos/avatar/image2video';

describe('models on the routes where they are sold', () => {
  it('holds the highest price for a spelling that Kling does not document, and books it under the model', () => {
    expect(price(T2V, { model_name: 'kling-2.6', mode: 'std' })).toMatchObject({
      credits: 150_000,
      basis: 'assumed',
      model: 'kling-v2-6',
    });
    expect(price(T2V, { model_name: 'KLING-V1' })).toMatchObject({ credits: 150_000, model: 'kling-v1' });
    expect(price('/text-to-video/kling-v3', { prompt: 'a' })).toMatchObject({
      credits: 150_000,
      model: 'kling-v3',
    });
    expect(price('/omni-video/kling-o-1', {}).model).toBe('other');
  });

  it('books a model that the list does not have under its own name if the config has that name', () => {
    const options = { ...VENDOR, models: modelNames(['kling-v9']) };
    expect(price(T2V, { model_name: 'kling-v9' }, options)).toMatchObject({
      credits: 150_000,
      model: 'kling-v9',
    });
    expect(price('/text-to-video/kling-9.0', {}, options)).toMatchObject({
      credits: 150_000,
      model: 'kling-v9',
    });
    expect(price(T2V, { model_name: 'kling-v8' }, options).model).toBe('other');
    expect(price(T2V, { model_name: 'kling-v9' }).model).toBe('other');
  });

  it('says that a model has its own rate on a route of others', () => {
    const priced = price(T2V, { model_name: 'kling-v3-omni', mode: 'std' });
    expect(priced.flags).toEqual(['model_of_another_route']);
    expect(priced.notes).toEqual(['kling-v3-omni is not sold on this route: priced at its own rate']);
    expect(priced.model).toBe('kling-v3-omni');
    expect(priced.rule).toContain('kling-v3-omni std');
  });

  it('does not say that only the media show the length if the model is the unknown part', () => {
    expect(price(T2V, { model_name: 'kling-v9' }).notes).toEqual([
      'the model is not in the price list: priced at the dearest that fits',
    ]);
    expect(price(AVATAR, {}).notes).toEqual(['a length of 300 s is assumed: only the media know it']);
  });

  it('counts an undocumented item of contents as the most expensive input', () => {
    expect(price('/omni-video/kling-3.0-omni', { contents: [{ type: 'video' }] }).credits).toBe(139_500);
    expect(price('/motion-control/kling-3.0', { contents: [{ type: 'video' }] }).flags).toEqual([]);
  });
});

describe('fields that may cost', () => {
  it.each([
    'enable_audio',
    'generate_audio',
    'generateaudio',
    'with_sound',
    'sound_effects',
    'bgm',
    'model_version',
    'seconds',
    'video_length',
    'duration_seconds',
    'quality',
    'video_quality',
    'resolution',
    'hd',
    'upscale',
    'fps',
    'frame_rate',
    'n',
    'num_videos',
    'number_of_results',
    'batch_size',
    'voice',
    'lip_sync',
    'turbo',
    'tier',
    'settings',
    'extend',
    'video_4k',
    'series_amount',
  ])('%s makes a price assumed, and is named', (name) => {
    const priced = price(T2V, { prompt: 'a', [name]: name === 'settings' ? { duration: 10 } : true });
    expect(priced).toMatchObject({ credits: 10_000, basis: 'assumed' });
    expect(priced.costFields).toContain(name);
    expect(priced.notes).toContain(`the field ${name} is not documented and may raise the price`);
    expect(priced.unpricedFields).toEqual([name]);
  });

  it.each(['sparkle', 'user', 'seed', 'style', 'tags', 'metadata', 'request_name', 'timeout', 'callback'])(
    '%s does not',
    (name) => {
      expect(price(T2V, { prompt: 'a', [name]: 'x' })).toMatchObject({
        basis: 'exact',
        costFields: [],
        notes: [],
      });
    },
  );

  it('count only if they have a value', () => {
    const priced = price(T2V, { prompt: 'a', quality: null, generate_audio: '', seconds: null });
    expect(priced).toMatchObject({ basis: 'exact', costFields: [] });
  });

  it('count names of many things only if the value is a number', () => {
    expect(price(T2V, { prompt: 'a', images: ['u'] }).costFields).toEqual([]);
    expect(price(T2V, { prompt: 'a', images: 4 }).costFields).toEqual(['images']);
    expect(price(T2V, { prompt: 'a', outputs: '4' }).costFields).toEqual(['outputs']);
  });

  it('are found in sub-objects and lists, documented or not', () => {
    const fieldsOf = (path: string, body: Record<string, unknown>): string[] => price(path, body).costFields;
    expect(fieldsOf('/text-to-video/kling-3.0', { settings: { enable_sound: true } })).toEqual([
      'settings.enable_sound',
    ]);
    expect(fieldsOf('/text-to-video/kling-3.0', { options: { quality: 'high' }, duration: 10 })).toEqual([
      'options.quality',
      'duration',
    ]);
    expect(fieldsOf(T2V, { parameters: { video: { duration: 10, note: 'x' } } })).toEqual([
      'parameters.video.duration',
    ]);
    expect(
      fieldsOf('/image-to-video/kling-3.0', {
        contents: [{ type: 'first_frame', url: 'u', quality: 'high' }],
      }),
    ).toEqual(['contents[].quality']);
    const list = [{ video_url: 'u', refer_type: 'feature', keep_original_sound: 'yes', duration: 30 }];
    expect(fieldsOf('/v1/videos/omni-video', { video_list: list })).toEqual(['video_list[].duration']);
  });

  it('are at most twenty', () => {
    const many = Object.fromEntries(Array.from({ length: 100 }, (_, index) => [`audio_${index}`, 1]));
    expect(price(T2V, many).costFields).toHaveLength(20);
    expect(price(T2V, { deep: Array.from({ length: 5_000 }, () => ({ a: 1 })), audio_x: 1 }).basis).toBe(
      'assumed',
    );
  });

  it('name the old field model if it asks for another model than the one that is priced', () => {
    const priced = price(T2V, { model: 'kling-v3', mode: 'pro' });
    expect(priced).toMatchObject({ credits: 35_000, basis: 'assumed', costFields: ['model'] });
    expect(priced.notes).toEqual([
      'the field model is not read here: the price is that of the model Kling reads',
    ]);
    const same = { model: 'kling-v3', model_name: 'kling-v3' };
    expect(price(T2V, same)).toMatchObject({ basis: 'exact', costFields: [] });
    expect(price('/text-to-video/kling-2.6', { model_name: 'kling-2.6' }).basis).toBe('exact');
    expect(price('/text-to-video/kling-2.6', { model_name: 'kling-v3' })).toMatchObject({
      basis: 'assumed',
      costFields: ['model_name'],
    });
  });
});
