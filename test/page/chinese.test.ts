/**
 * The Chinese pages of a sidecar with data of every kind: what a reader sees is Chinese, but for the kinds of text that docs/page.md
 * names, and what is English says so.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { NAVIGATION } from '../../src/page/layout.ts';
import { anotherVideo, get, post, until } from '../app/calls.ts';
import { draftLastMonth, order, type ClaimMonth } from '../app/claim-month.ts';
import { startApp, type StartedApp } from '../app/start-app.ts';
import { read, TYPED } from './reader.ts';
import { ShownValues } from './chinese-text.ts';
import { seenIn, type SeenText } from './seen-text.ts';

const VIDEOS = '/v1/videos/text2video';
const CONFIG = {
  environment: 'staging',
  budgets: [
    { name: 'daily', credits: 400, window: 'day' },
    { name: 'films', credits: 900, window: 'month', match: { app: 'web', model: 'kling-v1' } },
    { name: 'each-tag', credits: 300, window: 'week', per: 'tag', mode: 'shadow' },
  ],
  limits: { concurrency: { video: 9, image: 2 } },
  creates: { maxCreditsEach: 50 },
  tasks: { retryFailed: [{ delayMs: 86_400_000 }] },
  results: { keep: true },
  alerts: {
    channels: [{ name: 'ops', type: 'stdout' }],
  },
};
let started: StartedApp;
let claim: ClaimMonth;
const ids: Record<string, string> = {};
const values = new ShownValues();

beforeAll(async () => {
  started = await startApp({ config: CONFIG, judges: true });
  claim = await draftLastMonth(started);
  await work();
});
afterAll(() => started.stop());

/** Work of every kind: creates that succeed, fail, are refused, are in doubt and wait; orders; alerts. */
async function work(): Promise<void> {
  const { dataUrl, controlUrl, emulator } = started;
  const create = async (
    name: string,
    body: Record<string, unknown> = {},
    headers: Record<string, string> = {},
  ) => {
    const made = await post(dataUrl + VIDEOS, anotherVideo(body), headers);
    ids[name] = String(made.json.data?.['task_id']);
    return made;
  };
  emulator.addFault({ kind: 'fail_task', message: '服务超时', match: { bodyIncludes: 'to fail' } });
  const web = { 'x-kling-app': 'web', 'x-kling-tag': 'spring' };
  await create('done', { external_task_id: 'order-7' }, web);
  await create('failing', { prompt: 'to fail' }, web);
  await create('refused', { mode: 'pro', duration: '10' });
  await create('unclear', { video_quality: 'best' }, { 'x-kling-app': 'ads' });
  emulator.addFault({ kind: 'http', status: 503, times: 3, match: { path: '/v1/videos/image2video' } });
  for (let at = 0; at < 3; at += 1) await read(`${dataUrl}/v1/videos/image2video`);
  await until('the tasks have ended', async () => {
    const states = ['done', 'failing', 'unclear'].map(
      async (name) => (await get(`${controlUrl}/v1/tasks/${ids[name]}`)).json,
    );
    return (await Promise.all(states)).every((task) =>
      /"state":"(succeeded|failed)"/.test(JSON.stringify(task)),
    );
  });
  emulator.addFault({ kind: 'reset_before_charge', match: { method: 'POST', path: VIDEOS } });
  void create('lost', {}, { 'x-kling-app': 'bot' }).catch(() => undefined);
  await until('a create is in doubt', async () => {
    const { json } = await get(`${controlUrl}/v1/status`);
    return (json as unknown as { inDoubtHolds: number }).inDoubtHolds === 1;
  });
  const today = new Date().toISOString().slice(0, 10);
  const end = new Date(Date.now() + 86_400_000).toISOString();
  const orders: [string, Record<string, unknown>][] = [
    ['/v1/budgets/daily/raise', { byCredits: 50, until: end }],
    ['/v1/freeze', {}],
    ['/v1/alerts/test', {}],
    ['/v1/alerts/silences', { rule: 'job_failed', for: '2h' }],
    [
      '/v1/exclusions',
      {
        from: `${claim.month}-03T00:00:00Z`,
        to: `${claim.month}-03T01:00:00Z`,
        clause: '1.2(i)',
        source: '公告',
      },
    ],
    [
      '/v1/blame',
      { from: `${today}T00:00:00Z`, to: `${today}T00:30:00Z`, blame: 'local', source: '值班记录' },
    ],
    [`/v1/claims/${claim.month}/draft`, {}],
    [`/v1/claims/${claim.month}/mark`, { state: 'filed', ticket: 'T-1' }],
  ];
  for (const [path, body] of orders) {
    const why = 'source' in body ? {} : { reason: '演练' };
    const { status, json } = await order(started, path, { ...body, ...why, actor: '王芳' });
    expect([path, status, status === 200 ? null : json]).toEqual([path, 200, null]);
  }
  await create('frozen');
  await get(`${controlUrl}/v1/checklist`);
}

