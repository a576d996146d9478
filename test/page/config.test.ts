/** The page *Config* over real sockets: a real app whose config came from a file, from the environment and from defaults. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { ConfigAnswer } from '../../src/control/config-schemas.ts';
import { get } from '../app/calls.ts';
import { EMULATOR_KEY, startApp, type StartedApp } from '../app/start-app.ts';
import { read, textOf, TYPED } from './reader.ts';

const ENV = { KLING_API_KEY: EMULATOR_KEY, KLING_SIDECAR__ENVIRONMENT: 'staging' };
const CONFIG = { budgets: [{ name: 'daily', credits: 77, window: 'day' }] };

let started: StartedApp;
beforeAll(async () => {
  started = await startApp({ config: CONFIG, env: ENV });
});
afterAll(() => started.stop());

const open = async (query = '', language = 'en') =>
  read(`${started.controlUrl}/page/config${query}`, { ...TYPED, 'accept-language': language });
const answer = async (query = ''): Promise<ConfigAnswer> =>
  (await get(`${started.controlUrl}/v1/config${query}`)).json as unknown as ConfigAnswer;

it('shows each value with its origin, as the API gives it', async () => {
  const page = textOf((await open()).text);
  expect(page).toContain('budgets[0].credits 77 the file');
  expect(page).toContain('environment "staging" variable KLING_SIDECAR__ENVIRONMENT');
  expect(page).toContain('listen.maxBodyMiB 128 the default');
  expect(page).toContain('KLING_API_KEY "[redacted]" variable KLING_API_KEY');
  const { values, total, file } = await answer();
  expect(page).toContain(`File ${file}`);
  expect(page).toContain(`Shown ${total} of ${total} values`);
  for (const { key, value } of values) expect(page).toContain(`${key} ${JSON.stringify(value)} `);
  expect(textOf((await open('', 'zh')).text)).toContain('budgets[0].credits 77 文件');
});

it('finds values by a text and by their origin', async () => {
  const found = textOf((await open('?search=STAGING')).text);
  expect(found).toContain('environment "staging"');
  expect(found).not.toContain('budgets[0].credits');
  const fromEnv = textOf((await open('?origin=env')).text);
  expect(fromEnv).toContain('KLING_API_KEY "[redacted]"');
  expect(fromEnv).not.toContain('budgets[0].credits');
  const none = textOf((await open('?search=nothing-like-this')).text);
  expect(none).toContain('No value matches.');
  expect(none).toMatch(/Shown 0 of \d+ values/);
});

it('shows what was read again at once, and what of it waits for a restart', async () => {
  expect((await open()).text).not.toContain('Waiting for a restart');
  await started.reload({ ...CONFIG, listen: { port: 7999 }, mode: 'observe' });
  const page = textOf((await open('?search=mode')).text);
  expect(page).toContain('mode "observe" the file');
  expect(page).toMatch(/Waiting for a restart .*listen\.port 7999 the file/);
  const { values, afterRestart } = await answer('?search=listen.port');
  expect(values).toEqual([{ key: 'listen.port', value: 0, origin: 'file' }]);
  expect(afterRestart).toEqual([{ key: 'listen.port', value: 7999, origin: 'file' }]);
  await started.reload(CONFIG);
  expect((await open()).text).not.toContain('Waiting for a restart');
});
