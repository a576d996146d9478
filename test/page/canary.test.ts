/**
 * Secrets of every kind, each with a text of its own, and everything that the control plane answers: no page, no answer of the API,
 * no live section and no line of the log shows one, also encoded.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { generate } from 'selfsigned';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { anotherVideo, get, post, until } from '../app/calls.ts';
import { startApp, type StartedApp } from '../app/start-app.ts';
import { startCollector, type Collector } from '../telemetry/collector.ts';
import { crawl, type Found } from './crawl.ts';

const signing = (name: string): string =>
  `whsec_${Buffer.from(`canary-of-${name}-0f4e1d`).toString('base64')}`;

const CANARIES = {
  apiKey: 'canary-kling-key/8f3a91+x=y',
  controlToken: 'canary-control-token-5d1c44',
  appKey: 'canary-app-key-77be02-long',
  appSecretKey: 'canary-app-secret-key-c0ffee',
  webhookSecret: signing('kling-webhooks'),
  relaySecret: signing('the-relay'),
  bucketId: 'CANARYBUCKETID4711',
  bucketKey: 'canary/bucket+key-2b7e15',
  bucketSession: 'canary-bucket-session-90aa31',
  collector: 'canary-collector-key-19c7be',
  slackAddress: 'T0CANARY/B0CANARY/canary0slack0address0',
  hookKey: signing('a-channel'),
  routingKey: 'cana1y0routing0key00000000000077',
  mailPassword: 'canary-mail-password-71f',
};
const PAIR = {
  accessKey: 'canary-access-key-aa4410',
  secretKey: 'canary-secret-key-bb9022-long-enough',
  argument: 'canary-argument-of-the-command-31',
};

let secrets = '';
let collector: Collector;
let started: StartedApp;
let log = '';
let taskId = '';
let failedId = '';
let pem = '';
/** The config and environment with every kind of secret. */
let config: NonNullable<Parameters<StartedApp['reload']>[0]> = {};
let env: Record<string, string> = {};

const place = async (name: string, text: string): Promise<string> => {
  const file = path.join(secrets, name);
  await writeFile(file, text, { mode: 0o600 });
  return file;
};

