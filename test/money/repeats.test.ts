import { connect } from 'node:net';
import { writeFile } from 'node:fs/promises';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { SignJWT } from 'jose';
import { afterEach, describe, expect, it } from 'vitest';
import { createManualClock } from '../../src/clock.ts';
import { get, post, textToVideo, until, type Got } from '../app/calls.ts';
import { startApp, type StartedApp } from '../app/start-app.ts';
import { holdsOf } from './books.ts';
import { whileMoving } from './hand-clock.ts';

const PATH = '/v1/videos/text2video';
const SECRET = 'studio-secret-key-0123456789abcdef';

let started: StartedApp;
afterEach(() => started.stop());

const creates = (): number => started.emulator.requests().filter(({ method }) => method === 'POST').length;
const keyed = (key: string) => ({ 'idempotency-key': key });

describe('a repeat', () => {
  it('gets the kept answer, even if new creates are refused now', async () => {
    started = await startApp();
    const { dataUrl, emulator, controlUrl, token } = started;
    const first = await post(dataUrl + PATH, textToVideo(), keyed('a'));
    emulator.addFault({ kind: 'code', code: 1101, match: { method: 'POST', path: '/v1/' } });
    expect((await post(dataUrl + PATH, textToVideo())).json.code).toBe(1101);
    expect((await post(dataUrl + PATH, textToVideo())).json.code).toBe(9006);
    await post(`${controlUrl}/v1/freeze`, { reason: 'drill' }, { authorization: `Bearer ${token}` });
    await started.reload({ creates: { maxCreditsEach: 1 } });
    const again = await post(dataUrl + PATH, textToVideo(), keyed('a'));
    expect(again).toMatchObject({ status: 200, json: { data: { task_id: first.json.data['task_id'] } } });
    expect(first.headers['x-kling-sidecar-replayed']).toBeUndefined();
    expect(again.headers['x-kling-sidecar-replayed']).toBe('true');
    const fresh = await post(dataUrl + PATH, textToVideo());
    expect(fresh.json.code).toBe(9002);
    expect(creates()).toBe(2);
  });

  it('gets a refusal again only if it cannot change: after all others it is sent', async () => {
    started = await startApp({
      emulator: { concurrency: { video: 100, image: 100 } },
      config: { creates: { resend: 'never' } },
    });
    const { dataUrl, emulator } = started;
    for (const [code, kept] of [
      [1200, true],
      [1202, true],
      [1300, true],
      [1301, true],
      ...[1000, 1001, 1002, 1100, 1101, 1102, 1103, 1201, 1203, 1302, 1304].map(
        (passing) => [passing, false] as const,
      ),
    ] as const) {
      const before = creates();
      emulator.addFault({ kind: 'code', code, match: { method: 'POST', path: '/v1/' } });
      const first = await post(dataUrl + PATH, textToVideo(), keyed(`k-${code}`));
      expect(first.json.code).toBe(code);
      const second = await post(dataUrl + PATH, textToVideo(), keyed(`k-${code}`));
      // What Kling said of the whole account moments ago is ours to say again; a later try is sent.
      const isRemembered = second.json.code === 9006;
      expect(second.json.code).toBe(kept ? code : isRemembered ? 9006 : 0);
      expect(second.headers['x-kling-sidecar-replayed']).toBe(kept ? 'true' : undefined);
      expect(creates() - before).toBe(kept || isRemembered ? 1 : 2);
      if (!isRemembered) continue;
      await started.reload({ creates: { resend: 'never' } });
      expect((await post(dataUrl + PATH, textToVideo(), keyed(`k-${code}`))).json.code).toBe(0);
    }
  });

  it('of an own external_task_id is sent as new after the empty pack is topped up', async () => {
    started = await startApp();
    const { dataUrl, emulator } = started;
    emulator.addFault({ kind: 'code', code: 1102, match: { method: 'POST', path: '/v1/' } });
    const body = textToVideo({ external_task_id: 'scene-7' });
    expect((await post(dataUrl + PATH, body)).json.code).toBe(1102);
    await started.reload({});
    expect((await post(dataUrl + PATH, body)).json.code).toBe(0);
    expect(creates()).toBe(2);
  });

  it('of a create that was written off gets outcome_unknown at once, and is never sent', async () => {
    const clock = createManualClock(Date.now());
    started = await startApp({ clock });
    const { dataUrl, controlUrl, token, emulator } = started;
    const order = { authorization: `Bearer ${token}` };
    emulator.addFault({ kind: 'code', code: 5000, times: 'always', match: { method: 'POST', path: '/v1/' } });
    const lost = await whileMoving(
      clock,
      post(dataUrl + PATH, textToVideo(), { ...keyed('w'), 'x-kling-timeout-ms': '9000' }),
      20,
    );
    expect(lost.status).toBe(424);
    emulator.clearFaults();
    const [hold] = await holdsOf(controlUrl);
    await post(`${controlUrl}/v1/holds/${hold?.id}/write-off`, { reason: 'nobody knows' }, order);
    // The clock does not move: a repeat that waited would wait for ever.
    const again = await post(dataUrl + PATH, textToVideo(), keyed('w'));
    expect(again).toMatchObject({
      status: 424,
      json: { code: 9052, data: { word: 'outcome_unknown', holdState: 'written_off', retryable: false } },
    });
    expect(again.json.message).toContain('new key');
    expect(creates()).toBe(1);
    expect((await post(dataUrl + PATH, textToVideo(), keyed('w2'))).status).toBe(200);
  });

  it('of a create that only an operator can end gets its answer at once, with no status that SDKs repeat', async () => {
    started = await startApp({ config: { creates: { injectExternalTaskId: false } } });
    const { dataUrl, emulator } = started;
    emulator.addFault({ kind: 'code', code: 5000, match: { method: 'POST', path: '/v1/' } });
    expect((await post(dataUrl + PATH, textToVideo(), keyed('d'))).status).toBe(424);
    const again = await post(dataUrl + PATH, textToVideo(), keyed('d'));
    expect(again).toMatchObject({ status: 424, json: { code: 9052, data: { externalTaskId: null } } });
    expect(again.json.message).toContain('operator');
    expect(creates()).toBe(1);
  });

  it('of a create in doubt gets 424 at its deadline, and the task when a look-up has found it', async () => {
    const clock = createManualClock(Date.now());
    started = await startApp({ clock, config: { tasks: { poll: false } } });
    const { dataUrl, emulator } = started;
    emulator.addFault({ kind: 'no_answer_after_charge', match: { method: 'POST', path: '/v1/' } });
    emulator.addFault({ kind: 'code', code: 5000, times: 'always', match: { path: '/tasks' } });
    const create = (): Promise<Got> => whileMoving(clock, post(dataUrl + PATH, textToVideo(), keyed('q')));
    expect((await create()).status).toBe(424);
    expect(await create()).toMatchObject({ status: 424, json: { code: 9052 } });
    emulator.clearFaults();
    const found = await create();
    expect(found.status).toBe(200);
    expect(found.headers['x-kling-sidecar-replayed']).toBe('true');
    expect(creates()).toBe(1);
  });

  it('in observe mode refuses nothing for a key that was used for other bytes', async () => {
    started = await startApp({ config: { mode: 'observe' } });
    const { dataUrl, controlUrl } = started;
    await post(dataUrl + PATH, textToVideo(), keyed('o'));
    const other = await post(dataUrl + PATH, textToVideo({ duration: '10' }), keyed('o'));
    expect(other).toMatchObject({ status: 200, json: { code: 0 } });
    expect(creates()).toBe(2);
    const counted = await until('the mismatch is counted', async () => {
      const { json } = await get(`${controlUrl}/v1/status`);
      const { wouldHave } = json as unknown as { wouldHave: { word: string; count: number }[] };
      return wouldHave.find(({ word }) => word === 'idempotency_mismatch');
    });
    expect(counted.count).toBe(1);
    expect(await holdsOf(controlUrl)).toHaveLength(2);
  });

  it('of another app is no repeat for a key, and a mismatch for a task id', async () => {
    const folder = await mkdtemp(path.join(tmpdir(), 'kling-sidecar-apps-'));
    const apps = [];
    for (const name of ['a', 'b']) {
      await writeFile(path.join(folder, name), `bearer-of-the-app-${name}`, { mode: 0o600 });
      apps.push({ name, keyFile: path.join(folder, name) });
    }
    started = await startApp({ config: { apps } });
    const as = (name: string, body: unknown, key: Record<string, string> = {}) =>
      post(started.dataUrl + PATH, body, { authorization: `Bearer bearer-of-the-app-${name}`, ...key });
    const mine = await as('a', textToVideo(), keyed('same'));
    const theirs = await as('b', textToVideo(), keyed('same'));
    expect(theirs.json.data['task_id']).not.toBe(mine.json.data['task_id']);
    const body = textToVideo({ external_task_id: 'scene-1' });
    expect((await as('a', body)).status).toBe(200);
    expect(await as('b', body)).toMatchObject({ status: 422, json: { code: 9031 } });
    await rm(folder, { recursive: true });
  });

  it('after a restart gets the same answer', async () => {
    started = await startApp();
    const { folder, emulator } = started;
    const first = await post(started.dataUrl + PATH, textToVideo(), keyed('kept'));
    await started.app.stop();
    const url = started.emulator.requests()[0]?.headers['host'];
    const earlier = started;
    started = await startApp({ folder, baseUrl: `http://${String(url)}` });
    const again = await post(started.dataUrl + PATH, textToVideo(), keyed('kept'));
    expect(again.json.data['task_id']).toBe(first.json.data['task_id']);
    expect(emulator.book().charges).toHaveLength(1);
    await earlier.emulator.stop();
  });
});

