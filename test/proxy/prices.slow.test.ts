/** Unsure prices in answers and in the log, and budgets that apply to every name of a model. */
import { afterEach, describe, expect, it } from 'vitest';
import { post, textToVideo, type Got } from '../app/calls.ts';
import type { StartedApp, StartOptions } from '../app/start-app.ts';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { startProxy } from './proxy-app.ts';

const T2V = '/v1/videos/text2video';
const AVATAR = '/v1/videos/avatar/image2video';
const NOTES = 'x-kling-sidecar-notes';
const HELD = 'x-kling-credits-held';

const started: StartedApp[] = [];
const stopAll = async (): Promise<void> => {
  for (const one of started.splice(0)) await one.stop();
};
afterEach(stopAll);

/** Gives the lines of the log that have all these words, once the app has ended and written them. */
async function linesWith(pieces: readonly string[], ...words: string[]): Promise<string[]> {
  await stopAll();
  const lines = pieces.join('').split('\n');
  return lines.filter((line) => words.every((word) => line.includes(word)));
}
async function start(
  config: NonNullable<StartOptions['config']> = {},
  options: Omit<StartOptions, 'config'> = {},
): Promise<StartedApp> {
  const one = await startProxy(config, options);
  started.push(one);
  return one;
}
const create = (
  one: StartedApp,
  target: string,
  body: unknown,
  headers: Record<string, string> = {},
): Promise<Got> => post(one.dataUrl + target, body, headers);

describe('a price that is not sure', () => {
  it('is in the answer’s notes, with the name of the field, and in the log once for each field and app', async () => {
    const lines: string[] = [];
    const one = await start({}, { logTo: { write: (text) => void lines.push(text) } });
    const body = textToVideo({ generate_audio: true });
    for (const app of ['web', 'web', 'batch']) {
      const { status, headers } = await create(one, T2V, body, { 'x-kling-app': app });
      expect(status).toBe(200);
      expect(headers[NOTES]).toBe('the field generate_audio is not documented and may raise the price');
      expect(headers[HELD]).toBe('10');
    }
    expect(await linesWith(lines, '"generate_audio"')).toHaveLength(2);
  });

  it('has no notes if it is sure', async () => {
    const one = await start();
    const { status, headers } = await create(one, T2V, textToVideo());
    expect(status).toBe(200);
    expect(headers).not.toHaveProperty(NOTES);
  });

  it('keeps its notes to plain ASCII of 500 characters, for every name of a field', async () => {
    const one = await start();
    const odd = { bild_länge_audio: 1 };
    const fields = Object.fromEntries(Array.from({ length: 19 }, (_, index) => [`a${index}_audio_field`, 1]));
    const nested = await create(one, T2V, textToVideo({ extra: odd }));
    expect(nested.headers[NOTES]).toContain('extra.bild_l?nge_audio');
    const long = String((await create(one, T2V, textToVideo(fields))).headers[NOTES]);
    expect(long).toMatch(/^[\x20-\x7e]{490,500}$/);
    expect(long.endsWith('...')).toBe(true);
  });

  it('is also in a refusal, since it may be the reason', async () => {
    const one = await start({ creates: { maxCreditsEach: 100 } });
    const { status, headers } = await create(one, T2V, { ...textToVideo(), model_name: 'kling-v9' });
    expect(status).toBe(403);
    expect(headers[NOTES]).toBe('the model is not in the price list: priced at the dearest that fits');
  });
});

