/** Now, Spending and Holds over a real app: each number leads to the rows that make it. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { anotherVideo, get, post } from '../app/calls.ts';
import { startApp, type StartedApp } from '../app/start-app.ts';
import { TYPED, opened, read, textOf, unescaped } from './reader.ts';
import { playScene, type Scene } from './scene.ts';

let scene: Scene;
let started: StartedApp;
beforeAll(async () => {
  scene = await playScene();
  ({ started } = scene);
});
afterAll(() => scene.stop());

const open = (path: string): Promise<string> => opened(started, path);

interface Hold {
  credits: number;
  settledCredits: number;
  slots: number;
  state: string;
  inDoubt: boolean;
}

interface Chart {
  labels: string[];
  limits: { label: string; values: (number | null)[] }[];
}

/** The data of a page's charts. */
const charts = (html: string): Chart[] =>
  [...html.matchAll(/data-chart="([^"]*)"/g)].map(([, data = '']) => JSON.parse(unescaped(data)) as Chart);

const decoded = (href: string): URL => new URL(unescaped(href), started.controlUrl);

/** Asks the API what a page's link asks for. */
async function rows(href: string): Promise<Record<string, unknown[]>> {
  const url = decoded(href);
  for (const kept of ['lang', 'zone']) url.searchParams.delete(kept);
  url.searchParams.set('limit', '1000');
  const path = url.pathname.replace('/page/', '/v1/') + url.search;
  const { status, json } = await get(started.controlUrl + path);
  expect([path, status]).toEqual([path, 200]);
  return json as unknown as Record<string, unknown[]>;
}

async function holdsOf(href: string): Promise<Hold[]> {
  return (await rows(href))['holds'] as Hold[];
}

const sum = (holds: readonly Hold[], of: (hold: Hold) => number): number =>
  holds.reduce((all, hold) => all + of(hold), 0);

/** What a hold takes of its budgets. */
const usedOf = ({ state, credits, settledCredits }: Hold): number =>
  state === 'held' ? credits : settledCredits;

/** The cells of each row of a table's body or foot: text, and the address that it leads to. */
function cellsOf(html: string, id: string): { text: string; href: string | null }[][] {
  const [, section = ''] = new RegExp(`<section id="${id}".*?>(.*?)</section>`, 's').exec(html) ?? [];
  return [...section.matchAll(/<tr>(.*?)<\/tr>/gs)].map(([, row = '']) =>
    [...row.matchAll(/<td[^>]*>(.*?)<\/td>/gs)].map(([, cell = '']) => ({
      text: textOf(cell).trim(),
      href: /href="([^"]*)"/.exec(cell)?.[1] ?? null,
    })),
  );
}

const numberOf = (text: string): number => Number(text.replaceAll(',', ''));

