import { describe, expect, it } from 'vitest';
import { ChannelError, referenceKey } from '../../src/alerts/channel.ts';
import { noteDelivered } from '../../src/alerts/message-table.ts';
import { DAY_MS, finding, key, lines, MINUTE_MS, NOON, recordedChannel, SECOND_MS } from './engine-making.ts';
import { openEngine, type Engine } from './engine-store.ts';

const refusal = (retryAfterMs: number | null = null) => new ChannelError('answered 503', { retryAfterMs });
const down = () => Promise.reject(refusal());

/** The instants of attempts, in seconds from noon. */
function attemptsOf(engine: Engine, channel: ReturnType<typeof recordedChannel>, answer = down): number[] {
  const at: number[] = [];
  channel.answer = () => {
    at.push((engine.clock.now() - NOON) / SECOND_MS);
    return answer();
  };
  return at;
}

describe('a message that is not taken', () => {
  it('is tried after 5 s, then twice as long each time, up to every 10 minutes, with the same id', async () => {
    const channel = recordedChannel('chat');
    const engine = openEngine([channel]);
    const at = attemptsOf(engine, channel);
    await engine.take([finding('disk_low')]);
    await engine.pass(40 * MINUTE_MS);
    const waits = at.map((second, i) => second - (at[i - 1] ?? 0));
    expect(waits).toEqual([30, 5, 10, 20, 40, 80, 160, 320, 600, 600]);
    expect(new Set(channel.tried).size).toBe(1);
    channel.answer = null;
    await engine.pass(10 * MINUTE_MS);
    expect(channel.sent.map(({ id }) => id)).toEqual([channel.tried[0]]);
  });

  it('is spread by a fifth either way', async () => {
    const waits: number[] = [];
    for (const random of [0, 0.999_999]) {
      const channel = recordedChannel('chat');
      const engine = openEngine([channel], { random: () => random });
      const at = attemptsOf(engine, channel);
      await engine.take([finding('disk_low')]);
      await engine.pass(40 * SECOND_MS);
      waits.push((at[1] ?? 0) - (at[0] ?? 0));
    }
    expect(waits).toEqual([4, 6]);
  });

  it('waits as long as the receiver asks, also across a restart', async () => {
    const channel = recordedChannel('chat');
    const engine = openEngine([channel]);
    const at = attemptsOf(engine, channel, () => Promise.reject(refusal(45 * MINUTE_MS)));
    await engine.take([finding('disk_low')]);
    await engine.pass(MINUTE_MS);
    await engine.alerting.stop();
    engine.restart();
    await engine.take([finding('tasks_stuck')]);
    await engine.pass(45 * MINUTE_MS);
    expect(at).toEqual([30, 30 + 45 * 60]);
  });

  it('is given up after a day; the next message is all that waited, in one digest', async () => {
    const channel = recordedChannel('chat');
    const engine = openEngine([channel]);
    channel.answer = down;
    await engine.take([finding('disk_low')]);
    await engine.pass(MINUTE_MS);
    for (let hour = 0; hour < 23; hour += 1) {
      await engine.take([finding('budget_threshold', { of: `budget-${hour}`, period: '2026-11-18' })]);
      await engine.pass(60 * MINUTE_MS, MINUTE_MS);
    }
    expect((await engine.overview()).channels).toMatchObject([{ waiting: 24 + 5, undelivered: 0 }]);
    await engine.pass(58 * MINUTE_MS, MINUTE_MS);
    expect(new Set(channel.tried).size).toBe(1);
    await engine.pass(5 * MINUTE_MS, MINUTE_MS);
    expect(new Set(channel.tried).size).toBe(2);
    expect(engine.results.at(-1)).toBe('budget_threshold chat failed');
    expect(engine.results).toContain('disk_low chat undelivered');
    channel.answer = null;
    await engine.pass(20 * MINUTE_MS, MINUTE_MS);
    expect(channel.sent.map(({ alerts, more }) => [alerts.length, more])).toEqual([[10, 14]]);
    // The beginning of this alert was given up, so what the channel hears of first is no repeat.
    expect(lines(channel.sent[0])[0]).toBe('disk_low a firing');
    const { channels } = await engine.overview();
    expect(channels).toMatchObject([{ waiting: 0, oldestAt: null, undelivered: 1, lastError: null }]);
  });

  it('is not tried again if that cannot help, and the next one follows', async () => {
    const channel = recordedChannel('chat');
    const engine = openEngine([channel]);
    channel.answer = () => Promise.reject(new ChannelError('the address is unknown', { isFinal: true }));
    await engine.take([finding('disk_low')]);
    await engine.pass(MINUTE_MS);
    expect(engine.results).toEqual(['disk_low chat undelivered']);
    expect((await engine.overview()).channels).toMatchObject([
      { undelivered: 1, lastError: 'the address is unknown', lastErrorAt: NOON + 30 * SECOND_MS },
    ]);
    channel.answer = null;
    await engine.take([finding('tasks_stuck')], [key('disk_low')]);
    await engine.pass(MINUTE_MS);
    // An alert that the channel never heard of does not end for it.
    expect(channel.sent.map((message) => lines(message))).toEqual([['tasks_stuck a firing']]);
  });

  it('is tried once more at least, if the day passed while no process ran', async () => {
    const channel = recordedChannel('chat');
    const engine = openEngine([channel]);
    channel.answer = down;
    await engine.take([finding('disk_low')]);
    await engine.pass(MINUTE_MS);
    await engine.alerting.stop();
    await engine.clock.advance(3 * DAY_MS);
    channel.answer = null;
    engine.restart();
    await engine.alerting.settled();
    expect(channel.sent.map(({ id }) => id)).toEqual([channel.tried[0]]);
  });

  it('is tried at once if the clock was set back', async () => {
    const channel = recordedChannel('chat');
    const engine = openEngine([channel]);
    channel.answer = () => Promise.reject(refusal(DAY_MS / 2));
    await engine.take([finding('disk_low')]);
    await engine.pass(MINUTE_MS);
    engine.clock.step(NOON - DAY_MS);
    channel.answer = null;
    await engine.pass(10 * MINUTE_MS, MINUTE_MS);
    expect(channel.sent).toHaveLength(1);
  });

  it('names an unexpected error of a channel only by its kind', async () => {
    const channel = recordedChannel('chat');
    const engine = openEngine([channel]);
    channel.answer = () => Promise.reject(new TypeError('fetch https://hooks.test/secret failed'));
    await engine.take([finding('disk_low')]);
    await engine.pass(MINUTE_MS);
    const [view] = (await engine.overview()).channels;
    expect(view?.lastError).toBe('an unexpected error (TypeError)');
  });

  it('is tried again if no answer comes within a minute', async () => {
    const channel = recordedChannel('chat');
    const engine = openEngine([channel]);
    channel.answer = () => new Promise(() => undefined);
    await engine.take([finding('disk_low')]);
    await engine.clock.advance(30 * SECOND_MS);
    await engine.clock.advance(60 * SECOND_MS);
    await engine.alerting.settled();
    expect((await engine.overview()).channels).toMatchObject([{ lastError: 'no answer within 60 s' }]);
    channel.answer = null;
    await engine.pass(5 * SECOND_MS);
    expect(channel.sent).toHaveLength(1);
  });
});

