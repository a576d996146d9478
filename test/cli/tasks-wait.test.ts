import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { anotherVideo, post } from '../app/calls.ts';
import { startApp, type StartedApp } from '../app/start-app.ts';
import { launch } from './launch.ts';
import { cli, type CliOptions } from './run-cli.ts';

const BIN = path.resolve(import.meta.dirname, '../../bin/kling-sidecar.js');

let app: StartedApp;
beforeAll(async () => {
  app = await startApp();
});
afterAll(() => app.stop());

const at = (): CliOptions => ({
  cwd: app.folder,
  env: { KLING_SIDECAR__CONTROL__PORT: new URL(app.controlUrl).port },
});

async function create(prompt?: string): Promise<string> {
  const { json } = await post(`${app.dataUrl}/v1/videos/text2video`, anotherVideo(prompt ? { prompt } : {}));
  return String(json.data['task_id']);
}

it('waits until a task has succeeded, and prints its state and the addresses of its results', async () => {
  const { code, out } = await cli(['tasks', 'wait', await create()], at());
  expect(code).toBe(0);
  expect(out).toMatch(/^succeeded\nhttp\S+\n$/);
});

it('prints the whole task with --json', async () => {
  const id = await create();
  const { code, out } = await cli(['tasks', 'wait', id, '--json'], at());
  expect([code, JSON.parse(out)]).toMatchObject([0, { id, state: 'succeeded' }]);
});

it('ends with 1 for a task that failed, with Kling’s text on standard error', async () => {
  const { code, out, err } = await cli(['tasks', 'wait', await create('fail-please, a boat')], at());
  expect([code, out]).toEqual([1, 'failed\n']);
  expect(err).not.toBe('');
});

it('ends with 124 at the end of --timeout', async () => {
  const { code, out } = await cli(['tasks', 'wait', await create('stuck-please'), '--timeout', '1s'], at());
  expect(code).toBe(124);
  expect(out).toMatch(/^(submitted|processing)\n$/);
});

it('stays awake as a process of its own between its looks', async () => {
  const id = await create('stuck-please');
  const { cwd = '', env = {} } = at();
  const wait = launch([process.execPath, BIN, 'tasks', 'wait', id, '--timeout', '2s'], { cwd, env });
  expect([await wait.exit, wait.text()]).toEqual([124, expect.stringMatching(/^(submitted|processing)\n$/)]);
});

it('refuses an unknown task and a time without a unit', async () => {
  expect(await cli(['tasks', 'wait', 'nobody’s'], at())).toMatchObject({
    code: 1,
    err: expect.stringContaining('There is no task'),
  });
  expect(await cli(['tasks', 'wait', '1', '--timeout', '30'], at())).toMatchObject({
    code: 2,
    err: expect.stringContaining('90s, 30m, 2h or 1d'),
  });
});

it('needs no sidecar for a task that has ended, and asks for one where it is open', async () => {
  const [ended, open] = [await create(), await create('stuck-please')];
  await cli(['tasks', 'wait', ended], at());
  const { folder } = app;
  await app.stop({ keep: true });
  const offline = { ...at(), cwd: folder };
  expect((await cli(['tasks', 'wait', ended], offline)).code).toBe(0);
  const refused = await cli(['tasks', 'wait', open], offline);
  expect(refused.code).toBe(1);
  expect(refused.err).toContain('no sidecar runs');
  app = await startApp({ folder });
});
