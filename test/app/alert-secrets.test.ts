import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, it } from 'vitest';
import { cli } from '../cli/run-cli.ts';
import { advanceUntil, whileMoving } from '../money/hand-clock.ts';
import { get, until } from './calls.ts';
import { HOOK_CANARY, OPS, startAlertRig } from './alert-rig.ts';

const KEY = Buffer.from('canary-webhook-signing-key-5e0b').toString('base64');
const CANARIES = {
  hook: HOOK_CANARY,
  botToken: 'xoxb-canary-bot-token-90c1f7',
  signingKey: KEY,
  routingKey: 'cana1y0routing0key00000000000042',
  mailPassword: 'canary mail password 71',
};

async function filesBelow(root: string): Promise<[string, Buffer][]> {
  const found = await readdir(root, { recursive: true, withFileTypes: true });
  const files = found
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath, entry.name));
  return Promise.all(files.map(async (file): Promise<[string, Buffer]> => [file, await readFile(file)]));
}

it('shows no secret of a channel in the log, an answer, a metric or the store, though receivers repeat it', async () => {
  const secrets = await mkdtemp(path.join(tmpdir(), 'kling-alert-secrets-'));
  const place = async (name: string, text: string): Promise<string> => {
    const file = path.join(secrets, name);
    await writeFile(file, `${text}\n`, { mode: 0o600 });
    return file;
  };
  let log = '';
  const local = { hosts: ['127.0.0.1'] };
  const rig = await startAlertRig({ logTo: { write: (text) => void (log += text) } });
  // Says back all that it was handed, as a proxy's page of errors does.
  rig.answer = ({ path: target, headers, body }) => ({
    status: 400,
    body: JSON.stringify({ target, headers, body: body.slice(0, 400) }),
    headers: { 'content-type': 'application/json', location: `http://127.0.0.1:${rig.slack.port}${target}` },
  });
  const channels = [
    OPS,
    {
      name: 'bot',
      type: 'slack',
      tokenFile: await place('token', CANARIES.botToken),
      channel: 'C0123456789',
      apiUrl: `${rig.slack.url}/api`,
      ...local,
    },
    {
      name: 'signed',
      type: 'webhook',
      url: `${rig.slack.url}/hook`,
      secretFile: await place('secret', `whsec_${CANARIES.signingKey}`),
      ...local,
    },
    {
      name: 'pager',
      type: 'pagerduty',
      url: `${rig.slack.url}/v2/enqueue`,
      routingKeyFile: await place('routing', CANARIES.routingKey),
    },
    {
      name: 'mail',
      type: 'email',
      from: 'a@example.com',
      to: ['b@example.com'],
      smtpUrlFile: await place(
        'smtp',
        `smtp://me:${encodeURIComponent(CANARIES.mailPassword)}@127.0.0.1:${rig.slack.port}`,
      ),
    },
  ];
  await rig.started.reload({ alerts: { channels } });
  await rig.order('/v1/freeze', { reason: 'a drill' });
  await rig.untilSent(4);
  await advanceUntil(
    rig.clock,
    async () => (await rig.alerts()).channels.every(({ lastError }) => lastError !== null),
    { stepMs: 5_000 },
  );
  const { controlUrl, token, folder } = rig.started;
  const order = { authorization: `Bearer ${token}` };
  const tested = await whileMoving(rig.clock, rig.order('/v1/alerts/test', {}));
  const seen: unknown[] = [tested];
  for (const target of ['alerts', 'status', 'audit', 'calls']) {
    seen.push(await get(`${controlUrl}/v1/${target}`, order));
  }
  seen.push(await (await fetch(`${controlUrl}/metrics`)).text());
  const env = { KLING_SIDECAR__CONTROL__PORT: new URL(controlUrl).port, OPS_HOOK: HOOK_CANARY };
  for (const command of [['config', 'print'], ['config', 'check'], ['alert', 'list'], ['doctor']]) {
    seen.push(await cli(command, { cwd: folder, env }));
  }
  await whileMoving(rig.clock, rig.started.app.stop(), 100);
  await until('the log is written', () => log.includes('"channel_failing"'));
  const places: [string, Buffer][] = [
    ['answers', Buffer.from(JSON.stringify(seen))],
    ['log', Buffer.from(log)],
    ...(await filesBelow(folder)),
  ];
  const failed = (tested as unknown as { results: { channel: string; ok: boolean }[] }).results;
  expect(failed.map(({ channel, ok }) => [channel, ok])).toEqual(channels.map(({ name }) => [name, false]));
  expect(rig.slack.arrived.length).toBeGreaterThan(7);
  const leaks = places.flatMap(([name, bytes]) =>
    Object.entries(CANARIES).flatMap(([secret, value]) =>
      [value, encodeURIComponent(value), Buffer.from(value).toString('base64')]
        .filter((form) => bytes.includes(form))
        .map(() => `${secret} in ${name}`),
    ),
  );
  expect(leaks).toEqual([]);
  await rig.end();
  await rm(secrets, { recursive: true, force: true });
});