describe('a sender', () => {
  it('sends no two messages faster than the receiver allows', async () => {
    const channel = recordedChannel('chat', { paceMs: 90 * SECOND_MS });
    const engine = openEngine([channel]);
    const at = attemptsOf(engine, channel, () => Promise.resolve({}) as never);
    for (const of of ['a', 'b', 'c', 'd']) {
      await engine.take([finding('tasks_stuck', { of })]);
      await engine.pass(31 * SECOND_MS);
    }
    await engine.pass(5 * MINUTE_MS);
    expect(at).toEqual([30, 120]);
    expect(channel.sent.map((message) => lines(message).length)).toEqual([1, 3]);
  });

  it('is not delayed by another channel that never answers, nor is what rules find', async () => {
    const [slow, quick] = [recordedChannel('slow'), recordedChannel('quick')];
    const engine = openEngine([slow, quick]);
    slow.answer = () => new Promise(() => undefined);
    await engine.take([finding('disk_low')]);
    await engine.clock.advance(30 * SECOND_MS);
    await engine.take([finding('tasks_stuck')]);
    await engine.clock.advance(30 * SECOND_MS);
    await engine.clock.advance(SECOND_MS);
    expect(quick.sent.map((message) => lines(message))).toEqual([
      ['disk_low a firing'],
      ['tasks_stuck a firing'],
    ]);
    expect(slow.tried).toHaveLength(1);
    slow.answer = null;
    await engine.clock.advance(60 * SECOND_MS);
  });

  it('passes the receiver’s name of an alert with each later event of it', async () => {
    const channel = recordedChannel('chat');
    const engine = openEngine([channel]);
    const handed: object[] = [];
    channel.answer = ({ alerts }, references) => {
      handed.push(references);
      return Object.fromEntries(alerts.map((alert) => [referenceKey(alert), `ts-of-${alert.status}`]));
    };
    await engine.take([finding('disk_low'), finding('tasks_stuck')]);
    await engine.pass(MINUTE_MS);
    await engine.alerting.stop();
    engine.restart();
    await engine.take([], [key('disk_low')]);
    await engine.pass(MINUTE_MS);
    const [alert] = channel.sent[0]?.alerts ?? [];
    expect(handed).toEqual([{}, { [alert ? referenceKey(alert) : '']: 'ts-of-firing' }]);
  });

  it('sends a message again, with the same id, that was taken but could not be marked', async () => {
    const channel = recordedChannel('chat');
    let isBroken = true;
    const engine: Engine = openEngine([channel], {
      store: {
        read: (operation, args) => engine.memory.run(operation, args),
        write: (operation, args) =>
          isBroken && operation.name === noteDelivered.name
            ? Promise.reject(new Error('the disk is full'))
            : engine.memory.run(operation, args),
      },
    });
    await engine.take([finding('disk_low')]);
    await engine.pass(30 * SECOND_MS);
    expect(engine.errors).toEqual(['alerts for the channel chat could not be read or marked']);
    isBroken = false;
    await engine.pass(MINUTE_MS);
    expect(channel.tried).toHaveLength(2);
    expect(new Set(channel.tried).size).toBe(1);
    expect(engine.results).toEqual(['disk_low chat delivered']);
  });

  it('gives up a message that cannot be put into words, and says so', async () => {
    const channel = recordedChannel('chat');
    const engine = openEngine([channel], {
      compose: () => {
        throw new Error('no words');
      },
    });
    await engine.take([finding('disk_low')]);
    await engine.pass(MINUTE_MS);
    expect([engine.errors, engine.results]).toEqual([
      ['an alert could not be put into words'],
      ['disk_low chat undelivered'],
    ]);
  });
});

