/**
 * Every number of credits, money or rows on every page is in a link, and the rows behind each link make it.
 *
 * A number that leads nowhere is named here with its reason.
 */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { NAVIGATION } from '../../src/page/layout.ts';
import { lastMonth } from '../../src/cli/demo-claim.ts';
import { get } from '../app/calls.ts';
import { draftLastMonth, order } from '../app/claim-month.ts';
import { whileMoving } from '../money/hand-clock.ts';
import { numbersOf, type ShownNumber } from './numbers.ts';
import { read, TYPED } from './reader.ts';
import { playScene, type Scene } from './scene.ts';

const OWN = 'it is a value of its own row, whose rows are this one';
const TIME = 'it is a time or a duration, not a number of rows, credits or money';
const NAME = 'it is a name, an address or a version';

/** By page and place: why a number is in no link. */
const WITHOUT_LINK: readonly [path: RegExp, place: RegExp, why: string][] = [
  [/^\/$/, /^state: (Kling|Version)$/, NAME],
  [/^\/$/, /^state: (Running for|Kling’s clock less ours)$/, TIME],
  [/^\/$/, /^budgets: .*resets \d{4}-/, TIME],
  [/^\/$/, /^hour: Counted since /, TIME],
  [/^\/page\/tasks$/, /^tasks: (Held|Settled)$/, OWN],
  [/^\/page\/tasks\/\d+/, /^(task|money|life|results): /, OWN],
  [/^\/page\/calls/, /^calls: (Attempt|Time at Kling|Time in the sidecar|Credits)$/, OWN],
  [/^\/page\/tasks\/\d+/, /^calls: (Attempt|Time at Kling|Time in the sidecar)$/, OWN],
  [/^\/page\/calls/, /^routes: Calls from /, TIME],
  [/^\/page\/holds/, /^holds: (credits|Settled|Slots)$/, OWN],
  [/^\/page\/(availability|claims)/, /^(sum|month): Committed$/, 'it is the agreement’s own number'],
  [/^\/page\/availability/, /^gaps: Windows$/, 'no sidecar ran, so there are no calls'],
  [/^\/page\/config/, /^config: (File|Read at|Shown)$/, 'it is about the table below it'],
  [/^\/page\/claims/, /^(month|claim): (To be filed|Working days|Filing|Changed)$/, TIME],
  [/^\/page\/claims/, /^claim: (Ticket|Folder)$/, NAME],
  [/^\/page\/claims/, /^letters: /, 'it is the letter as it will be sent'],
  [/^\/page\/claims/, /^files: Bytes$/, OWN],
];

interface Row {
  credits?: number;
  settledCredits?: number;
  slots?: number;
  state?: string;
}

const sum = (rows: readonly Row[], of: (row: Row) => number | undefined): number =>
  rows.reduce((all, row) => all + (of(row) ?? 0), 0);
const used = ({ state, credits, settledCredits }: Row): number | undefined =>
  state === 'held' ? credits : settledCredits;

/** How the rows of a list make the number of a place. Elsewhere they are counted. */
const MADE_BY: readonly [place: RegExp, of: (rows: readonly Row[]) => number][] = [
  [/^budgets: settled$/, (rows) => sum(rows, ({ settledCredits }) => settledCredits)],
  [/^budgets: (held|in doubt)$/, (rows) => sum(rows, ({ credits }) => credits)],
  [/^sums: (Estimated|Held)$/, (rows) => sum(rows, ({ credits }) => credits)],
  [/^sums: Settled$/, (rows) => sum(rows, ({ settledCredits }) => settledCredits)],
  [/^sums: Difference$/, (rows) => sum(rows, (row) => (row.settledCredits ?? 0) - (row.credits ?? 0))],
  [/^sums: Total$/, (rows) => sum(rows, used)],
  [/^slots: Ours$/, (rows) => sum(rows, ({ slots }) => slots)],
];

/** Numbers that are links to rows that are alike, or that follow from the rows and another number. */
const NOT_COUNTED = [
  /^calls: (Status|Code)$/,
  /^budgets: left$/,
  // Its cells of a limit lead to what says it.
  /^slots: (Limit|Waiting)$/,
];

