import Database from 'better-sqlite3';
import { expect, it, onTestFinished } from 'vitest';
import { createManualClock } from '../../src/clock.ts';
import { startApp } from '../app/start-app.ts';
import { advanceUntil } from '../money/hand-clock.ts';
import { NIGHT } from './making.ts';
import { startReceiver } from './receiver.ts';

it('a sidecar whose store takes no writes says so in its channels, and says when it does again', async () => {
  const receiver = await startReceiver();
  onTestFinished(() => receiver.stop());
  const clock = createManualClock(NIGHT);
  const channels = [{ name: 'ops', type: 'webhook', url: `${receiver.url}/hook` }];
  const started = await startApp({ clock, config: { alerts: { channels }, tasks: { poll: false } } });
  onTestFinished(() => started.stop());
  const heard = (text: string) => () => receiver.arrived.filter(({ body }) => body.includes(text)).length > 0;
  const db = new Database(`${started.folder}/data/sidecar.db`);
  // As a disk that hangs.
  db.exec('BEGIN IMMEDIATE');
  await advanceUntil(clock, heard('The store takes no writes'), { stepMs: 1_000, stepsMax: 100_000 });
  expect(receiver.arrived).toHaveLength(1);
  db.close();
  await advanceUntil(clock, heard('The store takes writes again'), { stepMs: 1_000, stepsMax: 100_000 });
  expect(receiver.arrived).toHaveLength(2);
});
