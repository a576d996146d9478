import { createHash } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { request } from 'undici';
import { afterEach, describe, expect, it } from 'vitest';
import { anotherVideo, get, post, until } from '../app/calls.ts';
import { startApp, type StartedApp, type StartOptions } from '../app/start-app.ts';
import { BUCKET_KEYS, startBucketServer, type BucketServer } from './bucket-server.ts';

let started: StartedApp | null = null;
let server: BucketServer | null = null;
afterEach(async () => {
  await started?.stop();
  await server?.stop();
  [started, server] = [null, null];
});

const start = async (bucket: BucketServer, options: StartOptions = {}): Promise<StartedApp> => {
  const s3 = { endpoint: bucket.url, bucket: 'results', prefix: 'kling/' };
  return (started = await startApp({
    config: { results: { keep: true, dir: 'results', s3 } },
    env: { KLING_API_KEY: 'emulator-key', ...BUCKET_KEYS },
    ...options,
  }));
};
const create = async (app: StartedApp): Promise<string> => {
  const { json } = await post(`${app.dataUrl}/v1/videos/text2video`, anotherVideo());
  return String(json.data['task_id']);
};
interface Kept {
  state: string;
  bytes: number;
  sha256: string;
  reason: string | null;
}
const keptOf = async (app: StartedApp, taskId: string): Promise<Kept | undefined> => {
  const { json } = await get(`${app.controlUrl}/v1/tasks/${taskId}`);
  const shown = (json as unknown as { results?: { file: Kept | null }[] }).results ?? [];
  return shown[0]?.file ?? undefined;
};
const savedOf = (app: StartedApp, taskId: string): Promise<Kept> =>
  until('the file is saved', async () => {
    const kept = await keptOf(app, taskId);
    return kept?.state === 'saved' && kept;
  });
const filesHere = async ({ folder }: StartedApp): Promise<string[]> => {
  const names = await readdir(path.join(folder, 'results'), { recursive: true }).catch(() => []);
  return names.filter((name) => /\.(mp4|part)$/.test(name));
};
const contentOf = async (app: StartedApp, taskId: string, range?: string): Promise<Buffer> => {
  const headers = range === undefined ? {} : { range };
  const answer = await request(`${app.controlUrl}/v1/results/${taskId}/1`, { headers });
  return Buffer.from(await answer.body.arrayBuffer());
};

describe('results in a bucket', () => {
  it('are stored there, served from there, whole and in parts, and leave nothing on this disk', async () => {
    server = await startBucketServer();
    const app = await start(server);
    const id = await create(app);
    const kept = await savedOf(app, id);
    const [key = ''] = await server.keys();
    expect(key).toMatch(/^kling\/\d{4}-\d\d-\d\d\/hold_\w+-1\.mp4$/);
    const whole = await contentOf(app, id);
    expect(createHash('sha256').update(whole).digest('hex')).toBe(kept.sha256);
    expect((await contentOf(app, id, 'bytes=8-15')).equals(whole.subarray(8, 16))).toBe(true);
    expect(await filesHere(app)).toEqual([]);
  });

  it('wait on this disk while the bucket is away, and are stored without a second download', async () => {
    server = await startBucketServer();
    const app = await start(server);
    await server.pause();
    const id = await create(app);
    await until('a try has failed', async () => (await keptOf(app, id))?.reason === 'bucket');
    const asked = await request(`${app.controlUrl}/v1/results/${id}/1`);
    await asked.body.dump();
    expect(asked.statusCode).toBe(404);
    app.emulator.addFault({ kind: 'file_expired', times: 'always' });
    await server.resume();
    const kept = await savedOf(app, id);
    expect((await contentOf(app, id)).length).toBe(kept.bytes);
    expect(await filesHere(app)).toEqual([]);
  });

  it('need their credentials at the start', async () => {
    server = await startBucketServer();
    await expect(start(server, { env: { KLING_API_KEY: 'emulator-key' } })).rejects.toThrow(
      'KLING_SIDECAR_S3_ACCESS_KEY_ID is not set, and results.s3 needs it',
    );
  });
});