describe('lengths that callers say', () => {
  const avatar = { image: 'https://example.com/a.png', sound_file: 'https://example.com/a.mp3' };
  const say = (seconds: string): Record<string, string> => ({ 'x-kling-expected-seconds': seconds });

  it('lower a price to no less than that of the shortest length', async () => {
    const one = await start({ budgets: [{ name: 'small', credits: 20, window: 'total' }] });
    const held: unknown[] = [];
    for (let index = 0; index < 4; index += 1) {
      const { status, headers } = await create(one, AVATAR, avatar, say('0.001'));
      held.push(status === 403 ? 'refused' : headers[HELD]);
    }
    expect(held).toEqual(['8', '8', 'refused', 'refused']);
  });

  it('are not used if the config does not trust them', async () => {
    const one = await start({ creates: { trustExpectedSeconds: false } });
    const { headers } = await create(one, AVATAR, avatar, say('10'));
    expect(headers[HELD]).toBe('1200');
    expect(headers[NOTES]).toContain('x-kling-expected-seconds is not used');
  });

  it('are trusted or not by app, which overrides the rest', async () => {
    const folder = await mkdtemp(path.join(tmpdir(), 'kling-sidecar-trust-'));
    const app = async (name: string, more: Record<string, unknown>): Promise<Record<string, unknown>> => {
      const keyFile = path.join(folder, name);
      await writeFile(keyFile, `${name}-key-aaaaaaaaaaaaaaaaaaaaaaaaaaaa\n`);
      await chmod(keyFile, 0o600);
      return { name, keyFile, ...more };
    };
    const one = await start({
      creates: { trustExpectedSeconds: false },
      apps: [await app('studio', { trustExpectedSeconds: true }), await app('batch', {})],
    });
    const heldBy = async (name: string): Promise<unknown> => {
      const authorization = `Bearer ${name}-key-aaaaaaaaaaaaaaaaaaaaaaaaaaaa`;
      return (await create(one, AVATAR, avatar, { ...say('10'), authorization })).headers[HELD];
    };
    expect(await heldBy('studio')).toBe('40');
    expect(await heldBy('batch')).toBe('1200');
    await rm(folder, { recursive: true, force: true });
  });
});

describe('a budget for one model', () => {
  const all = { name: 'all', credits: 1_000_000, window: 'total' };
  const of = (model: string, credits = 1): StartOptions['config'] => ({
    budgets: [all, { name: 'model', credits, window: 'total', match: { model } }],
  });

  it.each([
    ['kling-2.6', T2V, { model_name: 'kling-v2-6' }],
    ['kling-v2.6', T2V, { model_name: 'kling-2.6' }],
    ['kling-v2-6', '/text-to-video/kling-2.6', {}],
    ['kling-v4', '/text-to-video/kling-4.0', {}],
    ['kling-v9', T2V, { model_name: 'kling-v9' }],
    ['kling-v9', '/text-to-video/kling-9.0', {}],
    ['kling-v3', T2V, { model_name: 'KLING-V3' }],
    ['other', T2V, { model_name: 'kling-v9' }],
  ])('binds for %s: %s %j is refused above it', async (...[model, target, body]) => {
    const one = await start(of(model));
    const { status, json } = await create(one, target, { prompt: 'a boat', ...body });
    expect([status, json.data['word'], json.data['budget']]).toEqual([403, 'budget_exceeded', 'model']);
  });

  it('does not bind for another model', async () => {
    const one = await start(of('kling-v9'));
    expect((await create(one, T2V, textToVideo())).status).toBe(200);
    expect((await create(one, '/text-to-video/kling-2.6', { prompt: 'a boat' })).status).toBe(200);
  });

  it('counts and limits a new model under its own name after a reload names it', async () => {
    const one = await start({ budgets: [all] });
    const v9 = { ...textToVideo(), model_name: 'kling-v9' };
    await create(one, T2V, v9);
    await one.reload(of('kling-v9', 100) ?? {});
    expect((await create(one, T2V, v9)).json.data['budget']).toBe('model');
    await one.reload({ budgets: [all], limits: { concurrency: { 'kling-v9': 1 }, queueWaitMsMax: 0 } });
    const status = (await (await fetch(`${one.controlUrl}/v1/status`)).json()) as { pools: unknown[] };
    expect(status.pools).toContainEqual(expect.objectContaining({ name: 'kling-v9', limit: 1 }));
  });
});

describe('Kling 4.0', () => {
  it('is held at its assumed price, with nothing written into its body, and warned of in the log', async () => {
    const lines: string[] = [];
    const one = await start({}, { logTo: { write: (text) => void lines.push(text) } });
    const body = { prompt: 'a boat', settings: { duration: 5 } };
    const { status, headers } = await create(one, '/text-to-video/kling-4.0', body);
    expect(status).toBe(200);
    expect(headers[HELD]).toBe('56');
    expect(headers[NOTES]).toMatch(/^the price is assumed: prices of resellers of Kling 4\.0/);
    expect(headers).not.toHaveProperty('x-kling-external-task-id');
    expect(await linesWith(lines, '"kling-v4"', 'is assumed')).toHaveLength(1);
  });
});
