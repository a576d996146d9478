import { afterEach, describe, expect, test } from 'vitest';
import { LINES_MAX, type PricedCreate } from '../../src/telemetry/price-doubts.ts';
import { make, shutDownAll } from './telling.ts';

afterEach(shutDownAll);

const PRICED: PricedCreate = {
  operation: 'text-to-video',
  model: 'kling-v1',
  unpricedFields: [],
  costFields: [],
  assumedFrom: null,
};

describe('an unsure price', () => {
  test('is logged once for each field and app', () => {
    const { telemetry, logged } = make('info');
    const create = {
      ...PRICED,
      unpricedFields: ['generate_audio', 'sparkle'],
      costFields: ['generate_audio'],
    };
    for (const app of ['web', 'web', 'batch', 'web']) telemetry.createPriced(app, create);
    expect(logged().map(({ level, app, field }) => [level, app, field])).toEqual([
      ['warn', 'web', 'generate_audio'],
      ['info', 'web', 'sparkle'],
      ['warn', 'batch', 'generate_audio'],
      ['info', 'batch', 'sparkle'],
    ]);
  });

  test('is logged once for each model and app whose rate is assumed', () => {
    const { telemetry, logged } = make('info');
    const assumed = { ...PRICED, model: 'kling-v4', assumedFrom: 'resellers' };
    telemetry.createPriced('web', assumed);
    telemetry.createPriced('web', assumed);
    telemetry.createPriced('web', { ...assumed, model: 'kling-v4-flash' });
    telemetry.createPriced('web', PRICED);
    expect(logged().map(({ level, model, source }) => [level, model, source])).toEqual([
      ['warn', 'kling-v4', 'resellers'],
      ['warn', 'kling-v4-flash', 'resellers'],
    ]);
  });

  test('never fills the log, for any input of callers', () => {
    const { telemetry, logged } = make('info');
    for (let index = 0; index < LINES_MAX + 50; index += 1)
      telemetry.createPriced('web', { ...PRICED, costFields: [`audio_${index}`] });
    expect(logged()).toHaveLength(LINES_MAX);
  });
});