describe('the page Spending', () => {
  it('leads from each number to the creates that make it, by every key, in another zone too', async () => {
    let seen = 0;
    for (const zone of ['UTC', 'Asia/Shanghai', 'America/Los_Angeles']) {
      for (const by of ['day', 'app', 'model', 'operation', 'mode', 'tag']) {
        for (const month of ['2026-11', '2026-12']) {
          const html = await open(`/page/spending?month=${month}&by=${by}&zone=${zone}`);
          for (const row of cellsOf(html, 'sums')) {
            const [name, creates, estimated, settled, difference, held, total] = row;
            if (!name || !creates || !estimated || !settled || !difference || !held || !total) continue;
            const check = async (
              { text, href }: { text: string; href: string | null },
              of: (hold: Hold) => number,
            ): Promise<void> => {
              const holds = href === null ? [] : await holdsOf(href);
              expect([zone, by, name.text, numberOf(text)]).toEqual([zone, by, name.text, sum(holds, of)]);
              seen += holds.length;
            };
            await check(creates, () => 1);
            await check(estimated, ({ credits }) => credits);
            await check(settled, ({ settledCredits }) => settledCredits);
            await check(held, ({ credits }) => credits);
            await check(total, usedOf);
            await check(difference, ({ credits, settledCredits }) => settledCredits - credits);
            const gap = numberOf(settled.text) - numberOf(estimated.text);
            expect(numberOf(difference.text)).toBe(gap);
            if (name.href === null) continue;
            const { tasks = [] } = await rows(name.href);
            expect(tasks.length).toBeLessThanOrEqual(numberOf(creates.text));
            // The create in doubt has no task yet.
            expect(tasks.length).toBeGreaterThanOrEqual(numberOf(creates.text) - 1);
          }
        }
      }
    }
    expect(seen).toBeGreaterThan(200);
  });

  it('shows the limits of budgets that match every create in the zone of the page, and leads to the zones of others', async () => {
    const utc = await open('/page/spending?month=2026-11');
    expect(charts(utc).map(({ limits }) => limits)).toEqual([[], []]);
    expect(charts(utc)[0]?.labels).toHaveLength(30);
    expect(textOf(utc)).toContain('The limit of month, 4,000 credits, is far above the bars');
    expect(utc).toContain('zone=Asia%2FShanghai');
    const shanghai = await open('/page/spending?month=2026-11&zone=Asia/Shanghai');
    expect(charts(shanghai).map(({ limits }) => limits)).toEqual([
      [{ label: 'daily', values: [...Array.from({ length: 29 }, () => null), 120] }],
    ]);
    expect(textOf(shanghai)).toContain('Dashed: the limit of daily, 120 credits');
    // A budget for one app, or for each tag, is no limit of the whole.
    expect(textOf(shanghai)).not.toMatch(/limit of (web|by tag)/);
  });

  it('says which zone it shows, if the address names none that there is', async () => {
    const html = textOf(await open('/page/spending?zone=Mars/Olympus'));
    expect(html).toContain('“Mars/Olympus” is no time zone such as Asia/Shanghai: this is shown in UTC.');
    expect(textOf(await open('/page/spending?month=2027-01&lang=zh'))).toContain('本月没有消费');
  });

  it('has every number of its table in the CSV, in the same order', async () => {
    const query = 'month=2026-11&by=tag&zone=Asia/Shanghai';
    const shown = cellsOf(await open(`/page/spending?${query}`), 'sums').filter((row) => row.length > 0);
    const { text } = await read(`${started.controlUrl}/page/spending.csv?${query}`, TYPED);
    const lines = text.trim().split('\r\n').slice(1);
    expect(lines.map((line) => line.split(',')[0])).toEqual(
      shown.slice(0, -1).map(([name]) => (name?.text === '–' ? '' : name?.text)),
    );
    for (const [place, line] of lines.entries()) {
      const [, creates, settled, held, , , , estimated, difference, total] = line.split(',').map(Number);
      const cells = shown[place]?.slice(1, 7).map((cell) => numberOf(cell.text));
      expect(cells).toEqual([creates, estimated, settled, difference, held, total]);
    }
  });
});