beforeAll(async () => {
  secrets = await mkdtemp(path.join(tmpdir(), 'kling-page-canary-'));
  collector = await startCollector();
  const pair = await generate([{ name: 'commonName', value: 'localhost' }], { keySize: 2048 });
  pem = pair.private.split('\n')[5] ?? '';
  const otlp = {
    OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
    OTEL_EXPORTER_OTLP_HEADERS: `authorization=Bearer%20${CANARIES.collector}`,
    OTEL_METRIC_EXPORT_INTERVAL: '200',
  };
  for (const [name, value] of Object.entries(otlp)) vi.stubEnv(name, value);
  env = {
    KLING_API_KEY_FILE: await place('api-key', CANARIES.apiKey),
    KLING_SIDECAR_CONTROL_TOKEN: CANARIES.controlToken,
    KLING_WEBHOOK_SECRET: CANARIES.webhookSecret,
    KLING_SIDECAR_RELAY_SECRET_FILE: await place('relay', CANARIES.relaySecret),
    KLING_SIDECAR_S3_ACCESS_KEY_ID: CANARIES.bucketId,
    KLING_SIDECAR_S3_SECRET_ACCESS_KEY: CANARIES.bucketKey,
    KLING_SIDECAR_S3_SESSION_TOKEN: CANARIES.bucketSession,
    OPS_SLACK: `https://hooks.slack.com/services/${CANARIES.slackAddress}`,
    OPS_MAIL: `smtp://me:${CANARIES.mailPassword}@127.0.0.1:9`,
    ...otlp,
  };
  const nowhere = { url: 'http://127.0.0.1:9/hook', hosts: ['127.0.0.1'] };
  config = {
    listen: {
      port: 0,
      tls: {
        port: 0,
        certFile: await place('cert.pem', pair.cert),
        keyFile: await place('key.pem', pair.private),
      },
    },
    apps: [
      { name: 'shop', keyFile: await place('shop', CANARIES.appKey) },
      { name: 'ads', accessKey: 'ads-access', secretKeyFile: await place('ads', CANARIES.appSecretKey) },
    ],
    telemetry: { otlp: true },
    budgets: [{ name: 'daily', credits: 60, window: 'day' }],
    creates: { maxCreditsEach: 50 },
    callbacks: { publicUrl: 'http://127.0.0.1:1/callbacks', host: '127.0.0.1', port: 0, relay: true },
    results: { keep: true, s3: { endpoint: 'http://127.0.0.1:9', bucket: 'films' } },
    alerts: {
      channels: [
        { name: 'ops', type: 'slack', webhookUrlEnv: 'OPS_SLACK' },
        { name: 'hook', type: 'webhook', secretFile: await place('hook', CANARIES.hookKey), ...nowhere },
        {
          name: 'pager',
          type: 'pagerduty',
          url: 'http://127.0.0.1:9/v2/enqueue',
          routingKeyFile: await place('routing', CANARIES.routingKey),
        },
        {
          name: 'mail',
          type: 'email',
          from: 'a@example.com',
          to: ['b@example.com'],
          smtpUrlEnv: 'OPS_MAIL',
        },
      ],
    },
  };
  started = await startApp({
    config,
    env,
    judges: true,
    emulator: { apiKey: CANARIES.apiKey },
    logTo: { write: (text) => void (log += text) },
  });
  await work();
});
afterAll(async () => {
  await started.stop();
  await collector.stop();
  vi.unstubAllEnvs();
  await rm(secrets, { recursive: true, force: true });
});

/** Work of every kind: a video, one whose failure repeats the key, refusals, wrong keys, orders, alerts. */
async function work(): Promise<void> {
  const { dataUrl, controlUrl, emulator } = started;
  const shop = { authorization: `Bearer ${CANARIES.appKey}` };
  const video = `${dataUrl}/v1/videos/text2video`;
  emulator.addFault({
    kind: 'fail_task',
    message: `bad key ${CANARIES.apiKey}`,
    match: { bodyIncludes: 'to fail' },
  });
  const made = await post(video, anotherVideo(), shop);
  taskId = String(made.json.data['task_id']);
  failedId = String((await post(video, anotherVideo({ prompt: 'to fail' }), shop)).json.data['task_id']);
  expect((await post(video, anotherVideo({ mode: 'pro', duration: '10' }), shop)).status).toBe(403);
  for (const secret of Object.values(CANARIES))
    await post(video, anotherVideo(), { authorization: `Bearer ${secret}x` });
  await get(`${video}/${taskId}`, shop);
  const order = { authorization: `Bearer ${CANARIES.controlToken}` };
  await post(`${controlUrl}/v1/freeze`, { reason: 'a drill' }, { authorization: 'Bearer wrong' });
  await post(`${controlUrl}/v1/freeze`, { reason: 'a drill', actor: 'Ann' }, order);
  await post(`${controlUrl}/v1/alerts/test`, {}, order);
  await until('both tasks have ended', async () => {
    const states = await Promise.all(
      [taskId, failedId].map(async (id) => (await get(`${controlUrl}/v1/tasks/${id}`)).json),
    );
    return states.every((task) => /succeeded|failed/.test(JSON.stringify(task)));
  });
  await get(`${controlUrl}/v1/checklist`);
}