const pages = (): string[] => [
  ...NAVIGATION.map(([, path]) => path),
  ...['done', 'failing', 'unclear'].map((name) => `/page/tasks/${ids[name]}`),
  ...['app', 'model', 'operation', 'mode', 'tag'].map((key) => `/page/spending?by=${key}`),
  '/page/tasks?search=boat',
  '/page/calls?kind=refused',
  '/page/calls?kind=would-refuse',
  '/page/calls?failed=true',
  '/page/holds?inDoubt=true',
  '/page/holds?state=held',
  `/page/availability?month=${claim.month}`,
  `/page/claims/${claim.month}`,
  '/page/alerts?rule=job_failed',
  '/page/tasks/871',
  '/page/nowhere',
  '/page/spending?month=yesterday',
];

describe('the pages in Chinese', () => {
  it('are Chinese, but for names, values and what says that it is English', async () => {
    await gatherValues();
    const found: string[] = [];
    const english = new Set<string>();
    const length = { page: 0, english: 0, letter: 0, code: 0 };
    for (const path of pages()) {
      for (const { text, kind } of await seenOn(path)) {
        length[kind] += text.length;
        if (kind === 'english') english.add(text);
        if (kind !== 'page') continue;
        for (const run of values.latinIn(text)) found.push(`${path}: ${run} in “${text.slice(0, 100)}”`);
      }
    }
    expect(found).toEqual([]);
    // The link to the English page, and Kling's own text of an amount.
    expect([...english]).toEqual(['English', '1 video']);
    expect(length.english / length.page).toBeLessThan(0.01);
    expect(length.page).toBeGreaterThan(20_000);
  });

  it('are Chinese in observe mode too, while creates fail, wait and are frozen', async () => {
    const other = await startApp({
      config: {
        mode: 'observe',
        budgets: [{ name: 'small', credits: 5, window: 'hour' }],
        limits: { concurrency: { video: 1 } },
      },
    });
    try {
      const { dataUrl, controlUrl, emulator } = other;
      const create = (body: Record<string, unknown> = {}) =>
        post(dataUrl + VIDEOS, anotherVideo(body), { 'x-kling-app': 'web' });
      await create();
      emulator.addFault({
        kind: 'http',
        status: 503,
        times: 'always',
        match: { method: 'POST', path: VIDEOS },
      });
      const failing = Array.from({ length: 6 }, () => create().catch(() => undefined));
      await until('a create would have been refused', async () => {
        const { json } = await get(`${controlUrl}/v1/status`);
        return (json as unknown as { wouldHave: unknown[] }).wouldHave.length > 1;
      });
      await order(other, '/v1/freeze', { reason: '演练', actor: '王芳' });
      const found: string[] = [];
      for (const list of ['status', 'tasks', 'calls', 'holds', 'alerts', 'config'])
        values.keep((await get(`${controlUrl}/v1/${list}`)).json);
      for (const path of [
        '/',
        '/page/queue',
        '/page/holds',
        '/page/calls?kind=would-refuse',
        '/page/alerts',
      ]) {
        const { text } = await read(controlUrl + path, { ...TYPED, 'accept-language': 'zh' });
        for (const { text: seen, kind } of seenIn(text)) {
          if (kind === 'english' && seen !== 'English') found.push(`${path}: English “${seen}”`);
          if (kind === 'page')
            for (const run of values.latinIn(seen)) found.push(`${path}: ${run} in “${seen}”`);
        }
      }
      expect(found).toEqual([]);
      void Promise.all(failing);
    } finally {
      await other.stop();
    }
  });

  it('find a text that is not Chinese: the search itself works', () => {
    expect(values.latinIn('任务 succeeded')).toEqual(['succeeded']);
    expect(values.latinIn('sidecar 使用 limits.queueWaitMsMax')).toEqual([]);
    const html = '<p title="a title">中文 <b>bold</b><code>code</code><i lang="en">said</i></p>';
    expect(seenIn(html)).toEqual([
      { text: 'a title', kind: 'page' },
      { text: '中文', kind: 'page' },
      { text: 'bold', kind: 'page' },
      { text: 'code', kind: 'code' },
      { text: 'said', kind: 'english' },
    ]);
  });
});

async function seenOn(path: string): Promise<SeenText[]> {
  const headers = { ...TYPED, 'accept-language': 'zh-CN', authorization: `Bearer ${started.token}` };
  const { text } = await read(started.controlUrl + path, headers);
  expect(text).toContain('<html lang="zh">');
  return seenIn(text);
}

/** Reads the values of the API that pages show as they are. */
async function gatherValues(): Promise<void> {
  const paths = [
    '/v1/status',
    '/v1/tasks',
    '/v1/calls',
    '/v1/calls?kind=refused',
    '/v1/holds',
    '/v1/alerts',
    '/v1/audit',
    '/v1/claims',
    '/v1/packs',
    '/v1/config',
    `/v1/claims/${claim.month}/letters`,
    `/v1/claims/${claim.month}`,
    ...['done', 'failing', 'unclear'].map((name) => `/v1/tasks/${ids[name]}`),
  ];
  for (const path of paths) {
    const { json } = await get(started.controlUrl + path, { authorization: `Bearer ${started.token}` });
    values.keep(json);
  }
}
