/** The page *Checklist*: a real app, and a real process that judges it. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { ChecklistAnswer } from '../../src/control/checklist-schemas.ts';
import { get, until } from '../app/calls.ts';
import { startApp, type StartedApp } from '../app/start-app.ts';
import { followPage, read, textOf, TYPED } from './reader.ts';

let started: StartedApp;
beforeAll(async () => {
  started = await startApp({ judges: true, config: { environment: 'staging' } });
});
afterAll(() => started.stop());

const open = (query = '', language = 'en') =>
  read(`${started.controlUrl}/page/checklist${query}`, { ...TYPED, 'accept-language': language });
const answer = async (query: string): Promise<ChecklistAnswer> =>
  (await get(`${started.controlUrl}/v1/checklist${query}`)).json as unknown as ChecklistAnswer;

it('is not judged for a visit that another site began, nor for an open page', async () => {
  const path = `${started.controlUrl}/page/checklist?since=${Date.now() - 1}`;
  for (const site of ['cross-site', 'same-site']) {
    const visit = { ...TYPED, 'sec-fetch-site': site };
    const { status, text } = await read(path, visit);
    expect([site, status, textOf(text).includes('Nobody has had it judged')]).toEqual([site, 200, true]);
    expect(text).toContain('<a href="/page/checklist">Judge now</a>');
  }
  const live = await followPage(
    `${started.controlUrl}/page/live?at=${encodeURIComponent('/page/checklist')}`,
  );
  await until('it is renewed', () => live.events().find(({ id }) => id === 'state'));
  live.close();
  expect(await answer('?begin=false')).toMatchObject({ isJudging: false, startedAt: null, judged: null });
});

it('is judged for its first reader, and shows the verdicts by itself', async () => {
  const first = textOf((await open()).text);
  expect(first).toContain('It is being judged now');
  expect(first).not.toContain('Judge again');
  const live = await followPage(`${started.controlUrl}/page/live?at=/page/checklist`);
  const shown = await until('the verdicts are shown', () =>
    live.events().find(({ id, html }) => id === 'state' && html.includes('Judge again')),
  );
  live.close();
  expect(textOf(shown.html)).toMatch(/Verdicts \d+ ok , \d+ warn , \d+ FAIL , \d+ not ours/);
  const { judged, isJudging, problem } = await answer('?since=0');
  expect([isJudging, problem]).toEqual([false, null]);
  expect(judged?.environment).toBe('staging');
  // It was judged beside this very sidecar, whose port the system chose.
  expect(judged?.checks).toContainEqual(
    expect.objectContaining({
      name: 'sidecar',
      finding: expect.stringContaining(started.controlUrl) as string,
    }),
  );
  const page = textOf((await open()).text);
  for (const { line, reason } of judged?.lines ?? []) expect(page).toContain(`${line} ${reason}`);
  for (const { name, finding } of judged?.checks ?? []) expect(page).toContain(`${name} ${finding}`);
});

it('leads to newer verdicts by an address that is judged once', async () => {
  const { startedAt } = await answer('?since=0');
  const { text } = await open('?level=warn');
  expect(text).toContain(`href="/page/checklist?since=${Date.parse(startedAt ?? '') + 1}&amp;level=warn"`);
});

it('shows the lines with one verdict, and each count leads to its lines', async () => {
  const { judged } = await answer('?since=0');
  const { text } = await open();
  for (const level of ['ok', 'warn', 'not+ours'])
    expect(text).toContain(`href="/page/checklist?level=${level}"`);
  const page = textOf((await open('?level=warn')).text);
  for (const { line, level } of judged?.lines ?? [])
    expect([line, page.includes(line)]).toEqual([line, level === 'warn']);
  expect(textOf((await open('?level=fail', 'zh')).text)).toContain('没有条目是这个结论。');
});

it('refuses an instant in the future, and says where else it is judged', async () => {
  const later = await open('?since=32503680000000');
  expect([later.status, textOf(later.text).includes('since is in the future')]).toEqual([400, true]);
  const other = await startApp();
  const page = await read(`${other.controlUrl}/page/checklist`, TYPED);
  expect([page.status, textOf(page.text).includes('kling-sidecar doctor --checklist does')]).toEqual([
    503,
    true,
  ]);
  await other.stop();
});
