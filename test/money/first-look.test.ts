import { writeFile } from 'node:fs/promises';
import { createServer as createHttpServer, type Server } from 'node:http';
import { createServer } from 'node:https';
import { connect, type AddressInfo } from 'node:net';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { generate } from 'selfsigned';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createManualClock, systemClock } from '../../src/clock.ts';
import { post, textToVideo } from '../app/calls.ts';
import { startApp } from '../app/start-app.ts';
import { holdsOf } from './books.ts';
import { legacyTask, says, standInListener, type Received } from './stand-in.ts';

const PATH = '/v1/videos/text2video';
const DAY_MS = 86_400_000;

let folder = '';
let kling: Server;
let proxy: Server;
const received: Received[] = [];
beforeEach(() => void received.splice(0));

/** Kling under a name of its own, reached through a CONNECT proxy on loopback. */
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'kling-sidecar-look-'));
  const pair = await generate([{ name: 'commonName', value: 'kling.test' }], {
    extensions: [
      { name: 'basicConstraints', cA: true },
      { name: 'subjectAltName', altNames: [{ type: 2, value: 'kling.test' }] },
    ],
  });
  await writeFile(path.join(folder, 'ca.pem'), pair.cert);
  const answer = ({ method }: Received) =>
    method === 'POST' ? says(legacyTask(`task-${received.length}`, null)) : says([]);
  kling = createServer(
    { cert: pair.cert, key: pair.private },
    standInListener(systemClock, received, answer),
  );
  await new Promise<void>((resolve) => kling.listen(0, '127.0.0.1', resolve));
  proxy = createHttpServer();
  proxy.on('connect', (_request, socket) => {
    const onward = connect((kling.address() as AddressInfo).port, '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n');
      socket.pipe(onward).pipe(socket);
    });
    onward.on('error', () => socket.destroy());
    socket.on('error', () => onward.destroy());
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
});

afterAll(async () => {
  kling.close();
  proxy.close();
  await rm(folder, { recursive: true, force: true });
});

const start = (nowMs: number, proxyUrl = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`) =>
  startApp({
    clock: createManualClock(nowMs),
    baseUrl: 'https://kling.test',
    config: {
      upstream: { proxy: proxyUrl, caFile: path.join(folder, 'ca.pem') },
      tasks: { poll: false },
      sla: { controlChecks: [] },
    },
  });

describe('before the first create', () => {
  it.each([
    ['weeks ahead', 40 * DAY_MS],
    ['days behind', -2 * DAY_MS],
  ])('a clock that is %s is found out: no hold is dated by it', async (_name, byMs) => {
    const started = await start(Date.now() + byMs);
    const answers = await Promise.all([1, 2, 3].map(() => post(started.dataUrl + PATH, textToVideo())));
    for (const { status, json } of answers) expect([status, json.code]).toEqual([503, 9062]);
    // One look shows the difference, and a second one that it is no odd answer.
    expect(received.map(({ method }) => method)).toEqual(['GET', 'GET']);
    expect(await holdsOf(started.controlUrl)).toEqual([]);
    await started.stop();
  });

  it('Kling is asked once, and creates go on with a clock that is right', async () => {
    const started = await start(Date.now());
    const answers = await Promise.all([1, 2, 3].map(() => post(started.dataUrl + PATH, textToVideo())));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
    expect(received.map(({ method }) => method)).toEqual(['GET', 'POST', 'POST', 'POST']);
    expect((await post(started.dataUrl + PATH, textToVideo())).status).toBe(200);
    expect(received).toHaveLength(5);
    await started.stop();
  });

  it('nothing is sent or held if Kling cannot be reached', async () => {
    const started = await start(Date.now(), 'http://127.0.0.1:9');
    const refused = await post(started.dataUrl + PATH, textToVideo());
    expect(refused).toMatchObject({ status: 502, json: { code: 9050, data: { sent: 'no' } } });
    expect(await holdsOf(started.controlUrl)).toEqual([]);
    await started.stop();
  });
});
