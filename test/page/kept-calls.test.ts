/** Once old calls are dropped, the pages say so where a number has no rows any more. */
import { afterEach, expect, it } from 'vitest';
import { createManualClock } from '../../src/clock.ts';
import { post } from '../app/calls.ts';
import { startApp, type StartedApp } from '../app/start-app.ts';
import { opened, textOf } from './reader.ts';

const DAY_MS = 86_400_000;
const START = Date.parse('2026-11-27T10:00:00Z');
const CONFIG = { tasks: { poll: false }, account: { poll: false }, store: { callRetentionDays: 100 } };

let started: StartedApp;
afterEach(() => started.stop());

const open = (path: string): Promise<string> => opened(started, path);

it('says from when on calls are kept, and for how many days, where older ones were asked for', async () => {
  started = await startApp({ clock: createManualClock(START), config: CONFIG });
  await started.app.runDue();
  const lines = [200, 10].map((days) => ({
    text: JSON.stringify({
      time: new Date(START - days * DAY_MS).toISOString(),
      method: 'GET',
      path: '/v1/videos/text2video/1',
      status: 503,
    }),
    repeat: 0,
  }));
  const body = { run: 'r', file: 'f', source: 's', host: 'api-singapore.klingai.com', isLast: true, lines };
  const order = { authorization: `Bearer ${started.token}` };
  expect((await post(`${started.controlUrl}/v1/import`, body, order)).json).toMatchObject({ imported: 2 });
  const old = '/page/availability?month=2026-05';
  expect(textOf(await open(old))).not.toContain('were dropped');
  const { folder } = started;
  await started.stop({ keep: true });
  const clock = createManualClock(START + DAY_MS + 60_000);
  started = await startApp({ clock, config: CONFIG, folder });
  await started.app.runDue();
  const html = await open(old);
  // The window's number stays, and the month's calls are gone.
  const [, link = ''] = /href="(\/page\/calls\?counted=error[^"]*)">1<\/a>/.exec(html) ?? [];
  const said = /Calls before 2026-08-20 \d\d:\d\d:\d\d[^:]* were dropped: 100 days are kept/;
  expect(textOf(html)).toMatch(said);
  const calls = textOf(await open(link.replaceAll('&amp;', '&')));
  expect(calls).toContain('No call matches.');
  expect(calls).toMatch(said);
  expect(textOf(await open('/page/calls'))).toMatch(said);
  const later = '/page/calls?from=2026-11-01T00:00:00Z';
  for (const path of ['/page/availability', '/page/calls?month=2026-11', later])
    expect(textOf(await open(path))).not.toContain('were dropped');
});
