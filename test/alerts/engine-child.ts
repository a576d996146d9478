/**
 * A process that spends from a daily budget by a clock that it moves itself, and sends alerts to the address that it is given.
 * It prints a line for each step and for each write to the store, before it and after its commit, until it is killed.
 *
 * Arguments: the store's path, the receiver's URL, the first and the last instant, and a write at which it stops for good.
 */
import { writeSync } from 'node:fs';
import { Alerting } from '../../src/alerts/alerting.ts';
import { openAlertKeys } from '../../src/alerts/alert-table.ts';
import { openPost } from '../../src/alerts/channels/post-undici.ts';
import { createFactReceiver } from '../../src/alerts/fact-receiver.ts';
import { budgetThreshold, budgetUsedUp } from '../../src/alerts/rules/budget-reached.ts';
import { AlertWatch } from '../../src/alerts/watch.ts';
import { compose } from '../../src/alerts/words/compose.ts';
import { applyBudgets } from '../../src/budget/budget-table.ts';
import { listHolds } from '../../src/budget/hold-list.ts';
import { createManualClock, stayAwake, systemClock } from '../../src/clock.ts';
import { admit } from '../../src/ledger/admit.ts';
import { Delivery } from '../../src/outbox/delivery.ts';
import type { StoreOperation } from '../../src/store/operation.ts';
import type { Store } from '../../src/store/store.ts';
import { newHold, rule } from '../ledger/making.ts';
import { openLedger } from '../outbox/test-ledger.ts';
import { SLOT_MS, SPENT } from './engine-budget.ts';
import { openRealStore, postChannel } from './engine-real.ts';
import { LOOK_CONFIG, settingsOf, signalsOf } from './making.ts';

const [path = '', url = '', from = '', until = '', stopAt = ''] = process.argv.slice(2);
const rules = [budgetThreshold, budgetUsedUp];
const settings = settingsOf({ channels: ['chat'] });
const clock = createManualClock(Number(from));
const say = (line: string): void => void writeSync(1, `${line}\n`);

const real = await openRealStore(path);
const store: Pick<Store, 'read' | 'write'> = {
  read: (operation, args) => real.read(operation, args),
  async write<A, R>(operation: StoreOperation<A, R>, args: A): Promise<R> {
    say(`write ${operation.name}`);
    if (operation.name === stopAt) return new Promise(() => undefined);
    const result = await real.write(operation, args);
    say(`wrote ${operation.name}`);
    return result;
  },
};
const ledger = openLedger(store);
const fail = (message: string, error: unknown): never => {
  throw new Error(message, { cause: error });
};
const channels = [postChannel('chat', url, openPost({ clock: systemClock }))];
const alerting = new Alerting({
  store,
  clock,
  channels: () => channels,
  settings: () => settings,
  compose,
  onError: fail,
  onResult: () => undefined,
});
const receiver = createFactReceiver({
  settings: () => settings,
  take: (findings, id) => alerting.take(findings, id),
  rules,
});
const log = { name: 'log', deliver: () => undefined };
const delivery = new Delivery({ store, clock, receivers: [log, receiver], onError: fail });
const watch = new AlertWatch({
  store,
  signals: () => signalsOf(),
  settings: () => settings,
  config: () => LOOK_CONFIG,
  openAlerts: () => store.read(openAlertKeys, undefined),
  onError: fail,
  rules,
});

/** What the app does within a minute: facts and a look become alerts, and those are sent. */
async function passMinute(): Promise<void> {
  delivery.wake();
  await delivery.settled();
  await alerting.take(await watch.look(clock.now()));
  await alerting.settled();
  for (let i = 0; i < 4; i += 1) {
    await clock.advance(10_000);
    await alerting.settled();
  }
}

/** Spends what the slot of a day is for, once however often the process is started in it. */
async function spend(slot: number): Promise<void> {
  const holdId = `hold-${slot}`;
  const { holds } = await store.read(listHolds, { cursor: null, limit: 1 });
  if (holds[0]?.id === holdId) return;
  const credits = SPENT[slot % SPENT.length] ?? 0;
  await ledger.run(admit, {
    hold: newHold(holdId, { credits, at: clock.now() }),
    guard: null,
    enforce: true,
  });
}

await store.write(applyBudgets, {
  rules: [rule({ alertAt: [0.5, 0.8] })],
  at: clock.now(),
});
alerting.wake();
await alerting.settled();
const awake = stayAwake();
for (let at = Number(from); at < Number(until); at += SLOT_MS) {
  say(`slot ${at}`);
  await clock.advance(Math.max(0, at - clock.now()));
  await spend(Math.floor(at / SLOT_MS));
  await passMinute();
}
awake.end();
say('done');
await alerting.stop();
await real.close();
