import { readdir, readFile, writeFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, expect, it, vi } from 'vitest';
import { startApp, type StartedApp } from '../app/start-app.ts';
import { get, post, textToVideo, until } from '../app/calls.ts';
import { startCollector } from '../telemetry/collector.ts';

const CANARIES = {
  key: 'canary-kling-key-8f3a91',
  app: 'canary-app-key-77be02',
  token: 'canary-control-token-5d1c44',
  collector: 'canary-collector-key-19c7be',
};
/** May be in answers and, masked, in the store; never in what leaves for operators. */
const PROMPT = 'canary-prompt-2f60d7';

let folder = '';
let started: StartedApp | null = null;
const collector = await startCollector();
afterAll(async () => {
  vi.unstubAllEnvs();
  await collector.stop();
  await started?.stop({ keep: true });
  await rm(folder, { recursive: true, force: true });
});

/** Every file below a folder, as bytes. */
async function filesBelow(root: string): Promise<Map<string, Buffer>> {
  const found = new Map<string, Buffer>();
  for (const name of await readdir(root, { recursive: true, withFileTypes: true })) {
    const file = path.join(name.parentPath, name.name);
    if (name.isFile()) found.set(path.relative(root, file), await readFile(file));
  }
  return found;
}

it('shows no secret in any answer, log line, metric, export or file, at any failure', async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'kling-sidecar-canary-'));
  const secretsFolder = await mkdtemp(path.join(tmpdir(), 'kling-sidecar-canary-secrets-'));
  const appKeyFile = path.join(secretsFolder, 'shop.key');
  await writeFile(appKeyFile, CANARIES.app, { mode: 0o600 });
  const otlp = {
    OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
    OTEL_EXPORTER_OTLP_HEADERS: `authorization=Bearer%20${CANARIES.collector}`,
    OTEL_BSP_SCHEDULE_DELAY: '5',
    OTEL_METRIC_EXPORT_INTERVAL: '100',
  };
  for (const [name, value] of Object.entries(otlp)) vi.stubEnv(name, value);
  let log = '';
  started = await startApp({
    folder,
    logTo: { write: (text) => void (log += text) },
    env: { KLING_API_KEY: CANARIES.key, KLING_SIDECAR_CONTROL_TOKEN: CANARIES.token, ...otlp },
    emulator: { apiKey: CANARIES.key },
    config: {
      apps: [{ name: 'shop', keyFile: appKeyFile }],
      budgets: [{ name: 'daily', credits: 40, window: 'day' }],
    },
  });
  const { dataUrl, controlUrl, emulator, app } = started;
  const shop = { authorization: `Bearer ${CANARIES.app}` };
  const seen: unknown[] = [];
  const video = `${dataUrl}/v1/videos/text2video`;
  seen.push(await post(video, textToVideo({ prompt: PROMPT }), shop));
  seen.push(await post(video, textToVideo(), { authorization: `Bearer ${CANARIES.collector}` }));
  seen.push(await post(video, textToVideo(), { authorization: `Bearer ${CANARIES.app}x` }));
  seen.push(await post(`${dataUrl}/nowhere/to/go`, textToVideo(), shop));
  seen.push(await post(video, '{"prompt":"a","prompt":1}', shop));
  const kinds = ['reset_after_charge', 'truncate', 'missing_task_id', 'code_nonzero_200'] as const;
  for (const kind of kinds) emulator.addFault({ kind, match: { method: 'POST', path: '/v1/' } });
  const hurried = { ...shop, 'x-kling-timeout-ms': '8001' };
  seen.push(await Promise.all(kinds.map(() => post(video, textToVideo(), hurried))));
  seen.push(await get(`${video}/123456789012345678`, shop));
  const order = { authorization: `Bearer ${CANARIES.token}` };
  seen.push(await post(`${controlUrl}/v1/freeze`, { reason: 'drill' }, order));
  seen.push(await post(`${controlUrl}/v1/freeze`, { reason: 'drill' }, { authorization: 'Bearer wrong' }));
  for (const target of ['status', 'budgets', 'tasks', 'calls', 'calls?kind=refused', 'usage', 'holds']) {
    seen.push(await get(`${controlUrl}/v1/${target}`));
  }
  seen.push(await (await fetch(`${controlUrl}/metrics`)).text());
  await until('the log has lines', () => log.includes('"call"'));
  await app.stop();
  const places = new Map<string, Buffer>([
    ['answers', Buffer.from(JSON.stringify(seen))],
    ['log', Buffer.from(log)],
  ]);
  for (const [name, bytes] of await filesBelow(folder)) places.set(name, bytes);
  for (const [i, { path: to, body }] of collector.arrived.entries()) places.set(`export ${i} ${to}`, body);
  expect(new Set(collector.arrived.map(({ path: to }) => to)).size).toBe(3);
  expect(collector.arrived[0]?.headers.authorization).toBe(`Bearer ${CANARIES.collector}`);
  const leaks: string[] = [];
  for (const [place, bytes] of places) {
    if (/^(log|export)/.test(place) && bytes.includes(PROMPT)) leaks.push(`prompt in ${place}`);
  }
  for (const [place, bytes] of places) {
    for (const [name, value] of Object.entries(CANARIES)) {
      for (const form of [value, Buffer.from(value).toString('base64'), encodeURIComponent(value)]) {
        if (bytes.includes(form)) leaks.push(`${name} in ${place}`);
      }
    }
  }
  expect(leaks).toEqual([]);
  await rm(secretsFolder, { recursive: true, force: true });
});
