import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startBusyRig } from './busy-rig.ts';
import { order, type Rig } from './fixture.ts';

/** The promise: no question takes more of the event loop, whatever is asked. */
const CPU_MS_MAX = 1000;

/** Values that some parameter of some route may stumble over. */
const NASTY: readonly string[] = [
  '',
  '0',
  '-1',
  '1e9',
  '1000',
  '1001',
  'NaN',
  'true',
  'x',
  ' ',
  '~',
  '%',
  '\u0000',
  '\uD83D\uDE00',
  "'; DROP TABLE calls; --",
  '../../etc/passwd',
  '0000-01',
  '0001-01',
  '1970-01',
  '2022-12',
  '2023-01',
  '2026-11',
  '2027-12',
  '2028-01',
  '9999-12',
  '2026-13',
  '+010000-01',
  '0001-01-01',
  '9999-12-31',
  '2026-02-30',
  '-271821-04-20T00:00:00Z',
  '999999999999999',
  '999999999999999~x',
  '99999999999999999999',
  'hold_1',
  'hold_zzzzzzzzzzzzzzzzzzzzzzzzzz',
  'app,operation,model,mode,tag,day',
  'day,'.repeat(900).slice(0, -1),
  'x'.repeat(4000),
];

interface Described {
  paths: Record<string, { get?: { parameters?: { name: string; in: 'query' | 'path' }[] } }>;
}

/** Makes the questions of a route: each parameter with each value, the others left out; spans of centuries with all. */
function questionsOf(path: string, names: { query: string[]; path: string[] }): string[] {
  const fill = (value: string): string => path.replace(/\{[^}]+\}/g, encodeURIComponent(value));
  const targets = names.path.length === 0 ? [path] : NASTY.map(fill);
  const sane = names.path.length === 0 ? path : fill('2026-11');
  const asked = (pairs: Record<string, string>): string => `${sane}?${new URLSearchParams(pairs)}`;
  const single = names.query.flatMap((name) => NASTY.map((value) => asked({ [name]: value })));
  const spans = names.query.includes('from')
    ? [
        asked({ from: '0', to: '999999999999999', limit: '1000' }),
        asked({ from: '0001-01-01', to: '9999-12-31', limit: '1000' }),
        asked({ from: '9999-12-31', to: '0001-01-01' }),
      ]
    : [];
  return [...targets, ...single, ...spans, `${sane}?unknown=1`, `${sane}?limit=5&limit=6`];
}

let rig: Rig;
let questions: string[];
beforeAll(async () => {
  rig = await startBusyRig();
  const { paths } = (await order(rig.url, '/openapi.json', { method: 'GET' })).json as unknown as Described;
  questions = Object.entries(paths).flatMap(([path, { get }]) => {
    if (!get) return [];
    const of = (place: 'query' | 'path'): string[] =>
      (get.parameters ?? []).filter((one) => one.in === place).map(({ name }) => name);
    return questionsOf(path, { query: of('query'), path: of('path') });
  });
});
afterAll(() => rig.close());

describe('a question of any GET route', () => {
  test('is answered or refused, never fails, and never holds up the event loop', async () => {
    expect(questions.length).toBeGreaterThan(1000);
    const failed: [string, number][] = [];
    const slow: [string, number][] = [];
    for (const target of questions) {
      const before = process.threadCpuUsage();
      const { status } = await order(rig.url, target, { method: 'GET' });
      const { user, system } = process.threadCpuUsage(before);
      if (status >= 500) failed.push([target, status]);
      if ((user + system) / 1000 > CPU_MS_MAX) slow.push([target, (user + system) / 1000]);
    }
    expect(failed).toEqual([]);
    expect(slow).toEqual([]);
    expect(rig.logged()).not.toContain('failed to answer');
  });

  test.each(['0000-01', '2022-12', '2028-01', '9999-12'])('about the month %s is a 400', async (month) => {
    for (const path of [
      `/v1/sla/${month}`,
      `/v1/sla/${month}/windows`,
      `/v1/sla/${month}/calls`,
      `/v1/claims/${month}`,
    ]) {
      const { status, json } = await order(rig.url, path, { method: 'GET' });
      expect([path, status, json['detail']]).toEqual([
        path,
        400,
        `'${month}' is outside the months that can be asked for: 2023-01 to 2027-12.`,
      ]);
    }
    const body = { reason: 'test' };
    expect((await order(rig.url, `/v1/claims/${month}/draft`, { body })).status).toBe(400);
    const mark = { state: 'expired', reason: 'test' };
    expect((await order(rig.url, `/v1/claims/${month}/mark`, { body: mark })).status).toBe(400);
  });

  test.each(['2023-01', '2026-11', '2027-12'])('about the month %s is answered', async (month) => {
    for (const path of [`/v1/sla/${month}`, `/v1/sla/${month}/calls`, `/v1/claims/${month}`]) {
      expect((await order(rig.url, path, { method: 'GET' })).status).toBe(200);
    }
  });

  test.each([
    '/v1/sla/2026-11/calls',
    '/v1/calls',
    '/v1/calls?kind=refused',
    '/v1/usage',
    '/v1/holds',
    '/v1/tasks',
    '/v1/audit',
  ])('with a cursor that %s never gave is a 400', async (path) => {
    const target = `${path}${path.includes('?') ? '&' : '?'}cursor=x`;
    const { status, json } = await order(rig.url, target, { method: 'GET' });
    expect([status, json['detail']]).toEqual([
      400,
      expect.stringMatching(/^"x" is not a cursor of this list/),
    ]);
  });
});
