import { describe, expect, it } from 'vitest';
import { load, problemAt, problemsOf } from './load-text.ts';

const budget = (match: Record<string, unknown>): unknown => ({
  budgets: [{ name: 'a', credits: 1, match }],
});
const limit = (concurrency: Record<string, number>): unknown => ({ limits: { concurrency } });
const override = (own: Record<string, unknown>): unknown => ({
  pricing: { overrides: [{ credits: 1, ...own }] },
});

describe('a model that the config names', () => {
  it.each(['kling-2.6', 'kling-v2.6', 'kling_v2_6', 'Kling-V2-6', 'kling-v2-6'])(
    'is the one of the price list that its spelling means: %s',
    (model) => {
      const { config } = load(budget({ model }));
      expect(config.budgets[0]?.match).toEqual({ model: 'kling-v2-6' });
      const own = load(override({ operation: 'text-to-video', model })).config.pricing.overrides[0];
      expect(own?.model).toBe('kling-v2-6');
    },
  );

  it('is so in limits too, where the keys keep to small letters', () => {
    const { config } = load(limit({ video: 5, 'kling-3.0': 3, 'kling-o1': 2, 'kling-v9': 1 }));
    expect(config.limits.concurrency).toEqual({
      video: 5,
      'kling-v3': 3,
      'kling-video-o1': 2,
      'kling-v9': 1,
    });
  });

  it('may be a new one, or the word for all that are not known', () => {
    for (const model of [
      'kling-v4',
      'kling-v9',
      'kling-9.0',
      'kling-v3-ultra',
      'kolors-v4',
      'kling-x1',
      'other',
    ])
      expect(problemsOf(budget({ model })), model).toEqual([]);
    expect(
      problemsOf({
        ...Object(budget({ model: 'studio' })),
        ...Object(override({ path: '/v1/x', model: 'studio' })),
      }),
    ).toEqual([]);
  });

  it.each([
    ['klng-v3', 'kling-v3'],
    ['kling-v3-omnii', 'kling-v3-omni'],
    ['kling-v3-turb', 'kling-v3-turbo'],
    ['kling-v2-mastre', 'kling-v2-master'],
    ['kling-vidoe-o1', 'kling-video-o1'],
  ])('is refused where it looks mistyped: %s', (model, meant) => {
    const problem = problemAt('budgets[0].match.model', budget({ model }));
    expect(problem.value).toBe(`"${model}"`);
    expect(problem.suggestion).toBe(`did you mean "${meant}"?`);
    expect(problem.allowed).toContain('kling-v2-6');
    expect(
      problemAt('pricing.overrides[0].model', override({ operation: 'omni-video', model })),
    ).toBeDefined();
  });

  it.each(['v3', '3.0', 'sora-2', 'text-to-video', 'video'])(
    'is refused where it is no model: %s',
    (model) => {
      expect(problemAt('budgets[0].match.model', budget({ model })).allowed).toContain('kling-v3');
    },
  );

  it.each([
    ['vidoe', 'did you mean "video"?'],
    ['videos', 'did you mean "video"?'],
    ['images', 'did you mean "image"?'],
    ['audio', 'write the name that creates send'],
    ['default', 'write the name that creates send'],
  ])('is refused as a key of limits.concurrency that nothing counts in: %s', (key, suggestion) => {
    expect(problemAt(`limits.concurrency.${key}`, limit({ [key]: 3 })).suggestion).toBe(suggestion);
  });

  it('may have one limit only, however it is spelled', () => {
    const problem = problemAt('limits.concurrency.kling-v2-6', limit({ 'kling-2.6': 3, 'kling-v2-6': 5 }));
    expect(problem.suggestion).toContain('kling-2.6 is the same model');
  });

  it('is refused in a budget of an operation whose creates name none', () => {
    const file = budget({ operation: 'tts', model: 'kling-v3' });
    expect(problemAt('budgets[0].match.model', file).suggestion).toBe('remove it');
    expect(problemsOf(budget({ operation: 'text-to-video', model: 'kling-video-o1' }))).toEqual([]);
  });

  it('is warned of where the list does not have it', () => {
    const { warnings } = load({
      ...Object(budget({ model: 'kling-2.6' })),
      ...Object(limit({ 'kling-v9': 1, video: 2 })),
    });
    expect(warnings).toEqual([
      expect.stringMatching(
        /^limits\.concurrency\.kling-v9 names "kling-v9", which the price list does not have/,
      ),
    ]);
  });
});

describe('what a budget matches', () => {
  it.each(['task-read', 'task-list', 'account', 'library'])(
    'is no operation that costs nothing: %s',
    (operation) => {
      expect(problemAt('budgets[0].match.operation', budget({ operation })).allowed).toContain(
        '"text-to-video"',
      );
    },
  );

  it('is an app and a tag as callers may send them', () => {
    expect(problemAt('budgets[0].match.app', budget({ app: 'my app' })).allowed).toContain('1 to 64');
    expect(problemAt('budgets[0].match.tag', budget({ tag: 'two words' })).allowed).toContain('1 to 100');
    expect(problemsOf(budget({ app: 'studio', tag: 'team/a:b@c+d=e-f._' }))).toEqual([]);
  });
});

describe('prices and lengths that no create meets', () => {
  it('are warned of', () => {
    const { warnings } = load({
      pricing: {
        overrides: [
          { operation: 'tts', mode: 'pro', credits: 1 },
          { operation: 'effects', sound: 'on', credits: 1 },
          { operation: 'avatar', model: 'kling-v3', credits: 1 },
          { operation: 'video-extend', creditsPerSecond: 1 },
          { operation: 'avatar', mode: 'pro', credits: 1 },
          { operation: 'omni-video', mode: '4k', sound: true, model: 'kling-v3-omni', credits: 1 },
        ],
        assumeSeconds: { 'text-to-video': 5, tts: 3, 'video-extend': 5, avatar: 20, 'omni-video': 6 },
      },
    });
    expect(warnings).toEqual([
      'pricing.assumeSeconds.text-to-video is never used: no price of it needs a length.',
      'pricing.assumeSeconds.tts is never used: no price of it needs a length.',
      'pricing.overrides[0] never applies: tts has no mode.',
      'pricing.overrides[1] never applies: effects has no sound.',
      'pricing.overrides[2] never applies: avatar names no model.',
    ]);
  });
});
