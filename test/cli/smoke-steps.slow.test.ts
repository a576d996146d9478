import { readdir } from 'node:fs/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { createManualClock } from '../../src/clock.ts';
import { startApp, type StartedApp, type StartOptions } from '../app/start-app.ts';
import { whileMoving } from '../money/hand-clock.ts';
import { hastyClock, runBeside } from './smoke-rig.ts';

let app: StartedApp;
afterEach(() => app.stop());

const start = async (options: StartOptions = {}): Promise<void> => void (app = await startApp(options));
const smoke = (...args: string[]) => runBeside(app, ['smoke', ...args]);
const posts = (): number => app.emulator.requests().filter(({ method }) => method === 'POST').length;
const files = async (): Promise<string[]> =>
  (await readdir(app.folder)).filter((name) => name.startsWith('smoke-'));
/** How the last line of a failed test names its step. */
const NOT_READY = /\nNOT READY: the step (\w+) did not pass\n$/;
const failedStep = (out: string): string | undefined => NOT_READY.exec(out)?.[1];

describe('smoke names the step that failed, and what to do, where', () => {
  const fails = async (step: string, said: RegExp, ...args: string[]): Promise<void> => {
    const { code, out } = await smoke('--yes', ...args);
    expect([code, failedStep(out), out]).toEqual([1, step, expect.stringMatching(said)]);
    expect(await files()).toEqual([]);
  };

  it('spending is frozen', async () => {
    await start();
    await runBeside(app, ['freeze', '--reason', 'a look']);
    await fails('sidecar', /^FAIL {2}sidecar +Spending is frozen by .*: a look\. When the reason is gone/m);
    expect(posts()).toBe(0);
  });

  it('a budget refuses it', async () => {
    await start({ config: { budgets: [{ name: 'tiny', credits: 5 }] } });
    await fails('create', /^FAIL {2}create +The sidecar answered budget_exceeded: .* budget raise\.$/m);
    const { out } = await smoke('--yes');
    expect(out).toMatch(/^note {2}price +The sidecar will refuse it: it does not fit the budget tiny\./m);
    expect(posts()).toBe(0);
  });

  it('no pack can pay', async () => {
    const packs = [{ name: 'Trial-Video-1Units-5Con-1Months', product: 'video' as const, units: 0.5 }];
    await start({ emulator: { packs } });
    await fails(
      'create',
      /Kling refused it with code 1102, resource pack is exhausted .*Nothing was made\. Buy a pack/,
    );
    expect(app.emulator.book().charges).toEqual([]);
  });

  it('the key is wrong', async () => {
    await start({ env: { KLING_API_KEY: 'a-key-of-somebody-else' } });
    await fails('create', /Kling refused it with code 1002, .* Check the credentials/);
  });

  it('the answer of the create is lost: it says where to look, and sends it no second time', async () => {
    const clock = createManualClock(Date.UTC(2026, 10, 21, 12));
    await start({ clock });
    app.emulator.addFault({ kind: 'reset_after_charge', match: { path: '/v1/videos' }, times: 'always' });
    app.emulator.addFault({ kind: 'http', match: { path: '/tasks' }, times: 'always' });
    const { code, out } = await whileMoving(clock, smoke('--yes'), 1_000);
    expect([code, failedStep(out)]).toEqual([1, 'create']);
    expect(out).toMatch(
      /answered outcome_unknown: .* look for the external task id ks_\w{26} in kling-sidecar/,
    );
    expect(app.emulator.book().charges).toHaveLength(1);
  });

  it('Kling’s answer leaves open whether a task was made', async () => {
    const clock = createManualClock(Date.UTC(2026, 10, 21, 12));
    await start({ clock, config: { mode: 'observe' } });
    app.emulator.addFault({ kind: '5xx_after_charge', match: { path: '/v1/videos' } });
    app.emulator.addFault({ kind: 'http', match: { path: '/tasks' }, times: 'always' });
    const { code, out } = await whileMoving(clock, smoke('--yes'), 1_000);
    expect([code, failedStep(out)]).toEqual([1, 'create']);
    expect(out).toMatch(
      /HTTP 500 with code 5000: .* The create may be under way: look for the external task/,
    );
  });

  it('the task fails', async () => {
    await start();
    app.emulator.addFault({
      kind: 'fail_task',
      message: 'risk control',
      match: { method: 'POST', path: '/v1/' },
    });
    await fails('task', /^FAIL {2}task +Kling could not make it: risk control\. Run the test again/m);
  });

  it('the task takes too long; a later test finishes it without another create', async () => {
    await start({ emulator: { speed: 1, taskSeconds: { processing: 3600 } } });
    const { code, out } = await runBeside(app, ['smoke', '--yes', '--wait', '1'], { clock: hastyClock });
    expect([code, failedStep(out)]).toEqual([1, 'task']);
    const taskId = /kling-sidecar smoke --task (\d+)\./.exec(out)?.[1] ?? '';
    expect(out).toMatch(
      /It is still (submitted|processing) after \d+ \w+\. It goes on, and the sidecar settles it/,
    );
    app.emulator.advance(7_200_000);
    const later = await smoke('--task', taskId);
    expect([later.code, later.out]).toEqual([
      0,
      expect.stringMatching(/Kling deducted 10 credits, as held\.\n\nREADY/),
    ]);
    expect(posts()).toBe(1);
    const unknown = await smoke('--task', '123');
    expect([unknown.code, unknown.err]).toEqual([1, expect.stringMatching(/There is no task "123"/)]);
  });

  it('the download breaks off, with and without a length', async () => {
    await start();
    app.emulator.addFault({ kind: 'truncate', match: { path: '/files/' } });
    await fails(
      'download',
      /The download broke off after \d+ of 32768 bytes\. .*kling-sidecar smoke --task \d+/,
    );
    app.emulator.addFault({ kind: 'truncate_chunked', match: { path: '/files/' } });
    await fails('download', /The download broke off after \d+ bytes\./);
  });

  it('the address has expired, or leads elsewhere', async () => {
    await start();
    app.emulator.addFault({ kind: 'http', status: 403, match: { path: '/files/' } });
    await fails(
      'download',
      /127\.0\.0\.1:\d+ answered 403 where the result should be\. Addresses of results are signed/,
    );
    const location = 'https://10.0.0.1/metadata';
    app.emulator.addFault({ kind: 'redirect', location, match: { path: '/files/' } });
    await fails('download', /redirected to leads to a private address \(10\.0\.0\.1\): it was not used/);
  });

  it('something else than a video comes', async () => {
    await start();
    app.emulator.addFault({ kind: 'html_200', match: { path: '/files/' } });
    await fails(
      'file',
      /The file is neither MP4, PNG, JPEG nor WebP: it begins with "<html>.*calls it text\/html/,
    );
  });

  it('Kling deducts more than was held', async () => {
    await start();
    app.emulator.addFault({ kind: 'charge_units', units: 1.5, match: { method: 'POST', path: '/v1/' } });
    const { code, out } = await smoke('--yes');
    expect([code, failedStep(out)]).toEqual([1, 'deduction']);
    expect(out).toMatch(/Held: 10 credits; Kling deducted 15: budgets hold too little\. Name the price in/);
  });
});