describe('a test message', () => {
  it('is sent at once to each channel, while others wait, and is remembered', async () => {
    const [good, bad] = [recordedChannel('good'), recordedChannel('bad')];
    const engine = openEngine([good, bad]);
    bad.answer = down;
    await engine.take([finding('disk_low')]);
    expect(await engine.alerting.test(null)).toEqual([
      { channel: 'good', ok: true, error: null },
      { channel: 'bad', ok: false, error: 'answered 503' },
    ]);
    expect(good.sent.map((message) => lines(message))).toEqual([['channel_test good firing']]);
    expect(await engine.alerting.test('nobody')).toEqual([]);
    expect((await engine.overview()).channels).toMatchObject([
      { name: 'bad', lastTestAt: NOON, lastTestError: 'answered 503', waiting: 1 },
      { name: 'good', lastTestAt: NOON, lastTestError: null, waiting: 1 },
    ]);
  });
});

describe('a stop', () => {
  it('leaves waiting messages for the next start, which sends them', async () => {
    const channel = recordedChannel('chat');
    const engine = openEngine([channel]);
    await engine.take([finding('disk_low')]);
    await engine.alerting.stop();
    await engine.clock.advance(MINUTE_MS);
    await engine.alerting.settled();
    expect(channel.tried).toEqual([]);
    engine.restart();
    await engine.alerting.settled();
    expect(channel.sent.map((message) => lines(message))).toEqual([['disk_low a firing']]);
  });

  it('waits at most 5 s for a running attempt', async () => {
    const channel = recordedChannel('chat');
    const engine = openEngine([channel]);
    channel.answer = () => new Promise(() => undefined);
    await engine.take([finding('disk_low')]);
    await engine.clock.advance(30 * SECOND_MS);
    let isStopped = false;
    const stopped = engine.alerting.stop().then(() => (isStopped = true));
    await engine.clock.advance(4_999);
    expect(isStopped).toBe(false);
    await engine.clock.advance(1);
    await stopped;
  });
});
