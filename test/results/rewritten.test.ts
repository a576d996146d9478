import { createHash } from 'node:crypto';
import { readFileSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { request } from 'undici';
import { afterEach, describe, expect, it } from 'vitest';
import { anotherVideo, get, post, until } from '../app/calls.ts';
import { startApp, type StartedApp, type StartOptions } from '../app/start-app.ts';

let started: StartedApp | null = null;
let proxy: Server | null = null;
afterEach(async () => {
  await started?.stop();
  proxy?.close();
  proxy?.closeAllConnections();
  [started, proxy] = [null, null];
});

const results = { keep: true, dir: 'results', rewriteUrls: true };
const start = async (options: StartOptions = {}): Promise<StartedApp> =>
  (started = await startApp({ config: { results }, ...options }));

const create = async (
  app: StartedApp,
  target = '/v1/videos/text2video',
  body = anotherVideo(),
): Promise<string> => {
  const { json } = await post(`${app.dataUrl}${target}`, body);
  return String(json.data['task_id'] ?? json.data['id']);
};
const newVideo = (): Record<string, unknown> => ({
  prompt: String(anotherVideo()['prompt']),
  settings: { duration: 5 },
});

interface Kept {
  position: number;
  state: string;
  bytes: number;
  sha256: string;
  url: string;
  expiresAt: string;
}
const keptOf = async (app: StartedApp, taskId: string): Promise<Kept[]> => {
  const { json } = await get(`${app.controlUrl}/v1/tasks/${taskId}`);
  const shown = (json as unknown as { results?: { file: Kept | null }[] }).results ?? [];
  return shown.flatMap(({ file }) => file ?? []);
};
const savedOf = (app: StartedApp, taskId: string): Promise<Kept> =>
  until('the file is saved', async () => (await keptOf(app, taskId)).find(({ state }) => state === 'saved'));

const textOf = async (url: string, headers: Record<string, string> = {}) => {
  const answer = await request(url, { headers });
  return { headers: answer.headers, bytes: Buffer.from(await answer.body.arrayBuffer()) };
};
const klingUrl = ({ folder }: StartedApp): string => {
  const config = JSON.parse(readFileSync(path.join(folder, 'sidecar.config.json'), 'utf8')) as {
    upstream: { baseUrl: string };
  };
  return config.upstream.baseUrl;
};
/** The answer as Kling gives it. */
const klingText = async (app: StartedApp, target: string): Promise<string> => {
  const { bytes } = await textOf(`${klingUrl(app)}${target}`, { authorization: 'Bearer emulator-key' });
  return bytes.toString();
};
const addressIn = (text: string): string => /"url":\s*"([^"]+)"/.exec(text)?.[1] ?? '';
const withoutRequestId = (text: string): string => text.replace(/"request_id":\s*"[^"]*"/, '""');

