/** The pages of tasks and calls: the search, one task's money, and numbers that link to the rows that make them. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { anotherVideo, get, post, until } from '../app/calls.ts';
import { startApp, type StartedApp } from '../app/start-app.ts';
import { followPage, read, textOf, TYPED } from './reader.ts';

let started: StartedApp;
const ids: Record<string, string> = {};
beforeAll(async () => {
  started = await startApp({
    config: {
      budgets: [{ name: 'daily', credits: 200, window: 'day' }],
      creates: { maxCreditsEach: 50 },
    },
  });
  started.emulator.addFault({
    kind: 'fail_task',
    message: 'risk control',
    match: { bodyIncludes: 'to fail' },
  });
  const create = async (
    name: string,
    body: Record<string, unknown>,
    headers: Record<string, string> = {},
  ) => {
    const made = await post(`${started.dataUrl}/v1/videos/text2video`, anotherVideo(body), headers);
    ids[name] = String(made.json.data?.['task_id']);
    return made;
  };
  await create('blue', { external_task_id: 'order-7' }, { 'x-kling-app': 'web', 'x-kling-tag': 'blue' });
  await create('cat', { prompt: 'A Cat on a <b>red</b> roof' }, { 'x-kling-app': 'ads' });
  await create('failing', { prompt: 'to fail' });
  await create('refused', { mode: 'pro', duration: '10' });
  await create('unclear', { video_quality: 'best' });
  started.emulator.addFault({
    kind: 'http',
    status: 503,
    times: 'always',
    match: { path: '/v1/videos/image2video' },
  });
  expect((await read(`${started.dataUrl}/v1/videos/image2video`)).status).toBe(503);
  const open = ['blue', 'cat', 'failing', 'unclear'].map((name) => ids[name] ?? '');
  await until('all tasks have ended', async () => {
    const states = await Promise.all(open.map((id) => get(`${started.controlUrl}/v1/tasks/${id}`)));
    return states.every(({ json }) =>
      ['succeeded', 'failed'].includes((json as unknown as { state: string }).state),
    );
  });
});
afterAll(() => started.stop());

const open = (path: string) => read(started.controlUrl + path, TYPED);
/** Gives the ids of the tasks that a page lists, the newest first. */
async function listed(query: string): Promise<string[]> {
  const { text } = await open(`/page/tasks?${query}`);
  const rows = [...text.matchAll(/<tr><td[^>]*><a href="\/page\/tasks\/(\d+)/g)];
  return rows.map(([, id = '']) => Object.keys(ids).find((name) => ids[name] === id) ?? id);
}
const section = (html: string, id: string): string =>
  new RegExp(`<section id="${id}".*?</section>`, 's').exec(html)?.[0] ?? '';

describe('the page Tasks', () => {
  it('finds a task by its ids, its app, its tag and words of its prompt', async () => {
    expect(await listed('')).toEqual(['unclear', 'failing', 'cat', 'blue']);
    expect(await listed(`search=${ids['cat']}`)).toEqual(['cat']);
    expect(await listed('search=order-7')).toEqual(['blue']);
    expect(await listed('search=web')).toEqual(['blue']);
    expect(await listed('search=blue')).toEqual(['blue']);
    expect(await listed('search=cat+ON')).toEqual(['cat']);
    expect(await listed('search=nothing+like+this')).toEqual([]);
    expect(await listed('tag=-&state=failed')).toEqual(['failing']);
  });

  it('shows the beginning of each prompt as text, and its filters in the form', async () => {
    const { text } = await open('/page/tasks?app=ads&mode=std');
    expect(textOf(text)).toContain('A Cat on a <b>red</b> roof');
    expect(text).not.toContain('<b>red</b>');
    expect(text).toContain('<option value="std" selected="">std</option>');
    expect(text).toContain('href="/page/tasks">Without filters</a>');
  });
});

describe('the page of a task', () => {
  const page = async (name: string) => (await open(`/page/tasks/${ids[name]}`)).text;

  it('shows its price, the rule behind it, and where its deduction comes from', async () => {
    const money = textOf(section(await page('blue'), 'money'));
    expect(money).toContain('Held at the create 10 credits');
    expect(money).toMatch(/Rule kling-v1 std: 2 credits a second, 5 s \(.*, 20\d\d-\d\d-\d\d\)/);
    expect(money).toContain('exact: the price that Kling published');
    expect(money).toContain('Settled 10 credits More or less than held 0 credits');
    expect(money).toMatch(/Where the amount comes from Kling’s answer to a (poll|read)/);
    expect(money).toContain('Kling’s ledgers have no row for it');
  });

  it('says what was unsure about a price, and that a failed task cost nothing', async () => {
    expect(textOf(section(await page('unclear'), 'money'))).toContain(
      'the field video_quality is not documented',
    );
    const failed = textOf(section(await page('failing'), 'money'));
    expect(failed).toContain('nothing was spent In Kling’s words, or the operator’s risk control');
    expect(failed).toContain('More or less than held -10 credits');
  });

  it('lists the sends of its create, and links to its reads', async () => {
    const calls = section(await page('cat'), 'calls');
    expect(textOf(calls)).toContain('POST /v1/videos/text2video ads – 1 200 0 ok');
    const [, reads = ''] = /href="(\/page\/calls\?from=[^"]*)"/.exec(calls) ?? [];
    expect(textOf((await open(reads.replaceAll('&amp;', '&'))).text)).toContain('GET /');
  });
});

