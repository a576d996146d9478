import { afterEach, expect, it } from 'vitest';
import { STORE_READER } from '../../src/cli/offline.ts';
import { createManualClock, systemClock } from '../../src/clock.ts';
import { readUsedKeys } from '../../src/ledger/used-keys.ts';
import { openStoreReadOnly } from '../../src/store/sqlite/read-only-store.ts';
import { get } from './calls.ts';
import { startApp, type StartedApp } from './start-app.ts';

const START = Date.UTC(2026, 10, 21, 12);
const HOUR = 3_600_000;

let app: StartedApp | null = null;
afterEach(async () => {
  await app?.stop();
  app = null;
});

it('notes which key is in use, in which environment, at the start and at a reload', async () => {
  const clock = createManualClock(START);
  app = await startApp({ clock, config: { environment: 'dev' } });
  await clock.advance(HOUR);
  await app.reload({ environment: 'prod' });
  const options = { reader: STORE_READER, clock: systemClock };
  const store = await openStoreReadOnly(`${app.folder}/data/sidecar.db`, options);
  const keys = await store.read(readUsedKeys, undefined);
  await store.close();
  expect(keys.map(({ environment, firstAt }) => [environment, firstAt])).toEqual([
    ['prod', START + HOUR],
    ['dev', START],
  ]);
  expect(new Set(keys.map(({ fingerprint }) => fingerprint)).size).toBe(1);
  expect(JSON.stringify(keys)).not.toContain('emulator-key');
});

it('shows when the metrics were read last', async () => {
  const clock = createManualClock(START);
  app = await startApp({ clock });
  const status = async () => (await get(`${app?.controlUrl}/v1/status`)).json as unknown;
  expect(await status()).toMatchObject({ metrics: { readAt: null } });
  await clock.advance(HOUR);
  expect((await fetch(`${app.controlUrl}/metrics`)).status).toBe(200);
  expect(await status()).toMatchObject({ metrics: { readAt: new Date(START + HOUR).toISOString() } });
});