describe('addresses of kept results in what apps read', () => {
  it('are ours once a file is saved, in a single read and both lists, and serve its bytes', async () => {
    const app = await start();
    const id = await create(app);
    const kept = await savedOf(app, id);
    const target = `/v1/videos/text2video/${id}`;
    const [own, theirs] = [await textOf(`${app.dataUrl}${target}`), await klingText(app, target)];
    const ours = addressIn(own.bytes.toString());
    expect(ours).toBe(kept.url);
    expect(ours).toMatch(new RegExp(`^${app.controlUrl}/v1/results/${id}/1\\.mp4\\?expires=\\d+&token=`));
    // Exactly that string differs.
    expect(withoutRequestId(own.bytes.toString()).replace(ours, addressIn(theirs))).toBe(
      withoutRequestId(theirs),
    );
    expect(own.headers['content-length']).toBe(String(own.bytes.length));
    expect(own.headers['x-kling-sidecar-rewritten']).toBe('1');
    const file = await textOf(ours);
    expect(createHash('sha256').update(file.bytes).digest('hex')).toBe(kept.sha256);
    expect(file.headers['content-type']).toBe('video/mp4');
    const list = await textOf(`${app.dataUrl}/v1/videos/text2video?pageNum=1&pageSize=30`);
    expect(list.bytes.toString()).toContain(ours);

    const other = await create(app, '/text-to-video/kling-3.0', newVideo());
    const { url } = await savedOf(app, other);
    const byIds = await textOf(`${app.dataUrl}/tasks?task_ids=${other}`);
    expect(byIds.bytes.toString()).toContain(url);
    const cursor = await post(`${app.dataUrl}/tasks`, { limit: 50 });
    expect(JSON.stringify(cursor.json)).toContain(url);
  });

  it('stay Kling’s while a file is not saved, where rewriting is off, and in observe mode', async () => {
    const app = await start();
    app.emulator.addFault({ kind: 'file_expired', times: 'always' });
    const id = await create(app);
    await until('the file is known', async () => (await keptOf(app, id)).length > 0);
    const target = `/v1/videos/text2video/${id}`;
    const isKlings = async (): Promise<boolean> => {
      const own = await textOf(`${app.dataUrl}${target}`);
      const isSame =
        withoutRequestId(own.bytes.toString()) === withoutRequestId(await klingText(app, target));
      return isSame && own.headers['x-kling-sidecar-rewritten'] === undefined;
    };
    expect(await isKlings()).toBe(true);
    app.emulator.clearFaults();
    const another = await create(app);
    await savedOf(app, another);
    const isOurs = async (): Promise<boolean> => {
      const own = await textOf(`${app.dataUrl}/v1/videos/text2video/${another}`);
      return own.headers['x-kling-sidecar-rewritten'] === '1';
    };
    expect(await isOurs()).toBe(true);
    await app.reload({ results: { ...results, rewriteUrls: false } });
    expect(await isOurs()).toBe(false);
    await app.reload({ results, mode: 'observe' });
    expect(await isOurs()).toBe(false);
    await app.reload({ results });
    expect(await isOurs()).toBe(true);
  });

  it('are written into an answer that a proxy compresses, and a large answer passes as it came', async () => {
    const emulator = await start();
    const id = await create(emulator);
    await savedOf(emulator, id);
    const folder = emulator.folder;
    const kling = klingUrl(emulator);
    let padding = '';
    proxy = createServer((incoming, outgoing) => {
      void (async () => {
        const answer = await textOf(`${kling}${incoming.url}`, { authorization: 'Bearer emulator-key' });
        const text = answer.bytes.toString().replace('"message"', `"padding":"${padding}","message"`);
        outgoing.writeHead(200, { 'content-type': 'application/json', 'content-encoding': 'gzip' });
        outgoing.end(gzipSync(text));
      })();
    });
    await new Promise<void>((resolve) => proxy?.listen(0, '127.0.0.1', resolve));
    const { port } = proxy.address() as AddressInfo;
    await emulator.app.stop();
    const app = (started = await startApp({
      config: { results, tasks: { poll: false } },
      folder,
      baseUrl: `http://127.0.0.1:${port}`,
    }));
    const target = `${app.dataUrl}/v1/videos/text2video/${id}`;
    const plain = await textOf(target, { 'accept-encoding': 'gzip' });
    expect(plain.headers['content-encoding']).toBeUndefined();
    expect(addressIn(plain.bytes.toString())).toMatch(/\/v1\/results\//);
    padding = 'x'.repeat(2_000_000);
    const large = await textOf(target, { 'accept-encoding': 'gzip' });
    const text = (large.headers['content-encoding'] ? gunzipSync(large.bytes) : large.bytes).toString();
    expect(addressIn(text)).not.toMatch(/\/v1\/results\//);
    expect(text.length).toBeGreaterThan(2_000_000);
    await emulator.emulator.stop();
  });

  it('name the configured public address, whose host the control plane then answers for files alone', async () => {
    const publicUrl = 'https://media.example.com';
    const app = await start({ config: { results: { ...results, publicUrl, urlDays: 1 } } });
    const id = await create(app);
    const { url } = await savedOf(app, id);
    expect(url).toMatch(/^https:\/\/media\.example\.com\/v1\/results\//);
    const own = await textOf(`${app.dataUrl}/v1/videos/text2video/${id}`);
    expect(addressIn(own.bytes.toString())).toBe(url);
    const { pathname, search } = new URL(url);
    const answer = await request(`${app.controlUrl}${pathname}${search}`, {
      headers: { host: 'media.example.com' },
    });
    expect(answer.statusCode).toBe(200);
    await answer.body.dump();
    rmSync(path.join(app.folder, 'results'), { recursive: true });
    const gone = await request(`${app.controlUrl}${pathname}${search}`);
    expect(gone.statusCode).toBe(404);
    await gone.body.dump();
  });
});

describe('usage', () => {
  it('has the files of each create', async () => {
    const app = await start();
    const id = await create(app);
    const { bytes } = await savedOf(app, id);
    const { json } = await get(`${app.controlUrl}/v1/usage`);
    const rows = (json as unknown as { rows: { task_id: string; results: unknown }[] }).rows;
    expect(rows.find(({ task_id }) => task_id === id)?.results).toEqual({ count: 1, saved: 1, bytes });
  });
});
