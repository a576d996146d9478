import Database from 'better-sqlite3';
import { afterEach, expect, it } from 'vitest';
import { get, post, textToVideo, until } from '../app/calls.ts';
import { startApp, type StartedApp } from '../app/start-app.ts';
import { holdsOf } from './books.ts';

const PATH = '/v1/videos/text2video';
const KEY = { 'idempotency-key': 'locked', 'x-kling-timeout-ms': '9000' };

const apps: StartedApp[] = [];
afterEach(async () => {
  for (const app of apps.splice(0)) await app.stop();
});

async function start(
  mode: 'protect' | 'observe',
  { log = [], folder }: { log?: string[]; folder?: string } = {},
): Promise<StartedApp> {
  const logTo = { write: (text: string) => void log.push(text) };
  const app = await startApp({ logTo, ...(folder && { folder }), config: { mode, tasks: { poll: false } } });
  apps.push(app);
  return app;
}

/** Keeps a store from being written, as a disk that hangs would. */
function lock({ folder }: StartedApp): Database.Database {
  const db = new Database(`${folder}/data/sidecar.db`);
  db.exec('BEGIN IMMEDIATE');
  return db;
}

it('without writes creates stop in protect and not in observe, reads go on, and Kling’s answers are kept', async () => {
  const log: string[] = [];
  const [refusing, observing, answered] = [
    await start('protect'),
    await start('observe', { log }),
    await start('protect'),
  ];
  answered.emulator.addFault({ kind: 'latency', ms: 300, match: { method: 'POST', path: '/v1/' } });
  const lost = post(answered.dataUrl + PATH, textToVideo(), KEY);
  await until('it arrived at Kling', () => answered.emulator.requests().length > 0);
  const locks = [lock(refusing), lock(observing), lock(answered)];
  const read = async ({ dataUrl }: StartedApp): Promise<number> => {
    return (await get(`${dataUrl}${PATH}?pageNum=1&pageSize=1`)).status;
  };
  const [refused, passed, ...reads] = await Promise.all([
    post(refusing.dataUrl + PATH, textToVideo(), KEY),
    post(observing.dataUrl + PATH, textToVideo(), KEY),
    read(refusing),
    read(observing),
  ]);
  const ready = async ({ controlUrl }: StartedApp): Promise<number> => {
    return (await get(`${controlUrl}/readyz`)).status;
  };
  expect(await ready(refusing)).toBe(503);
  await until('an end waits for the store', async () => (await ready(answered)) === 503);
  for (const db of locks) db.close();
  expect(refused).toMatchObject({ status: 503, json: { code: 9060, data: { retryable: true } } });
  expect(refusing.emulator.book().charges).toEqual([]);
  expect(passed.status).toBe(200);
  expect(observing.emulator.book().charges).toHaveLength(1);
  expect(log.join('')).toMatch(/"level":"error".*could not be held and is forwarded without a hold/);
  const calls = await until('the create without a hold is journalled', async () => {
    const { json } = await get(`${observing.controlUrl}/v1/calls`);
    const made = (json as unknown as { calls: { method: string }[] }).calls.filter(
      ({ method }) => method === 'POST',
    );
    return made.length > 0 && made;
  });
  expect(calls).toMatchObject([{ status: 200, outcome: 'ok', attempt: 1 }]);
  expect(reads).toEqual([200, 200]);
  expect((await post(refusing.dataUrl + PATH, textToVideo(), KEY)).status).toBe(200);
  expect(await ready(refusing)).toBe(200);
  const first = await lost;
  const task = await until('it is recorded', async () => (await holdsOf(answered.controlUrl))[0]?.taskId);
  expect(first.status === 200 ? first.json.data['task_id'] : first.json.code).toBe(
    first.status === 200 ? task : 9052,
  );
  const again = await post(answered.dataUrl + PATH, textToVideo(), KEY);
  expect(again).toMatchObject({ status: 200, json: { data: { task_id: task } } });
  expect(answered.emulator.book().charges).toHaveLength(1);
});

it('a freeze stops creates of observe mode also while the store takes no writes, after a restart too', async () => {
  const before = await start('observe');
  const { controlUrl, folder } = before;
  const authorization = `Bearer ${before.token}`;
  expect((await post(`${controlUrl}/v1/freeze`, { reason: 'runaway' }, { authorization })).status).toBe(200);
  apps.pop();
  await before.app.stop();
  await before.emulator.stop();
  const started = await start('observe', { folder });
  const db = lock(started);
  const stopped = await post(started.dataUrl + PATH, textToVideo());
  db.close();
  expect(stopped).toMatchObject({ status: 403, json: { code: 9003 } });
  expect(started.emulator.book().charges).toEqual([]);
  await until(
    'the store takes writes again',
    async () => (await get(`${started.controlUrl}/readyz`)).status === 200,
  );
});
