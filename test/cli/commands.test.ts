import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startApp, type StartedApp } from '../app/start-app.ts';
import { cli, type CliOptions } from './run-cli.ts';

const VIDEO = '/v1/videos/text2video';
const body = (mode: string): string =>
  JSON.stringify({ model_name: 'kling-v1', prompt: 'a cat', duration: '5', mode });

/** Commands read the folder's own config, and are told the ports that were free. */
function at(app: StartedApp, more: CliOptions = {}): CliOptions {
  const { port } = new URL(app.controlUrl);
  return { cwd: app.folder, ...more, env: { KLING_SIDECAR__CONTROL__PORT: port, ...more.env } };
}

async function create(app: StartedApp): Promise<void> {
  const headers = { 'content-type': 'application/json' };
  const response = await fetch(`${app.dataUrl}${VIDEO}`, { method: 'POST', headers, body: body('std') });
  expect(response.status).toBe(200);
  await response.arrayBuffer();
}

describe('beside a running sidecar', () => {
  let app: StartedApp;
  beforeAll(async () => {
    app = await startApp({ config: { budgets: [{ name: 'daily', credits: 100 }] } });
    await create(app);
    await create(app);
  });
  afterAll(() => app.stop());

  it('status shows the present state, for people and for programs', async () => {
    const { out, code } = await cli(['status'], at(app));
    expect(code).toBe(0);
    expect(out).toMatch(/running for/);
    expect(out).toMatch(/daily .* 100 /);
    const json = JSON.parse((await cli(['status', '--json'], at(app))).out) as Record<string, unknown>;
    expect(json).toMatchObject({
      running: true,
      mode: 'protect',
      frozen: false,
      budgets: [{ name: 'daily' }],
    });
    expect((await cli(['status', '--would-have'], at(app))).out).toMatch(
      /Nothing is counted in mode protect/,
    );
  });

  it('tasks, usage and holds come in every format, page by page or all', async () => {
    const { tasks } = JSON.parse((await cli(['tasks', '--json'], at(app))).out) as {
      tasks: { id: string }[];
    };
    expect(tasks).toHaveLength(2);
    const one = await cli(['tasks', tasks[0]?.id ?? ''], at(app));
    expect(one.out).toMatch(/operation +text-to-video/);
    const page = await cli(['tasks', '--limit', '1'], at(app));
    expect(page.out.trim().split('\n')).toHaveLength(2);
    expect(page.err).toMatch(/^1 of 2\. More with --limit N, --all, or --cursor \S+\n$/);
    const all = await cli(['tasks', '--limit', '1', '--all', '--format', 'jsonl'], at(app));
    expect(
      all.out
        .trim()
        .split('\n')
        .map((line) => (JSON.parse(line) as { id: string }).id),
    ).toEqual(tasks.map(({ id }) => id));
    const usage = await cli(['usage', '--format', 'csv'], at(app));
    expect(usage.out.split('\r\n')[0]).toMatch(
      /^timestamp,task_id,credits,model,duration,mode,prompt_preview/,
    );
    const sums = await cli(['usage', '--by', 'model,mode', '--json'], at(app));
    expect(JSON.parse(sums.out)).toMatchObject({ rows: [{ model: 'kling-v1', mode: 'std', tasks: 2 }] });
    expect((await cli(['holds', 'list', '--in-doubt'], at(app))).out).toBe('No holds.\n');
  });

  it('estimate says what a batch costs, how much of it fits, and what mode std would change', async () => {
    const stdin = `${body('pro')}\n`.repeat(3);
    const { code, out } = await cli(['estimate', '-', '--path', VIDEO], at(app, { stdin }));
    expect(code).toBe(1);
    expect(out).toMatch(/3 tasks, 105 credits: it does not fit: the first 2 would/);
    expect(out).toMatch(/In mode std: 30 credits \(75 less\), which fits/);
    expect(out).toMatch(/does not fit\n/);
    await writeFile(path.join(app.folder, 'batch.jsonl'), `{"path":"${VIDEO}","body":${body('std')}}\n`);
    const fitting = await cli(['estimate', 'batch.jsonl', '--json'], at(app));
    expect(fitting.code).toBe(0);
    expect(JSON.parse(fitting.out)).toMatchObject({ totalCredits: 10, fits: true, fitsCount: 1 });
    expect((await cli(['estimate', 'gone.jsonl'], at(app))).code).toBe(2);
  });

  it('estimate takes a batch larger than the control plane reads at once', async () => {
    const line = JSON.stringify({ path: VIDEO, body: { model_name: 'kling-v1', prompt: 'p'.repeat(2000) } });
    const { code, out } = await cli(['estimate', '-', '--json'], at(app, { stdin: `${line}\n`.repeat(700) }));
    expect(code).toBe(1);
    expect(JSON.parse(out)).toMatchObject({ totalCredits: 7000, fitsCount: 8 });
  });

  it('orders reach it, with the token beside its store', async () => {
    const raised = await cli(
      ['budget', 'raise', 'daily', '--by', '50.5', '--until', '2099-01-01', '--reason', 'launch', '--json'],
      at(app),
    );
    expect(JSON.parse(raised.out)).toMatchObject({ budgets: [{ name: 'daily', limitCredits: 150.5 }] });
    expect(
      (
        await cli(
          ['budget', 'raise', 'dayly', '--by', '1', '--until', '2099-01-01', '--reason', 'x'],
          at(app),
        )
      ).code,
    ).toBe(1);
    expect((await cli(['freeze', '--reason', 'look'], at(app))).out).toBe('Spending is frozen.\n');
    expect((await cli(['status'], at(app))).out).toMatch(/frozen since .* by .+: look/);
    expect((await cli(['unfreeze', '--reason', 'fine'], at(app))).out).toBe('Spending goes on.\n');
    const gone = await cli(['holds', 'release', 'hold_none', '--reason', 'x'], at(app));
    expect(gone).toMatchObject({ code: 1, out: '' });
    const foreign = await cli(
      ['freeze', '--reason', 'x'],
      at(app, { env: { KLING_SIDECAR_CONTROL_TOKEN: 'wrong' } }),
    );
    expect(foreign.code).toBe(1);
    expect(foreign.err).toMatch(/the control token/);
  });

  it('health is 0, the ledger agrees, and a backup can be made', async () => {
    expect(await cli(['health'], at(app))).toEqual({ code: 0, out: 'ready\n', err: '' });
    expect(await cli(['ledger', 'verify'], at(app))).toMatchObject({
      code: 0,
      out: expect.stringMatching(/agree/) as string,
    });
    expect(await cli(['backup', 'copy.db'], at(app))).toMatchObject({ code: 0 });
    expect(await cli(['backup', 'copy.db'], at(app))).toMatchObject({ code: 2 });
    expect(await cli(['restore', 'copy.db'], at(app))).toMatchObject({ code: 1 });
  });
});

