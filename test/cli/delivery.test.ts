/** What `status` and `doctor` say of callbacks and kept results: beside a real app, and without one. */
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { deliveryChecks } from '../../src/cli/doctor-delivery.ts';
import { statusAnswer, type StatusAnswer } from '../../src/control/schemas.ts';
import { anotherVideo, get, post, until } from '../app/calls.ts';
import type { StartedApp } from '../app/start-app.ts';
import { startWithCallbacks } from '../callbacks/callback-app.ts';
import { runBeside } from './smoke-rig.ts';

let started: StartedApp | null = null;
afterEach(async () => {
  await started?.stop();
  started = null;
});

const statusOf = async ({ controlUrl }: StartedApp): Promise<StatusAnswer> =>
  statusAnswer.parse((await get(`${controlUrl}/v1/status`)).json);

async function checksOf(app: StartedApp): Promise<Record<string, string>> {
  const { out } = await runBeside(app, ['doctor', '--json']);
  const { checks } = JSON.parse(out) as { checks: { name: string; level: string; finding: string }[] };
  const own = checks.filter(({ name }) => ['callbacks', 'results'].includes(name));
  return Object.fromEntries(own.map(({ name, level, finding }) => [name, `${level}: ${finding}`]));
}

test('callbacks that come and files that are saved', async () => {
  const app = await startWithCallbacks({
    emulator: { speed: 50, taskSeconds: { submitted: 1, processing: 1 }, callbacks: {} },
    config: { results: { keep: true, dir: 'results' } },
  });
  started = app;
  expect(await statusOf(app)).toMatchObject({
    callbacks: { publicUrl: app.publicUrl, lastAt: null, ended: 0, reported: 0 },
    results: {
      keep: true,
      place: 'folder',
      where: join(app.folder, 'results'),
      unsaved: 0,
      lastSavedAt: null,
    },
  });
  expect(await checksOf(app)).toEqual({
    callbacks: `note: None came to ${app.publicUrl} yet.`,
    results: `ok: Files are saved in ${join(app.folder, 'results')}. None is saved yet, and none waits.`,
  });
  await post(`${app.dataUrl}/v1/videos/text2video`, anotherVideo());
  const status = await until('the end is reported and the file is saved', async () => {
    const found = await statusOf(app);
    return found.callbacks?.reported === 1 && found.results?.lastSavedAt != null && found;
  });
  expect(status.callbacks).toMatchObject({ ended: 1, reported: 1, lastAt: expect.any(String) as string });
  expect(await checksOf(app)).toEqual({
    callbacks: `ok: The last one came to ${app.publicUrl} less than a minute ago. 1 of 1 end among the newest creates came by callback.`,
    results: `ok: Files are saved in ${join(app.folder, 'results')}. The last one was saved less than a minute ago, and none waits.`,
  });
  const { out } = await runBeside(app, ['status']);
  expect(out).toMatch(/^callbacks +at http:\S+; the last one came at \S+; 1 of the last 1 end$/m);
  expect(out).toMatch(/^results +in \S+results; the last one saved at \S+; 0 files to save$/m);
});

test('files that Kling refuses, and no callbacks', async () => {
  const app = await startWithCallbacks({
    emulator: { speed: 50, taskSeconds: { submitted: 1, processing: 1 } },
    config: { results: { keep: true, dir: 'results' }, tasks: { pollIntervalMs: 100 } },
  });
  started = app;
  app.emulator.addFault({ kind: 'file_expired', match: { path: '/files/' }, times: 10_000 });
  await post(`${app.dataUrl}/v1/videos/text2video`, anotherVideo());
  const status = await until('a try has failed', async () => {
    const found = await statusOf(app);
    return found.results?.problem != null && found;
  });
  expect(status.results).toMatchObject({ unsaved: 1, problem: 'status', lastSavedAt: null });
  expect(status.callbacks).toMatchObject({ ended: 1, reported: 0, lastAt: null });
  const { results } = await checksOf(app);
  expect(results).toMatch(
    /^warn: 1 file of results waits to be saved in \S+\. None is saved yet\. The last try failed \(status\)\. Kling keeps the first for \d+ days\.$/,
  );
  expect((await runBeside(app, ['status'])).out).toMatch(
    /^results .*1 file to save; the last try failed \(status\)$/m,
  );
});

test('neither is configured, or nothing is known', () => {
  const now = Date.UTC(2026, 10, 28);
  expect(deliveryChecks({}, now)).toEqual([]);
  const levels = deliveryChecks({ callbacks: null, results: null }, now).map(({ name, level }) => [
    name,
    level,
  ]);
  expect(levels).toEqual([
    ['callbacks', 'ok'],
    ['results', 'note'],
  ]);
  const silent = { publicUrl: 'https://c.example.com', lastAt: null, ended: 10, reported: 0 };
  expect(deliveryChecks({ callbacks: silent, results: null }, now)[0]).toMatchObject({
    level: 'warn',
    finding: 'None came to https://c.example.com, and 10 tasks ended: polls do their work.',
  });
});