let scene: Scene;
let pages: string[];
beforeAll(async () => {
  const month = lastMonth(Date.UTC(2026, 10, 30, 16));
  const fees = { [month]: { amount: '1200', currency: 'USD', source: 'INV-7' } };
  scene = await playScene({ creates: { maxCreditsEach: 50 }, claims: { fees } });
  const { started, clock, create } = scene;
  await create({ app: 'web', mode: 'pro' }, { duration: '10' });
  // Imports go on by the clock; a look-up of the doubt must not be due.
  const moving = <T>(done: Promise<T>): Promise<T> => whileMoving(clock, done, 1);
  const claim = await moving(draftLastMonth(started, clock.now()));
  const ordered = (path: string, body: Record<string, unknown>) => moving(order(started, path, body));
  const until = new Date(clock.now() + 86_400_000).toISOString();
  await ordered('/v1/budgets/daily/raise', { byCredits: 10, until, reason: 'more' });
  await ordered(`/v1/claims/${claim.month}/mark`, { state: 'filed', reason: 'sent', ticket: 'T-9' });
  const hour = 3_600_000;
  const span = (from: number) => ({
    from: new Date(claim.outageAt + from).toISOString(),
    to: new Date(claim.outageAt + from + 600_000).toISOString(),
  });
  await ordered('/v1/exclusions', { ...span(0), clause: '2.2(i)', source: 'announced', actor: 'ann' });
  await ordered('/v1/blame', { ...span(hour), blame: 'local', source: 'our firewall', actor: 'ann' });
  const { json } = await get(`${started.controlUrl}/v1/tasks`);
  const { tasks } = json as unknown as { tasks: { id: string }[] };
  pages = [
    // A process of its own judges the checklist: checklist.test.ts follows its numbers.
    ...NAVIGATION.flatMap(([name, path]) => (name === 'checklist' ? [] : [path])),
    ...tasks.map(({ id }) => `/page/tasks/${id}`),
    ...['app', 'tag', 'model'].map((by) => `/page/spending?by=${by}&zone=Asia/Shanghai`),
    `/page/availability?month=${claim.month}`,
    `/page/claims/${claim.month}`,
    '/page/holds?pool=video',
    '/page/calls?kind=refused',
  ];
});
afterAll(() => scene.stop());

async function numbersOn(path: string): Promise<ShownNumber[]> {
  const { started } = scene;
  const { status, text } = await read(started.controlUrl + path, {
    ...TYPED,
    authorization: `Bearer ${started.token}`,
  });
  expect([path, status]).toEqual([path, 200]);
  return numbersOf(text);
}

it('shows no number that leads nowhere, but for those that are named', async () => {
  const named = new Set<RegExp>();
  let linked = 0;
  for (const path of pages) {
    for (const { place, text, href } of await numbersOn(path)) {
      if (href !== null) linked += 1;
      // Nothing has no rows.
      if (href !== null || !/[1-9]/.test(text)) continue;
      const exception = WITHOUT_LINK.find(([page, places]) => page.test(path) && places.test(place));
      expect([path, place, text, exception?.[2]]).toEqual([path, place, text, expect.any(String)]);
      if (exception) named.add(exception[1]);
    }
  }
  expect(linked).toBeGreaterThan(200);
  // An exception that nothing needs any more hides the next number without a link.
  expect(WITHOUT_LINK.filter(([, place]) => !named.has(place)).map(([, place]) => place)).toEqual([]);
});

it('leads from each number to the rows that make it', async () => {
  const { started } = scene;
  let checked = 0;
  const places = new Set<string>();
  for (const path of pages) {
    for (const { place, text, href } of await numbersOn(path)) {
      if (href === null || !/^[+-]?[\d,]+(\.\d+)?$/.test(text)) continue;
      const url = new URL(href, started.controlUrl);
      if (!/^\/page\/(calls|tasks|holds)$/.test(url.pathname) || NOT_COUNTED.some((not) => not.test(place)))
        continue;
      for (const kept of ['lang', 'zone']) url.searchParams.delete(kept);
      url.searchParams.set('limit', '1000');
      const asked = url.pathname.replace('/page/', '/v1/') + url.search;
      const { status, json } = await get(started.controlUrl + asked);
      const list = json as unknown as Record<string, Row[]>;
      const rows = list[url.pathname.slice('/page/'.length)] ?? [];
      const of = MADE_BY.find(([places_]) => places_.test(place))?.[1] ?? ((all) => all.length);
      const number = Number(text.replaceAll(',', ''));
      expect([path, place, asked, status, of(rows)]).toEqual([
        path,
        place,
        asked,
        200,
        expect.closeTo(number, 6),
      ]);
      checked += 1;
      places.add(place);
    }
  }
  expect(checked).toBeGreaterThan(100);
  expect(places.size).toBeGreaterThan(25);
});

it('leads to parts of pages that there are', async () => {
  const { started } = scene;
  const parts = new Set<string>();
  for (const path of pages) {
    for (const { href } of await numbersOn(path)) {
      if (href?.includes('#') === true) parts.add(new URL(href, started.controlUrl + path).href);
    }
  }
  expect(parts.size).toBeGreaterThan(3);
  for (const address of parts) {
    const { pathname, search, hash } = new URL(address);
    const { text } = await read(started.controlUrl + pathname + search, TYPED);
    expect([address, text.includes(`id="${hash.slice(1)}"`)]).toEqual([address, true]);
  }
});
