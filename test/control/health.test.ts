import { spawnSync } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createApi } from '../../src/control/api.ts';
import type { ControlCommands } from '../../src/control/commands.ts';
import { PROJECT } from '../project/source-code.ts';
import { startRig, type Rig } from './fixture.ts';

let rig: Rig;
beforeAll(async () => {
  rig = await startRig();
});
afterAll(() => rig.close());

describe('health', () => {
  test.each([
    ['/livez', true],
    ['/readyz', true],
    ['/readyz?verbose', true],
    ['/readyz', false],
  ])('%s is answered as by the API, with ready %s', async (path, ready) => {
    Object.assign(rig.readiness, { ready, reasons: ready ? [] : ['draining'] });
    const commands = { readiness: () => rig.readiness } as unknown as ControlCommands;
    const api = createApi({ commands, telemetry: rig.telemetry, version: '1', log: {} as never });
    const expected = await api.fetch(new Request(`http://localhost${path}`));
    const answer = await fetch(rig.url + path);
    expect(answer.status).toBe(expected.status);
    expect(answer.headers.get('content-type')).toBe(expected.headers.get('content-type'));
    expect(await answer.text()).toBe(await expected.text());
  });

  test('has no body in the answer to HEAD', async () => {
    const answer = await fetch(`${rig.url}/livez`, { method: 'HEAD' });
    expect(answer.status).toBe(200);
    expect(await answer.text()).toBe('');
  });

  test('needs no code of the API: a start is ready before Hono is loaded', () => {
    const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', LIST_LOADED], {
      cwd: PROJECT,
      encoding: 'utf8',
    });
    const loaded = stdout.split('\n');
    expect(
      loaded.some((url) => url.endsWith('/src/control/plane.ts')),
      stderr,
    ).toBe(true);
    expect(loaded.filter((url) => url.includes('hono'))).toEqual([]);
  });
});

/** Loads what the app makes the control plane of, and prints the address of every module. */
const LIST_LOADED = `
  import { registerHooks } from 'node:module';
  registerHooks({ load: (url, context, next) => (console.log(url), next(url, context)) });
  await import('./src/app/control.ts');
`;
