import path from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { startApp, type StartedApp } from '../app/start-app.ts';
import { launch } from './launch.ts';

const BIN = path.resolve(import.meta.dirname, '../../bin/kling-sidecar.js');

let app: StartedApp | null = null;
afterEach(async () => {
  await app?.stop();
  app = null;
});

it('that is ended by Ctrl-C names the task that goes on, and how to look it up and finish', async () => {
  app = await startApp({ emulator: { speed: 1, taskSeconds: { processing: 3600 } } });
  const { child, says, exit, text } = launch([process.execPath, BIN, 'smoke', '--yes'], {
    cwd: app.folder,
    env: {
      KLING_SIDECAR__CONTROL__PORT: new URL(app.controlUrl).port,
      KLING_SIDECAR__LISTEN__PORT: new URL(app.dataUrl).port,
    },
  });
  const [, taskId = ''] = await says(/ok {4}create +Kling made the task (\d+)/);
  child.kill('SIGINT');
  expect(await exit).toBe(1);
  expect(text()).toMatch(
    new RegExp(
      `FAIL {2}task +The test was stopped \\(SIGINT\\)\\. It goes on, and the sidecar settles it: kling-sidecar tasks ${taskId}\\. ` +
        `To finish the test: kling-sidecar smoke --task ${taskId}\\.`,
    ),
  );
  expect(text()).toMatch(/NOT READY: the step task did not pass\n$/);
  expect(app.emulator.requests().filter(({ method }) => method === 'POST')).toHaveLength(1);
});
