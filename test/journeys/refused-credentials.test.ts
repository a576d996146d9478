import { afterEach, expect, it } from 'vitest';
import { createManualClock } from '../../src/clock.ts';
import { runCli } from '../../src/cli/cli.ts';
import type { StatusAnswer } from '../../src/control/schemas.ts';
import { get, post, textToVideo, until } from '../app/calls.ts';
import { startApp, type StartedApp, type StartOptions } from '../app/start-app.ts';

const PATH = '/v1/videos/text2video';
const PAIR = {
  KLING_ACCESS_KEY: 'emulator-ak',
  KLING_SECRET_KEY: 'emulator-sk-0123456789abcdef0123456789abcdef',
};

let log = '';
let started: StartedApp;
afterEach(() => started.stop());

async function start(options: StartOptions): Promise<void> {
  log = '';
  const logTo = { write: (text: string) => void (log += text) };
  started = await startApp({ logTo, ...options, config: { tasks: { poll: false }, ...options.config } });
}

const lines = (level: string, text: string): string[] =>
  log.split('\n').filter((line) => line.includes(`"level":"${level}"`) && line.includes(text));
const list = () => get(`${started.dataUrl}${PATH}?pageNum=1&pageSize=1`);
const status = async (): Promise<StatusAnswer> =>
  (await get(`${started.controlUrl}/v1/status`)).json as unknown as StatusAnswer;

async function run(...args: string[]): Promise<{ code: number; out: string }> {
  const done = { code: -1, out: '' };
  done.code = await runCli(args, {
    out: (text) => void (done.out += text),
    err: () => undefined,
    stdin: process.stdin,
    isTerminal: false,
    isErrTerminal: false,
    env: {
      KLING_SIDECAR__CONTROL__PORT: new URL(started.controlUrl).port,
      KLING_API_KEY: 'a-key-of-doctors-own',
    },
    cwd: started.folder,
    clock: createManualClock(Date.now()),
  });
  return done;
}

it('a key that Kling refuses is an error in the log once, in status, doctor and metrics, until it is taken', async () => {
  await start({ env: { KLING_API_KEY: 'a-wrong-key-of-the-operator' } });
  expect((await status()).kling).toMatchObject({ credentials: 'unknown', refusal: null });
  for (let i = 0; i < 3; i += 1) expect((await list()).status).toBe(401);
  expect((await post(started.dataUrl + PATH, textToVideo())).status).toBe(401);
  // Each refused call has a line of its own; this one comes once and says what it means.
  const [refused = '', ...more] = lines('error', 'Kling refuses the credentials');
  expect(more).toEqual([]);
  expect(refused).toContain('"code":1002');
  expect((await status()).kling).toMatchObject({ credentials: 'refused', refusal: { code: 1002 } });
  expect((await run('status')).out).toMatch(/credentials +Kling refuses the key since .* code 1002/);
  const doctor = await run('doctor');
  expect(doctor.code).toBe(1);
  expect(doctor.out).toMatch(/^FAIL {2}key +Kling refuses the credentials since .*code 1002/m);
  const metrics = await (await fetch(`${started.controlUrl}/metrics`)).text();
  expect(metrics).toMatch(/^kling_credentials_refused_total\{code="1002"[^}]*\} 4$/m);
  expect(metrics).toMatch(/^kling_credentials_refused_total\{code="1001"[^}]*\} 0$/m);
  await started.reload({ tasks: { poll: false } }, { KLING_API_KEY: 'emulator-key' });
  expect((await list()).status).toBe(200);
  expect((await status()).kling).toMatchObject({ credentials: 'accepted', refusal: null });
  expect((await run('doctor')).out).toMatch(/^ok {4}key +Kling takes the credentials\.$/m);
});

it('a token that a new one replaces is no refusal, and one that stays refused is', async () => {
  await start({ env: PAIR });
  started.emulator.addFault({ kind: 'code', code: 1004, match: { method: 'GET' } });
  expect((await list()).status).toBe(200);
  expect((await status()).kling.credentials).toBe('accepted');
  started.emulator.addFault({ kind: 'code', code: 1004, times: 2, match: { method: 'POST', path: '/v1/' } });
  expect((await post(started.dataUrl + PATH, textToVideo())).json.code).toBe(1004);
  expect((await status()).kling.refusal?.code).toBe(1004);
  expect(lines('error', 'Kling refuses')).toHaveLength(1);
  expect((await list()).status).toBe(200);
  await until('it is logged', () => lines('info', 'Kling takes the credentials again').length === 1);
});

it('a pair on a path that takes API keys alone says nothing about the pair', async () => {
  await start({ env: PAIR, config: { mode: 'observe' } });
  expect((await post(`${started.dataUrl}/text-to-video/kling-2.6`, { prompt: 'x' })).status).toBe(401);
  expect((await status()).kling.credentials).toBe('unknown');
  expect(lines('error', 'Kling refuses')).toEqual([]);
});

it('a Kling that cannot be reached is named with its cause, in answers, log, status and doctor', async () => {
  await start({ baseUrl: 'https://kling.invalid' });
  const made = await post(started.dataUrl + PATH, textToVideo());
  expect(made).toMatchObject({ status: 502, json: { code: 9050, data: { sent: 'no' } } });
  expect(made.json.message).toMatch(/kling\.invalid/);
  expect(made.json.data['cause']).toMatch(/kling\.invalid/);
  const read = await list();
  expect(read.json.message).toMatch(/kling\.invalid/);
  await until('it is logged', () => lines('warn', 'Kling cannot be reached').length > 0);
  const [unreachable = '', ...more] = lines('warn', 'Kling cannot be reached');
  expect(more).toEqual([]);
  expect(unreachable).toContain('"errorClass":"dns"');
  expect((await status()).kling.unreachable).toMatchObject({ errorClass: 'dns' });
  expect((await run('status')).out).toMatch(/connection +Kling cannot be reached since .*kling\.invalid/);
  const { code, out } = await run('doctor');
  expect(code).toBe(1);
  expect(out).toMatch(/^FAIL {2}connection +Kling cannot be reached since .*kling\.invalid.*name server/m);
});

it('a refused connection is named as such, and not taken for a name that does not resolve', async () => {
  await start({});
  await started.emulator.stop();
  const made = await post(started.dataUrl + PATH, textToVideo());
  expect(made.json.message).toContain('ECONNREFUSED');
  expect((await status()).kling.unreachable).toMatchObject({ errorClass: 'refused' });
});