describe('the page Now', () => {
  it('leads from each number of a budget to the holds of its window', async () => {
    const html = await open('/');
    const [, list = ''] = /<ul class="budgets">(.*?)<\/ul>/s.exec(html) ?? [];
    const found: Record<string, number> = {};
    for (const [, budget = ''] of list.matchAll(/<li[^>]*>(.*?)<\/li>/gs)) {
      for (const [, label = '', value = ''] of budget.matchAll(/<dt>(.*?)<\/dt><dd>(.*?)<\/dd>/gs)) {
        const href = /href="([^"]*)"/.exec(value)?.[1];
        if (href === undefined) continue;
        const holds = await holdsOf(href);
        const shown = textOf(value).trim();
        const limit = numberOf(/ of ([\d,.]+) credits/.exec(textOf(budget))?.[1] ?? '');
        const credits = {
          settled: sum(holds, ({ settledCredits }) => settledCredits),
          left: limit - sum(holds, usedOf),
          Cost: sum(holds, usedOf) * 0.014,
        }[label];
        const number = label === 'Cost' ? Number(shown.slice(1).split(' ', 1)[0]) : numberOf(shown);
        expect([budget, label, number]).toEqual([
          budget,
          label,
          expect.closeTo(credits ?? sum(holds, (hold) => hold.credits), label === 'Cost' ? 2 : 6),
        ]);
        found[label] = (found[label] ?? 0) + 1;
      }
    }
    // Budgets of the whole, of each tag, of creates without one, and of one app.
    expect(found).toEqual({ settled: 5, held: 4, 'in doubt': 3, left: 6, Cost: 6 });
  });

  it('leads from the calls of the last hour, slots and open tasks to these calls, holds and tasks', async () => {
    const html = await open('/');
    const outcomes = cellsOf(html, 'hour').filter((row) => row.length > 0);
    expect(outcomes.map(([name]) => name?.text)).toEqual(expect.arrayContaining(['ok', 'no_answer']));
    for (const [, calls] of outcomes) {
      const { calls: listed = [] } = await rows(calls?.href ?? '');
      expect(listed).toHaveLength(numberOf(calls?.text ?? ''));
    }
    const pools = cellsOf(html, 'slots').filter((row) => row.length > 0);
    expect(pools.map(([pool]) => pool?.text)).toEqual(expect.arrayContaining(['video', 'kling-v1']));
    for (const [pool, inUse] of pools) {
      const holds = inUse?.href == null ? [] : await holdsOf(inUse.href);
      expect([pool?.text, sum(holds, ({ slots }) => slots)]).toEqual([
        pool?.text,
        numberOf(inUse?.text ?? ''),
      ]);
      expect(holds.every(({ state }) => state === 'held')).toBe(true);
    }
    // The task that runs, and the create in doubt.
    expect(pools[0]?.[1]?.text).toBe('2');
    const [open_] = cellsOf(html, 'open-tasks').filter((row) => row.length > 0);
    expect(open_?.map(({ text }) => text)).toContain('1');
    for (const { text, href } of open_ ?? []) {
      if (href === null) continue;
      const { tasks = [] } = await rows(href);
      expect(tasks).toHaveLength(numberOf(text));
    }
  });

  it('says what Kling answered last, when a budget resets in its own zone, and what it has cost', async () => {
    const text = textOf(await open('/'));
    expect(text).toMatch(/Last answer of Kling \d\d:\d\d:\d\d · HTTP \d{3}/);
    expect(text).toContain('resets 2026-12-02 00:00:00 Asia/Shanghai');
    expect(text).toContain('resets 2026-12-01 00:00:00 ');
    expect(text).toMatch(/Cost \$0\.\d\d of \$1\.68/);
    expect(text).toContain('counts only app web');
  });
});

it('shows the most used rows of a budget per tag, and all of them when asked', async () => {
  const own = await startApp({
    config: {
      mode: 'observe',
      budgets: [{ name: 'by tag', credits: 500, window: 'day', per: 'tag' }],
    },
    emulator: { concurrency: { video: 20 } },
  });
  try {
    for (let tag = 0; tag < 9; tag += 1) {
      const body = anotherVideo(tag === 8 ? { mode: 'pro' } : {});
      await post(`${own.dataUrl}/v1/videos/text2video`, body, { 'x-kling-tag': `t${tag}` });
    }
    const gauges = (html: string): string[] =>
      [...html.matchAll(/<h3>(.*?)<span/g)].map(([, name = '']) => textOf(name).trim());
    const { text } = await read(`${own.controlUrl}/`, TYPED);
    expect(gauges(text)).toHaveLength(6);
    expect(gauges(text)).toContain('by tag (t8)');
    const [, href = ''] = /href="([^"]*)">3 more rows of by tag/.exec(text) ?? [];
    const all = await read(own.controlUrl + unescaped(href), TYPED);
    expect(gauges(all.text)).toHaveLength(9);
  } finally {
    await own.stop();
  }
});
