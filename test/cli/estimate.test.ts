/** The estimate with and without a running sidecar, and what it says of prices that are not sure. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { post } from '../app/calls.ts';
import { startApp } from '../app/start-app.ts';
import { cli } from './run-cli.ts';

const T2V = '/v1/videos/text2video';
const BATCH = [
  { path: '/v1/videos/brand-new', body: { anything: 1 } },
  { path: T2V, body: { model_name: 'kling-v9' } },
  { path: T2V, body: { model_name: 'kling-v3-omni', mode: 'std' } },
  { path: T2V, body: { prompt: 'a', generate_audio: true } },
  { path: '/v1/videos/avatar/image2video', body: { image: 'u' } },
  { path: '/v1/videos/effects', body: { effect_scene: 'hug' } },
  { path: '/kling/v1/videos/text2video', body: { prompt: 'a' } },
  { path: '/v1/videos/TEXT2VIDEO', body: { prompt: 'a' } },
  { path: '/text-to-video/kling-9.0', body: { prompt: 'a' } },
  { path: '/account/costs', body: {} },
];

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'kling-sidecar-estimate-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('an estimate with a sidecar and one without', () => {
  it.each(['hold', 'pass', 'refuse'])('are equal where unknown routes are to %s', async (unknownRoute) => {
    const config = {
      creates: { unknownRoute, maxCreditsEach: 400 },
      listen: { port: 0, stripPrefixes: ['/kling'] },
      budgets: [
        { name: 'all', credits: 1000, window: 'total' },
        { name: 'nine', credits: 100, window: 'total', match: { model: 'kling-v9' } },
      ],
      pricing: {
        overrides: [{ operation: 'effects', credits: 20, from: '2026-01-01' }],
        assumeSeconds: { avatar: 60 },
      },
    };
    const app = await startApp({ config, folder });
    const live = await post(`${app.controlUrl}/v1/estimate`, { requests: BATCH });
    expect(live.status).toBe(200);
    await app.stop({ keep: true });
    const file = path.join(folder, 'batch.jsonl');
    await writeFile(file, BATCH.map((line) => JSON.stringify(line)).join('\n'));
    const alone = await cli(['estimate', file, '--json'], { cwd: folder });
    expect(alone.err).toBe('');
    expect(JSON.parse(alone.out)).toEqual(live.json);
    const held = { hold: 450, pass: 0, refuse: 450 }[unknownRoute];
    expect((live.json as unknown as { requests: unknown[] }).requests[0]).toMatchObject({
      credits: null,
      heldCredits: held,
    });
  });

  it('count an app’s own highest price', async () => {
    await writeFile(path.join(folder, 'studio.key'), 'studio-key-aaaaaaaaaaaaaaaaaaaaaaaaaaaa\n', {
      mode: 0o600,
    });
    const apps = [{ name: 'studio', keyFile: 'studio.key', maxCreditsEach: 5 }];
    const app = await startApp({ config: { apps, budgets: [] }, folder });
    const requests = [{ path: T2V, body: { prompt: 'a' } }];
    const live = await post(`${app.controlUrl}/v1/estimate`, { requests, app: 'studio' });
    expect(live.json).toMatchObject({
      requests: [{ refusal: expect.stringContaining('task_too_expensive') }],
    });
    await app.stop({ keep: true });
    const stdin = JSON.stringify({ path: T2V, body: { prompt: 'a' } });
    const alone = await cli(['estimate', '-', '--json', '--app', 'studio'], { cwd: folder, stdin });
    expect(JSON.parse(alone.out)).toEqual(live.json);
  });
});

describe('the estimate’s table', () => {
  it('names fields that may cost and models that are not known, each once with its lines', async () => {
    const stdin = BATCH.slice(1, 5)
      .map((line) => JSON.stringify(line))
      .join('\n');
    const { out } = await cli(['estimate', '-'], { cwd: folder, stdin });
    expect(out).toContain('line 1: the model is not in the price list: priced at the dearest that fits.');
    expect(out).toContain('line 2: kling-v3-omni is not sold on this route: priced at its own rate.');
    expect(out).toContain('line 3: the field generate_audio is not documented and may raise the price.');
    expect(out).toContain('line 4: a length of 300 s is assumed: only the media know it.');
    const nine = `${JSON.stringify({ path: T2V, body: { model_name: 'kling-v9' } })}\n`;
    const many = await cli(['estimate', '-'], { cwd: folder, stdin: nine.repeat(5) });
    expect(many.out).toContain('line 1, 2, 3 and 2 more: the model is not');
    expect(many.out).not.toContain('only the media know');
  });
});
