import { createHash } from 'node:crypto';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { get } from '../app/calls.ts';
import { startApp, type StartedApp, type StartOptions } from '../app/start-app.ts';
import { runBeside } from './smoke-rig.ts';

let app: StartedApp;
afterEach(() => app.stop());

const start = async (options: StartOptions = {}): Promise<void> => void (app = await startApp(options));
const smoke = (...args: string[]) => runBeside(app, ['smoke', ...args]);
const posts = (): number => app.emulator.requests().filter(({ method }) => method === 'POST').length;
const files = async (): Promise<string[]> =>
  (await readdir(app.folder)).filter((name) => name.startsWith('smoke-'));

describe('smoke', () => {
  it('shows the price and sends nothing without --yes', async () => {
    await start();
    const { code, out, err } = await smoke();
    expect([code, err]).toEqual([2, '']);
    expect(out).toMatch(
      /^ok {4}price +One video of 5 s with kling-v1, mode std, no sound: 10 credits, 0\.14 USD\.$/m,
    );
    expect(out).toMatch(/\nNothing was sent\. To make it: the same command with --yes\.\n$/);
    expect(app.emulator.requests()).toEqual([]);
  });

  it('makes one video, checks its file to the last byte, and compares what it cost', async () => {
    await start();
    const { code, out, err } = await smoke('--yes');
    expect([code, err]).toEqual([0, '']);
    expect(out).toMatch(/\n\nREADY FOR PRODUCTION\n$/);
    const steps = out.split('\n').flatMap((line) => /^(\S+) +(\w+) /.exec(line)?.slice(1, 3).join(' ') ?? []);
    expect(steps.filter((step) => step.startsWith('ok'))).toEqual([
      'ok sidecar',
      'ok price',
      'ok create',
      'ok task',
      'ok result',
      'ok download',
      'ok file',
      'ok deduction',
    ]);
    expect(out).toMatch(/^note {2}sidecar .* is this machine: this is no Kling/m);
    const [name = ''] = await files();
    const content = await readFile(path.join(app.folder, name));
    expect(out).toContain(`SHA-256 ${createHash('sha256').update(content).digest('hex')}.`);
    const taskId = /^smoke-(\d+)\.mp4$/.exec(name)?.[1];
    const { json } = await get(`${app.controlUrl}/v1/tasks/${taskId}`);
    expect(json).toMatchObject({ state: 'succeeded', tag: 'sidecar-smoke', settledCredits: 10 });
    expect(posts()).toBe(1);
    const fetched = app.emulator.requests().filter((asked) => asked.path.startsWith('/files/'));
    expect(fetched).toHaveLength(1);
    expect(fetched[0]?.headers['authorization']).toBeUndefined();
  });

  it('makes an image where that is wanted, and prints all of it as JSON', async () => {
    await start();
    const { code, out } = await smoke('--yes', '--product', 'image', '--json', '--out', 'seen.png');
    expect(code).toBe(0);
    const answer = JSON.parse(out) as { steps: { level: string }[] };
    expect(answer).toMatchObject({
      ready: true,
      end: 'ready',
      failedStep: null,
      price: { model: 'kling-v2-1', credits: 1 },
      heldCredits: 1,
      deductedCredits: 1,
      file: { path: path.join(app.folder, 'seen.png'), type: 'image/png' },
    });
    expect(answer.steps).toHaveLength(9);
  });

  it('takes the cheapest model by the prices of the config, or the one that is named', async () => {
    const overrides = [{ operation: 'text-to-video', model: 'kling-v2-6', credits: 4 }];
    await start({ config: { pricing: { overrides } } });
    expect((await smoke()).out).toMatch(/with kling-v2-6, mode std, no sound: 4 credits, 0\.056 USD/);
    const named = await smoke('--model', 'kling-v3');
    expect(named.out).toMatch(/One video of 3 s with kling-v3, mode std, no sound: 18 credits/);
    const wrong = await smoke('--product', 'image', '--model', 'kling-v1');
    expect([wrong.code, wrong.err]).toEqual([
      2,
      'kling-sidecar: --model kling-v1 makes no image: name one of kling-v2-1, kling-v3.\n',
    ]);
  });

  it('overwrites no file, and says so before anything is sent', async () => {
    await start();
    await writeFile(path.join(app.folder, 'mine.mp4'), 'mine');
    const { code, err } = await smoke('--yes', '--out', 'mine.mp4');
    expect([code, err]).toEqual([
      2,
      'kling-sidecar: --out mine.mp4 is there already: name another file, nothing is overwritten.\n',
    ]);
    const nowhere = await smoke('--yes', '--out', 'missing/mine.mp4');
    expect([nowhere.code, nowhere.err]).toEqual([
      2,
      expect.stringMatching(
        /The result could not be saved: there is no folder \S+missing\. Name another place/,
      ),
    ]);
    expect(posts()).toBe(0);
  });

  it('calls as a configured app, with its key or its signature', async () => {
    await start();
    const keyFile = path.join(app.folder, 'app.key');
    await writeFile(keyFile, 'an-app-key-that-is-long-enough', { mode: 0o600 });
    const apps = [
      { name: 'web', keyFile },
      { name: 'batch', accessKey: 'batch-access', secretKeyFile: keyFile },
    ];
    await app.reload({ apps });
    expect((await smoke('--yes')).code).toBe(0);
    expect((await smoke('--yes', '--product', 'image', '--app', 'batch')).code).toBe(0);
    const { json } = await get(`${app.controlUrl}/v1/tasks`);
    const { tasks } = json as unknown as { tasks: { app: string }[] };
    expect(tasks.map((task) => task.app)).toEqual(['batch', 'web']);
    const unknown = await smoke('--yes', '--app', 'other-app');
    expect(unknown).toMatchObject({
      code: 2,
      err: expect.stringContaining('name one of web, batch') as string,
    });
  });
});

describe('smoke without a sidecar', () => {
  it('says that it needs one, and how to start it', async () => {
    await start();
    await app.app.stop();
    const { code, out } = await smoke('--yes', '--json');
    expect(code).toBe(1);
    expect(JSON.parse(out)).toMatchObject({
      ready: false,
      failedStep: 'sidecar',
      steps: [{ name: 'sidecar', level: 'fail', advice: 'Start it: kling-sidecar start.' }],
    });
  });
});
