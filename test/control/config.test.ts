import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { configAnswer } from '../../src/control/config-schemas.ts';
import { checked } from './busy-rig.ts';
import { ask, startRig, type Rig } from './fixture.ts';

let rig: Rig;
beforeAll(async () => {
  rig = await startRig();
});
afterAll(() => rig.close());

const read = async (query = '') => checked(await ask(rig.url, `/v1/config${query}`), configAnswer);
const keys = async (query: string): Promise<string[]> => (await read(query)).values.map(({ key }) => key);

describe('/v1/config', () => {
  test('gives every value with its origin, and what waits for a restart', async () => {
    expect(await read()).toEqual({
      file: '/x/sidecar.config.json',
      readAt: '2026-11-21T10:00:00.000Z',
      values: [
        { key: 'mode', value: 'protect', origin: 'default' },
        { key: 'listen.port', value: 5564, origin: 'file' },
        { key: 'budgets[0].credits', value: 100, origin: 'env:KLING_SIDECAR__BUDGETS__0__CREDITS' },
        { key: 'KLING_API_KEY', value: '[redacted]', origin: 'env:KLING_API_KEY' },
      ],
      total: 4,
      afterRestart: [{ key: 'listen.port', value: 7000, origin: 'file' }],
    });
  });

  test('finds a part of a key, of a value or of an origin, in any case', async () => {
    expect(await keys('?search=PORT')).toEqual(['listen.port']);
    expect(await keys('?search=5564')).toEqual(['listen.port']);
    expect(await keys('?search=%20kling_sidecar__')).toEqual(['budgets[0].credits']);
    expect(await keys('?search=')).toHaveLength(4);
    const { values, total, afterRestart } = await read('?search=nothing');
    expect([values, total, afterRestart.length]).toEqual([[], 4, 1]);
  });

  test('finds the values of one kind of origin', async () => {
    expect(await keys('?origin=env')).toEqual(['budgets[0].credits', 'KLING_API_KEY']);
    expect(await keys('?origin=default')).toEqual(['mode']);
    expect(await keys('?origin=file&search=mode')).toEqual([]);
    expect((await ask(rig.url, '/v1/config?origin=elsewhere')).status).toBe(400);
    expect((await ask(rig.url, `/v1/config?search=${'x'.repeat(201)}`)).status).toBe(400);
  });
});