describe('the page Calls', () => {
  /** Asks the API for the rows behind a link of the page. */
  async function rowsBehind(href: string): Promise<number> {
    const { searchParams } = new URL(href.replaceAll('&amp;', '&'), started.controlUrl);
    const { json } = await get(`${started.controlUrl}/v1/calls?${searchParams.toString()}&limit=1000`);
    return (json as unknown as { calls: unknown[] }).calls.length;
  }

  it('sums each route, and every number links to just the rows that make it', async () => {
    const routes = section((await open('/page/calls')).text, 'routes');
    const rows = [...routes.matchAll(/<tr>(<td.*?)<\/tr>/gs)].map(([, row = '']) => row);
    expect(rows.length).toBeGreaterThanOrEqual(3);
    let failed = 0;
    for (const row of rows) {
      const cells = [...row.matchAll(/<td[^>]*>(.*?)<\/td>/gs)].map(([, cell = '']) => cell);
      expect(cells).toHaveLength(12);
      const calls = Number(textOf(cells[1] ?? ''));
      for (const [at, cell] of cells.entries()) {
        const href = /href="([^"]+)"/.exec(cell)?.[1];
        const isCount = [1, 2, 4, 5, 6].includes(at);
        if (href === undefined)
          expect([isCount, textOf(cell).trim()].join(' ')).toMatch(/^true 0$|^false (0%|–)$/);
        else if (isCount) expect(await rowsBehind(href)).toBe(Number(textOf(cell)));
        else if (at !== 3) expect(await rowsBehind(href)).toBe(calls);
      }
      failed += Number(textOf(cells[2] ?? ''));
    }
    expect(failed).toBeGreaterThan(0);
  });

  it('narrows each kind by its own filters, and links a reason to all refusals with it', async () => {
    const failed = section((await open('/page/calls?failed=true')).text, 'calls');
    expect(textOf(failed)).toContain('GET /v1/videos/image2video default – 1 503');
    expect(textOf(failed)).not.toContain('text2video');
    const refused = await open('/page/calls?kind=refused&failed=true&word=task_too_expensive');
    expect([refused.status, textOf(section(refused.text, 'calls')).includes('task_too_expensive')]).toEqual([
      200,
      true,
    ]);
    expect(refused.text).toContain('href="/page/calls?kind=refused&amp;word=task_too_expensive"');
    expect(refused.text).not.toContain('id="routes"');
    const none = await open('/page/calls?kind=refused&word=spending_frozen');
    expect(textOf(none.text)).toContain('The sidecar refused no request that matches.');
  });

  it('is renewed without its sums, which are dear', async () => {
    const live = await followPage(`${started.controlUrl}/page/live?at=${encodeURIComponent('/page/calls')}`, {
      'sec-fetch-site': 'same-origin',
    });
    await until('the list is sent', () => live.events().some(({ id }) => id === 'calls'));
    expect(live.events().map(({ id }) => id)).not.toContain('routes');
    live.close();
  });
});
