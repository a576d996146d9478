import { afterAll, beforeAll, expect, test } from 'vitest';
import { checklistAnswer } from '../../src/control/checklist-schemas.ts';
import { checked } from './busy-rig.ts';
import { ask, startRig, type Rig } from './fixture.ts';

let rig: Rig;
beforeAll(async () => {
  rig = await startRig();
});
afterAll(() => rig.close());

const read = async (query = '') => checked(await ask(rig.url, `/v1/checklist${query}`), checklistAnswer);

test('/v1/checklist gives the verdicts with their time, or says that they are made', async () => {
  expect(await read()).toEqual({
    isJudging: true,
    startedAt: '1970-01-01T00:00:00.000Z',
    nextAt: null,
    problem: null,
    judged: null,
  });
  const { judged, nextAt } = await read('?since=2026-11-21T09:00:00Z&wait=false');
  expect(judged).toMatchObject({
    startedAt: '2026-11-21T09:00:00.000Z',
    tookMs: 1234,
    counts: { ok: 1, warn: 0, fail: 0, 'not ours': 0 },
    checks: [{ name: 'node', level: 'ok' }],
  });
  expect(nextAt).toBe('2026-11-21T09:01:00.000Z');
  expect((await ask(rig.url, '/v1/checklist?since=yesterday')).status).toBe(400);
  expect((await ask(rig.url, '/v1/checklist?wait=perhaps')).status).toBe(400);
});
