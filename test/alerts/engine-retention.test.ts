import { expect, it } from 'vitest';
import { dropOldAlerts } from '../../src/alerts/alert-retention.ts';
import { ChannelError } from '../../src/alerts/channel.ts';
import { silenceRule } from '../../src/alerts/silence-table.ts';
import { DAY_MS, finding, key, lines, MINUTE_MS, NOON, recordedChannel } from './engine-making.ts';
import { openEngine, type Engine } from './engine-store.ts';

const TABLES = [
  'alerts',
  'alert_events',
  'alert_deliveries',
  'alert_messages',
  'alert_facts',
  'alert_silences',
];

function counts({ memory }: Engine): Record<string, number> {
  const count = (table: string) =>
    (memory.db.prepare(`SELECT COUNT(*) AS n FROM ${table}`).get() as { n: number }).n;
  return Object.fromEntries(TABLES.map((table) => [table, count(table)]));
}

const drop = (engine: Engine, before = engine.clock.now()) => engine.memory.run(dropOldAlerts, { before });

it('drops alerts that are over with all their messages, and no open alert', async () => {
  const channel = recordedChannel('chat');
  const engine = openEngine([channel]);
  const order = { rule: 'wal_large', reason: 'r', actor: 'a', at: NOON } as const;
  await engine.memory.run(silenceRule, { ...order, until: NOON + MINUTE_MS });
  await engine.take([finding('tasks_stuck'), finding('disk_low')], [], 1);
  await engine.take([finding('budget_threshold', { period: 'day' })]);
  await engine.pass(MINUTE_MS);
  await engine.take([], [key('disk_low')], 2);
  await engine.pass(MINUTE_MS);
  expect(await drop(engine, NOON)).toEqual({ dropped: 0, more: false });
  await engine.clock.advance(DAY_MS);
  expect(await drop(engine)).toEqual({ dropped: 2, more: false });
  expect(counts(engine)).toEqual({
    alerts: 1,
    alert_events: 1,
    alert_deliveries: 1,
    alert_messages: 0,
    alert_facts: 0,
    alert_silences: 0,
  });
  await engine.take([], [key('tasks_stuck')]);
  await engine.pass(MINUTE_MS);
  expect(lines(channel.sent.at(-1))).toEqual(['tasks_stuck a resolved']);
});

it('drops no event that still waits for a channel', async () => {
  const channel = recordedChannel('chat');
  const engine = openEngine([channel]);
  channel.answer = () => Promise.reject(new ChannelError('down'));
  await engine.take([finding('budget_threshold', { period: 'day' })]);
  await engine.pass(MINUTE_MS);
  await engine.take([finding('budget_threshold', { period: 'next day' })]);
  expect(await drop(engine, NOON + DAY_MS)).toEqual({ dropped: 0, more: false });
  channel.answer = null;
  await engine.pass(10 * MINUTE_MS);
  expect(channel.sent.flatMap((message) => lines(message))).toEqual([
    'budget_threshold a day firing',
    'budget_threshold a next day firing',
  ]);
  expect(await drop(engine, NOON + DAY_MS)).toEqual({ dropped: 2, more: false });
});

it('remembers for 400 days more that a notice or period began, and longer while it is open', async () => {
  const channel = recordedChannel('chat');
  const engine = openEngine([channel]);
  const found = [
    finding('budget_threshold', { period: 'total' }),
    finding('budget_used_up', { period: 'total' }),
  ];
  const again = async () => {
    await engine.take(found);
    await engine.pass(MINUTE_MS);
    return channel.sent.length;
  };
  expect(await again()).toBe(1);
  await engine.clock.advance(399 * DAY_MS);
  expect(await drop(engine)).toEqual({ dropped: 1, more: false });
  expect(await again()).toBe(1);
  await engine.clock.advance(2 * DAY_MS);
  await drop(engine);
  expect(await again()).toBe(2);
  expect(lines(channel.sent[1])).toEqual(['budget_threshold a total firing']);
});

it('drops in pieces of 500, and says whether there is more', async () => {
  const engine = openEngine([]);
  const found = Array.from({ length: 1_100 }, (_, i) => finding('claim_open', { of: `${i}`, period: 'p' }));
  await engine.take(found);
  const before = NOON + DAY_MS;
  expect(await drop(engine, before)).toEqual({ dropped: 500, more: true });
  expect(await drop(engine, before)).toEqual({ dropped: 500, more: true });
  expect(await drop(engine, before)).toEqual({ dropped: 100, more: false });
});
