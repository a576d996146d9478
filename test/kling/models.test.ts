import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LISTED_MODELS, listedModel, modelNames } from '../../src/kling/models.ts';

describe('the name that a model is booked under', () => {
  it.each([
    ['kling-v2-6', 'kling-v2-6'],
    ['kling-v2.6', 'kling-v2-6'],
    ['kling-2.6', 'kling-v2-6'],
    ['kling-2-6', 'kling-v2-6'],
    ['kling_v2_6', 'kling-v2-6'],
    ['Kling-V2-6', 'kling-v2-6'],
    ['KLING 2.6', 'kling-v2-6'],
    ['kling-v3', 'kling-v3'],
    ['kling-3', 'kling-v3'],
    ['kling-3.0', 'kling-v3'],
    ['kling-v3.0', 'kling-v3'],
    ['kling3.0', 'kling-v3'],
    ['kling-3.0-omni', 'kling-v3-omni'],
    ['kling-v3.0-omni', 'kling-v3-omni'],
    ['kling-3.0-turbo', 'kling-v3-turbo'],
    ['kling-2.5-turbo', 'kling-v2-5-turbo'],
    ['kling-v2.1-master', 'kling-v2-1-master'],
    ['kling-o1', 'kling-video-o1'],
    ['kling-v1.5', 'kling-v1-5'],
    ['kling-4.0', 'kling-v4'],
    ['kling-v4.0-flash', 'kling-v4-flash'],
    ['kling-image-4.0', 'kling-image-4.0'],
    ['kolors-virtual-try-on-v1.5', 'kolors-virtual-try-on-v1-5'],
  ])('of %s is %s', (spelled, name) => {
    expect(listedModel(spelled)).toBe(name);
    expect(LISTED_MODELS.booked(spelled)).toBe(name);
  });

  it.each([
    'kling-v9',
    'kling-v15',
    'kling-v2-60',
    'kling-v3-omnii',
    'kling-v30',
    'v3',
    '',
    'kling',
    'other',
  ])('of %j is other: the list does not have it', (name) => {
    expect(listedModel(name)).toBeNull();
    expect(LISTED_MODELS.booked(name)).toBe('other');
  });

  it('is its own if the config names it, in any spelling, and never one that only a caller names', () => {
    const names = modelNames(['kling-v9', 'studio-1', 'kling-2.6']);
    expect(names.booked('kling-v9')).toBe('kling-v9');
    expect(names.booked('Kling-9.0')).toBe('kling-v9');
    expect(names.booked('STUDIO-1')).toBe('studio-1');
    expect(names.booked('kling-2.6')).toBe('kling-v2-6');
    expect(names.booked('kling-v8')).toBe('other');
  });

  it('is bounded for any input of callers', () => {
    const names = modelNames(['kling-v9']);
    fc.assert(
      fc.property(fc.string(), (text) => {
        const name = names.booked(text);
        expect(name === 'other' || name === 'kling-v9' || listedModel(name) === name).toBe(true);
      }),
    );
  });
});
