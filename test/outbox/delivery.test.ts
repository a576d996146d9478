import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createManualClock, type ManualClock } from '../../src/clock.ts';
import { freeze, unfreeze } from '../../src/ledger/freeze.ts';
import { Delivery, type Receiver } from '../../src/outbox/delivery.ts';
import { markDeliveries } from '../../src/outbox/outbox-table.ts';
import type { Store } from '../../src/store/store.ts';
import { NOON, row } from '../ledger/making.ts';
import { createMemoryStore, type MemoryStore } from '../ledger/memory-store.ts';

let memory: MemoryStore;
let clock: ManualClock;
let store: Pick<Store, 'read' | 'write'>;
const errors: string[] = [];
beforeEach(() => {
  memory = createMemoryStore();
  clock = createManualClock(NOON);
  store = { read: memory.run, write: memory.run };
  errors.length = 0;
});
afterEach(() => memory.close());

const makeDelivery = (receivers: Receiver[], over: Pick<Store, 'read' | 'write'> = store): Delivery =>
  new Delivery({ store: over, clock, receivers, onError: (message) => void errors.push(message) });

/** A receiver of that name that refuses the first `refusals` facts it is handed. */
function receiver(name: string, refusals = 0): Receiver & { taken: string[] } {
  const taken: string[] = [];
  let left = refusals;
  return {
    name,
    taken,
    deliver(fact, id) {
      left -= 1;
      if (left >= 0) throw new Error('busy');
      taken.push(`${id} ${fact.kind}`);
    },
  };
}

async function freezeAndResume(): Promise<void> {
  await memory.run(freeze, { reason: 'r', actor: 'a', at: NOON });
  await memory.run(unfreeze, { reason: 'r', actor: 'a', at: NOON });
}

describe('delivery', () => {
  it('delivers waiting facts once, oldest first, and marks them', async () => {
    await freezeAndResume();
    const log = receiver('log');
    const delivery = makeDelivery([log]);
    delivery.wake();
    await delivery.settled();
    delivery.wake();
    await delivery.settled();
    expect(log.taken).toEqual(['1 spending_frozen', '2 spending_resumed']);
    expect(row(memory, 'SELECT DISTINCT state, attempts, delivered_at AS at FROM outbox_deliveries')).toEqual(
      {
        state: 'delivered',
        attempts: 1,
        at: NOON,
      },
    );
  });

  it('delivers facts that come during a delivery, without another wake', async () => {
    const log = receiver('log');
    const delivery = makeDelivery([log]);
    delivery.wake();
    const noted = freezeAndResume();
    delivery.wake();
    await noted;
    delivery.wake();
    await delivery.settled();
    expect(log.taken).toHaveLength(2);
  });

  it('hands a refused fact over again, later each time, and the others at once', async () => {
    await freezeAndResume();
    const log = receiver('log', 1);
    const delivery = makeDelivery([log]);
    delivery.wake();
    await delivery.settled();
    expect(log.taken).toEqual(['2 spending_resumed']);
    expect(errors).toEqual(['the receiver log did not take a fact']);
    await clock.advance(4_999);
    expect(log.taken).toHaveLength(1);
    await clock.advance(1);
    await delivery.settled();
    expect(log.taken).toEqual(['2 spending_resumed', '1 spending_frozen']);
  });

  it('keeps a state for each receiver: one that refuses holds up no other', async () => {
    memory.db.exec("INSERT INTO outbox_receivers (name) VALUES ('chat')");
    await freezeAndResume();
    const [log, chat] = [receiver('log'), receiver('chat', 2)];
    const delivery = makeDelivery([chat, log]);
    delivery.wake();
    await delivery.settled();
    expect([log.taken.length, chat.taken.length]).toEqual([2, 0]);
    await clock.advance(5_000);
    await delivery.settled();
    expect([log.taken.length, chat.taken.length]).toEqual([2, 2]);
  });

  it('tries each receiver again in its own time, also if another one waits longer', async () => {
    memory.db.exec("INSERT INTO outbox_receivers (name) VALUES ('chat')");
    await memory.run(freeze, { reason: 'r', actor: 'a', at: NOON });
    const [log, chat] = [receiver('log', 1), receiver('chat', 9)];
    const delivery = makeDelivery([log, chat]);
    memory.db.exec("UPDATE outbox_deliveries SET attempts = 6 WHERE receiver = 'chat'");
    delivery.wake();
    await delivery.settled();
    // The log is due in 5 seconds, the chat in more than five minutes.
    await clock.advance(5_000);
    await delivery.settled();
    expect(log.taken).toEqual(['1 spending_frozen']);
  });

  it('repeats facts that it delivered and could not mark, and loses none', async () => {
    await freezeAndResume();
    const log = receiver('log');
    let isBroken = true;
    const broken: typeof store = {
      read: store.read,
      write: (operation, args) =>
        isBroken && operation.name === markDeliveries.name
          ? Promise.reject(new Error('the disk is full'))
          : store.write(operation, args),
    };
    const delivery = makeDelivery([log], broken);
    delivery.wake();
    await delivery.settled();
    expect(errors).toEqual(['facts of the outbox could not be read or marked']);
    isBroken = false;
    await clock.advance(5_000);
    await delivery.settled();
    expect(log.taken).toEqual([
      '1 spending_frozen',
      '2 spending_resumed',
      '1 spending_frozen',
      '2 spending_resumed',
    ]);
    expect(row(memory, "SELECT COUNT(*) AS n FROM outbox_deliveries WHERE state = 'waiting'")).toEqual({
      n: 0,
    });
  });

  it('delivers what waits when it is stopped, and nothing afterwards', async () => {
    await memory.run(freeze, { reason: 'r', actor: 'a', at: NOON });
    const log = receiver('log');
    const delivery = makeDelivery([log]);
    await delivery.stop();
    await memory.run(unfreeze, { reason: 'r', actor: 'a', at: NOON });
    delivery.wake();
    await delivery.settled();
    expect(log.taken).toEqual(['1 spending_frozen']);
  });
});