describe('after the sidecar has stopped', () => {
  let app: StartedApp;
  beforeAll(async () => {
    app = await startApp();
    await create(app);
    await app.stop({ keep: true });
  });

  it('reading commands read the store and say so, and give the same JSON', async () => {
    expect((await cli(['status'], at(app))).out).toMatch(/not running \(read from the store\)/);
    const { tasks } = JSON.parse((await cli(['tasks', '--json'], at(app))).out) as { tasks: unknown[] };
    expect(tasks).toMatchObject([{ operation: 'text-to-video', model: 'kling-v1', heldCredits: 10 }]);
    expect((await cli(['budget', 'list'], at(app))).out).toMatch(/daily/);
    const stdin = `${body('std')}\n`;
    expect((await cli(['estimate', '-', '--path', VIDEO], at(app, { stdin }))).code).toBe(0);
    expect((await cli(['ledger', 'verify', '--json'], at(app))).code).toBe(0);
  });

  it('orders say plainly that they need it', async () => {
    const orders = [
      ['freeze', '--reason', 'x'],
      ['unfreeze', '--reason', 'x'],
      ['budget', 'raise', 'daily', '--by', '1', '--until', '2099-01-01', '--reason', 'x'],
      ['holds', 'release', 'hold_1', '--reason', 'x'],
      ['holds', 'write-off', 'hold_1', '--reason', 'x'],
    ];
    for (const order of orders) {
      const { code, err } = await cli(order, at(app));
      expect(code).toBe(1);
      expect(err).toMatch(/running sidecar/);
    }
    expect((await cli(['health'], at(app))).code).toBe(1);
  });

  it('a backup takes the place of the store, and what was there is kept', async () => {
    expect((await cli(['backup', 'copy.db'], at(app))).code).toBe(0);
    const { code, out } = await cli(['restore', 'copy.db'], at(app));
    expect(code).toBe(0);
    expect(out).toMatch(/is kept as .*before-restore/);
    expect((await cli(['tasks', '--format', 'jsonl'], at(app))).out).toMatch(/kling-v1/);
  });
});

