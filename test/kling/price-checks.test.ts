import { describe, expect, it } from 'vitest';
import { checkPrices } from '../../src/kling/price-checks.ts';
import { load } from '../config/load-text.ts';

describe('checks of prices', () => {
  it('warn of models in use whose price is assumed, until an override names them', () => {
    const usage = [
      { model: 'kling-v3', tasks: 9 },
      { model: null, tasks: 2 },
      { model: 'kling-v4', tasks: 1 },
      { model: 'kling-v9', tasks: 3 },
      { model: 'other', tasks: 4 },
    ];
    const found = (file: unknown): string[] =>
      checkPrices(load(file).config.pricing.overrides, usage).map(
        ({ level, finding }) => `${level}: ${finding}`,
      );
    expect(found({})).toEqual([
      'warn: The price of kling-v4 is assumed (prices of resellers of Kling 4.0 (fal, Siray, muapi)): 1 create was held at it.',
      'warn: kling-v9 is not in the price list: 3 creates were held at the dearest price that fits.',
      'warn: Some models are not in the price list: 4 creates were held at the dearest price that fits.',
    ]);
    const overrides = [
      { path: '/text-to-video/kling-4.0', creditsPerSecond: 10 },
      { operation: 'text-to-video', model: 'kling-v9', creditsPerSecond: 10 },
      { operation: 'text-to-video', model: 'other', credits: 100 },
    ];
    expect(found({ pricing: { overrides } })).toEqual([
      'ok: No model of the last 31 days has a price that is assumed as a whole.',
    ]);
  });
});