/** Forms in which a text may hide: as it is, as markup, JSON, an address, and base64 within any text. */
function formsOf(secret: string): string[] {
  const markup = secret.replaceAll('&', '&amp;').replaceAll('=', '&#61;').replaceAll('+', '&#43;');
  const inBase64 = [0, 1, 2].map((lead) => {
    const text = Buffer.from(' '.repeat(lead) + secret).toString('base64');
    return text.slice(lead === 0 ? 0 : 4, -4);
  });
  const safe = inBase64.map((text) => text.replaceAll('+', '-').replaceAll('/', '_'));
  return [
    secret,
    markup,
    JSON.stringify(secret).slice(1, -1),
    encodeURIComponent(secret),
    encodeURIComponent(encodeURIComponent(secret)),
    Buffer.from(secret).toString('hex'),
    ...inBase64,
    ...safe,
  ];
}

function leaksIn(found: readonly Found[], canaries: Readonly<Record<string, string>>): string[] {
  return found.flatMap(({ asked, text }) =>
    Object.entries(canaries)
      .filter(([, secret]) => formsOf(secret).some((form) => text.includes(form)))
      .map(([name]) => `${name} in ${asked}`),
  );
}

const everything = async (withLive: boolean): Promise<Found[]> => {
  const day = new Date().toISOString();
  const params = { id: taskId, task: taskId, n: '1', month: day.slice(0, 7) };
  const pages = [
    `/page/tasks/${taskId}`,
    `/page/tasks/${failedId}`,
    '/page/spending.csv?by=app',
    '/page/calls?kind=refused',
  ];
  const asOperator = { headers: { authorization: `Bearer ${CANARIES.controlToken}` } };
  const { controlUrl } = started;
  return [
    ...(await crawl({ controlUrl, params, pages })),
    ...(await crawl({ controlUrl, params, pages, ...asOperator, withLive })),
    { asked: 'the log', status: 0, text: log },
  ];
};

it('shows no secret in any page, answer, live section or line of the log', async () => {
  const found = await everything(true);
  const pemLine = { pem };
  expect(pem).toHaveLength(64);
  expect(leaksIn(found, { ...CANARIES, ...pemLine })).toEqual([]);
  // What was searched is what a reader sees: each page, and the task that failed with the key in Kling's message.
  const page = (asked: string): string => found.find((one) => one.asked === asked)?.text ?? '';
  expect(page('/v1/tasks')).toContain('bad key ***');
  expect(page(`/page/tasks/${failedId}`)).toContain('bad key ***');
  expect(page('/page/config')).toMatch(/KLING_<wbr\/?>WEBHOOK_<wbr\/?>SECRET/);
  expect(page('/v1/alerts')).toContain('"pager"');
  expect(page('live /page/checklist')).toContain('event: section');
  const statuses = new Map(found.map(({ asked, status }) => [asked, status]));
  expect([...statuses].filter(([, status]) => status >= 500)).toEqual([]);
  expect(statuses.size).toBeGreaterThan(60);
});

it('shows none of a key pair that a command gives, nor an argument of it', async () => {
  const printed = JSON.stringify({ accessKey: PAIR.accessKey, secretKey: PAIR.secretKey });
  const { KLING_API_KEY_FILE: _, ...others } = env;
  const command = [process.execPath, '-e', `process.stdout.write(${JSON.stringify(printed)})`, PAIR.argument];
  await started.reload({ ...config, auth: { command } }, others);
  const found = await everything(false);
  expect(leaksIn(found, { ...CANARIES, ...PAIR })).toEqual([]);
  expect(found.find(({ asked }) => asked === '/v1/config')?.text).toContain(
    '"auth.command","value":"[redacted]"',
  );
});

it('finds a canary in each form: the search itself works', () => {
  for (const [name, secret] of Object.entries(CANARIES)) {
    for (const text of [
      `<td>${secret}</td>`,
      encodeURIComponent(`a ${secret}`),
      Buffer.from(`user:${secret}!`).toString('base64'),
      Buffer.from(`{"k":"${secret}"}`).toString('base64url'),
    ])
      expect(leaksIn([{ asked: 'x', status: 200, text }], CANARIES)).toContain(`${name} in x`);
  }
});
