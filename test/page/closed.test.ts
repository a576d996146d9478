/** A control plane beyond loopback: without the token no page, live section or answer of the API shows anything. */
import { expect, it } from 'vitest';
import { anotherVideo, post, until } from '../app/calls.ts';
import { startApp } from '../app/start-app.ts';
import { crawl } from './crawl.ts';
import { followPage } from './reader.ts';

/** What a live page sends that may not be shown. */
const NOTHING_LIVE = 'retry: 2000\n\nevent: lost\ndata: {}\n\n';

it('shows nothing of the work without the control token, and all of it with the token', async () => {
  const started = await startApp({
    config: {
      environment: 'hidden-environment',
      control: { host: '0.0.0.0', port: 0 },
      budgets: [{ name: 'hidden-budget', credits: 100, window: 'day' }],
    },
  });
  const video = anotherVideo({ prompt: 'hidden prompt', external_task_id: 'hidden-id' });
  const made = await post(`${started.dataUrl}/v1/videos/text2video`, video, { 'x-kling-app': 'hidden-app' });
  const taskId = String(made.json.data['task_id']);
  const hidden = [taskId, 'hidden-environment', 'hidden-budget', 'hidden prompt', 'hidden-id', 'hidden-app'];
  const place = {
    controlUrl: `http://127.0.0.1:${new URL(started.controlUrl).port}`,
    params: { id: taskId, task: taskId, n: '1', month: new Date().toISOString().slice(0, 7) },
    pages: [`/page/tasks/${taskId}`, '/page/spending.csv?by=app'],
  };
  const shows = (text: string): string[] => hidden.filter((one) => text.includes(one));
  const operator = { authorization: `Bearer ${started.token}` };
  const closed = await crawl({ ...place, operator });
  const leaks = closed.flatMap(({ asked, text }) =>
    shows(text.replaceAll(`/page/tasks/${taskId}`, '')).map((one) => `${one} in ${asked}`),
  );
  expect(leaks).toEqual([]);
  const isFile = (asked: string): boolean => asked.startsWith('/page/files/');
  const live = await followPage(`${place.controlUrl}/page/live?at=/page/config`);
  await until('the live page says so', () => live.text() === NOTHING_LIVE);
  live.close();
  for (const { asked, status } of closed) {
    if (status === 200 && !isFile(asked)) expect(['/livez', '/readyz']).toContain(asked);
  }
  const opened = await crawl({ ...place, headers: operator });
  expect(new Set(opened.flatMap(({ text }) => shows(text)))).toEqual(new Set(hidden));
  for (const { asked, text } of [...closed, ...opened])
    expect([asked, /"set-cookie"/i.test(text)]).toEqual([asked, false]);
  await started.stop();
});
