import { renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { createManualClock, type ManualClock } from '../../src/clock.ts';
import { get, post, textToVideo } from './calls.ts';
import { startApp, type StartedApp } from './start-app.ts';

let app: StartedApp | undefined;
let log = '';
afterEach(async () => {
  await app?.stop();
  app = undefined;
});

async function start(options: { clock?: ManualClock; mode?: 'observe' } = {}): Promise<StartedApp> {
  log = '';
  const { clock, mode = 'protect' } = options;
  const logTo = { write: (text: string) => void (log += text) };
  app = await startApp({ logTo, config: { mode }, ...(clock && { clock }) });
  return app;
}

const storeOf = (started: StartedApp): string => path.join(started.folder, 'data', 'sidecar.db');
const create = (started: StartedApp) => post(`${started.dataUrl}/v1/videos/text2video`, textToVideo());

/** What may happen to the files of a running sidecar, by hand or by a job that cleans up. */
const LOSSES: [string, string, (store: string) => void][] = [
  ['its file is deleted', 'sidecar.db was deleted', (store) => rmSync(store)],
  ['its log is deleted', 'sidecar.db-wal was deleted', (store) => rmSync(`${store}-wal`)],
  ['its file is cut short', 'sidecar.db was cut short', (store) => truncateSync(store, 0)],
  [
    'another file is put in its place',
    'sidecar.db was replaced by another file',
    (store) => {
      writeFileSync(`${store}.copy`, Buffer.alloc(1_000_000));
      renameSync(`${store}.copy`, store);
    },
  ],
  ['its owner’s file is deleted', 'sidecar.db.owner was deleted', (store) => rmSync(`${store}.owner`)],
  [
    'its owner’s file is replaced, as by a second sidecar',
    'sidecar.db.owner was replaced by another file',
    (store) => {
      writeFileSync(`${store}.owner.other`, '');
      renameSync(`${store}.owner.other`, `${store}.owner`);
    },
  ],
];

it.each(LOSSES)('is not ready and takes no create where %s', async (_name, why, lose) => {
  const started = await start();
  expect((await create(started)).status).toBe(200);
  expect((await get(`${started.controlUrl}/readyz`)).status).toBe(200);
  lose(storeOf(started));
  const ready = await fetch(`${started.controlUrl}/readyz`);
  expect(ready.status).toBe(503);
  expect(await ready.text()).toContain(why);
  const refused = await create(started);
  expect(refused.status).toBe(503);
  expect(refused.headers['x-kling-sidecar']).toBe('ledger_unavailable');
  expect(refused.json.message).toContain(why);
  expect(started.emulator.requests().filter(({ method }) => method === 'POST')).toHaveLength(1);
  expect(log.split('\n').filter((line) => line.includes('the store was lost'))).toHaveLength(1);
});

it('notices the loss before a create, though nobody asks whether it is ready', async () => {
  const clock = createManualClock(Date.now());
  const started = await start({ clock });
  expect((await create(started)).status).toBe(200);
  rmSync(storeOf(started));
  await clock.advance(1_000);
  expect((await create(started)).status).toBe(503);
});

it('notices the loss by itself, where nobody calls', async () => {
  const clock = createManualClock(Date.now());
  const started = await start({ clock });
  rmSync(`${storeOf(started)}.owner`);
  await clock.advance(5_000);
  expect(log).toContain('the store was lost under the running sidecar');
});

it('forwards creates in observe, and says that protect would have refused', async () => {
  const started = await start({ mode: 'observe' });
  rmSync(`${storeOf(started)}.owner`);
  await fetch(`${started.controlUrl}/readyz`);
  expect((await create(started)).status).toBe(200);
  const status = await (await fetch(`${started.controlUrl}/v1/status`)).json();
  expect(JSON.stringify(status)).toContain('{"word":"ledger_unavailable","count":1}');
});

it('still answers reads', async () => {
  const started = await start();
  const { data } = (await create(started)).json;
  rmSync(storeOf(started));
  await fetch(`${started.controlUrl}/readyz`);
  const read = await get(`${started.dataUrl}/v1/videos/text2video/${String(data['task_id'])}`);
  expect(read.status).toBe(200);
});

it('does not begin an empty ledger at the next start', async () => {
  const started = await start();
  await create(started);
  for (const suffix of ['', '-wal', '-shm']) rmSync(storeOf(started) + suffix);
  await started.stop({ keep: true });
  app = undefined;
  await expect(startApp({ folder: started.folder })).rejects.toMatchObject({ code: 'store_corrupt' });
  rmSync(started.folder, { recursive: true });
});