it('leaves no request behind whose caller went away while its JWT was verified', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'kling-sidecar-jwt-'));
  const secretKeyFile = path.join(folder, 'secret');
  await writeFile(secretKeyFile, SECRET, { mode: 0o600 });
  // The clock does not move: a stop that waited for the drain would never end.
  const clock = createManualClock(Date.now());
  started = await startApp({
    clock,
    config: { apps: [{ name: 'studio', accessKey: 'studio-ak', secretKeyFile }] },
  });
  const { port, host } = new URL(started.dataUrl);
  const jwt = await new SignJWT()
    .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
    .setIssuer('studio-ak')
    .setExpirationTime('10m')
    .sign(Buffer.from(SECRET));
  const head = [`POST ${PATH} HTTP/1.1`, `Host: ${host}`, `Authorization: Bearer ${jwt}`];
  const text = [...head, 'Content-Type: application/json', 'Content-Length: 500', '', '{'].join('\r\n');
  let gone = 0;
  for (let i = 0; i < 40; i += 1) {
    const socket = connect(Number(port), '127.0.0.1', () =>
      socket.write(text, () => socket.resetAndDestroy()),
    );
    socket.on('error', () => undefined).on('close', () => (gone += 1));
  }
  await until('all are gone', () => gone === 40);
  await started.app.stop();
  await rm(folder, { recursive: true });
});