describe('without a sidecar or a store', () => {
  const cwd = path.join(import.meta.dirname, 'nowhere');
  const env = { KLING_SIDECAR__CONTROL__PORT: '1' };

  it('reading commands say that nothing has run yet', async () => {
    const { code, err } = await cli(['status'], { cwd, env });
    expect(code).toBe(1);
    expect(err).toMatch(/No sidecar runs, and there is no store at .*kling-sidecar start makes one/);
  });

  it('config check and print answer from config and environment alone', async () => {
    const good = await cli(['config', 'check'], { cwd, env: { KLING_API_KEY: 'key' } });
    expect(good).toEqual({
      code: 0,
      err: '',
      out: expect.stringMatching(/defaults, no file\. Kling credentials: KLING_API_KEY/) as string,
    });
    const printed = await cli(['config', 'print', '--json'], {
      cwd,
      env: { ...env, KLING_API_KEY: 'canary-key' },
    });
    expect(printed.out).not.toContain('canary-key');
    const { config } = JSON.parse(printed.out) as { config: unknown[] };
    expect(config).toContainEqual({
      key: 'control.port',
      value: 1,
      origin: 'env:KLING_SIDECAR__CONTROL__PORT',
    });
    expect(config).toContainEqual({ key: 'KLING_API_KEY', value: '[redacted]', origin: 'env:KLING_API_KEY' });
  });

  it('exit codes are 2 for bad usage and bad config, 0 for help, and errors go to standard error', async () => {
    const wrong: [args: string[], err: RegExp][] = [
      [['nonsense'], /unknown command 'nonsense'/],
      [['statsu'], /Did you mean status/],
      [['usage', '--by', 'colour'], /Some of app, operation/],
      [['tasks', '--limit', '0'], /from 1 to 999999999/],
      [['freeze'], /--reason/],
      [['config', 'check', '--config', 'gone.json'], /gone\.json/],
      [['--config', 'gone.json', 'status'], /gone\.json/],
      [['start'], /No Kling credentials/],
      [[], /No Kling credentials/],
    ];
    for (const [args, err] of wrong) {
      const run = await cli(args, { cwd });
      expect(run, args.join(' ')).toMatchObject({ code: 2, out: '' });
      expect(run.err).toMatch(err);
    }
    const bad = await cli(['config', 'check'], { cwd, env: { KLING_SIDECAR__MODE: 'off' } });
    expect(bad).toMatchObject({
      code: 2,
      err: expect.stringMatching(/mode \(set by KLING_SIDECAR__MODE\) is "off"/) as string,
    });
    expect(await cli(['--help'], { cwd })).toMatchObject({ code: 0, err: '' });
    expect(await cli(['--version'], { cwd })).toMatchObject({
      code: 0,
      out: expect.stringMatching(/^\d+\.\d+\.\d+\n$/) as string,
    });
  });

  it('an address in use is named, and another program there is no control plane', async () => {
    const server = createServer((request, response) => response.end('{}')).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const port = String((server.address() as AddressInfo).port);
    const emulate = await cli(['emulate', '--port', port], { cwd });
    expect(emulate).toMatchObject({
      code: 2,
      err: expect.stringContaining(`cannot listen on 127.0.0.1:${port} (another program`) as string,
    });
    const status = await cli(['status'], { cwd, env: { KLING_SIDECAR__CONTROL__PORT: port } });
    expect(status).toMatchObject({
      code: 1,
      err: expect.stringMatching(/no sidecar’s control plane/) as string,
    });
    server.close();
  });

  it('every command has help with a description and --config', async () => {
    const { out } = await cli(['--help'], { cwd });
    const names = [
      'start',
      'demo',
      'emulate',
      'config',
      'estimate',
      'status',
      'tasks',
      'usage',
      'budget',
      'holds',
      'ledger',
      'freeze',
      'unfreeze',
      'backup',
      'restore',
      'health',
    ];
    for (const name of names) {
      expect(out).toMatch(new RegExp(`^  ${name}\\b`, 'm'));
      const help = await cli([name, '--help'], { cwd });
      expect(help.code).toBe(0);
      expect(help.out).toContain('--config <path>');
    }
  });
});
