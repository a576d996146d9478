import { describe, expect, it } from 'vitest';
import type { Finding } from '../../src/alerts/alert.ts';
import {
  finding,
  GROUP_MS,
  key,
  lines,
  MINUTE_MS,
  recordedChannel,
  SECOND_MS,
  settings,
} from './engine-making.ts';
import { openEngine } from './engine-store.ts';

const said = (channel: ReturnType<typeof recordedChannel>) => channel.sent.map((message) => lines(message));

/** Many findings, of which the `n`th last is the one that pages. */
function storm(count: number): Finding[] {
  return Array.from({ length: count }, (_, i) =>
    finding('tasks_stuck', { of: `task-${i}`, ...(i === count - 1 && { severity: 'page' as const }) }),
  );
}

describe('a group', () => {
  it('is one message of all that came within its time from the first event', async () => {
    const channel = recordedChannel('chat');
    const engine = openEngine([channel]);
    await engine.take([finding('disk_low')]);
    await engine.pass(GROUP_MS - 2 * SECOND_MS);
    await engine.take([finding('tasks_stuck')]);
    await engine.pass(SECOND_MS);
    expect(channel.tried).toEqual([]);
    await engine.pass(SECOND_MS);
    expect(said(channel)).toEqual([['disk_low a firing', 'tasks_stuck a firing']]);
    await engine.take([finding('store_trouble')]);
    await engine.pass(GROUP_MS - SECOND_MS);
    expect(channel.tried).toHaveLength(1);
    await engine.pass(SECOND_MS);
    expect(said(channel)[1]).toEqual(['store_trouble a firing']);
  });

  it('is not sent if all of it was over within its time', async () => {
    const channel = recordedChannel('chat');
    const engine = openEngine([channel]);
    await engine.take([finding('disk_low')]);
    await engine.pass(10 * SECOND_MS);
    await engine.take([], [key('disk_low')]);
    await engine.pass(MINUTE_MS);
    expect(channel.tried).toEqual([]);
    const { firing, recent, channels } = await engine.overview();
    expect([firing.length, recent.length, channels[0]?.waiting]).toEqual([0, 1, 0]);
  });

  it('makes one alert of one that comes and goes several times within it', async () => {
    const channel = recordedChannel('chat');
    const engine = openEngine([channel]);
    for (let i = 0; i < 4; i += 1) {
      await engine.take([finding('disk_low', { values: { i } })]);
      await engine.pass(5 * SECOND_MS);
      await engine.take([], [key('disk_low')]);
      await engine.pass(2 * SECOND_MS);
    }
    await engine.take([finding('disk_low')]);
    await engine.pass(MINUTE_MS);
    expect(said(channel)).toEqual([['disk_low a firing']]);
    expect((await engine.overview()).recent).toEqual([]);
  });

  it('keeps back an end that is withdrawn within it', async () => {
    const channel = recordedChannel('chat');
    const engine = openEngine([channel]);
    await engine.take([finding('disk_low')]);
    await engine.pass(MINUTE_MS);
    for (let i = 0; i < 10; i += 1) {
      await engine.take([], [key('disk_low')]);
      await engine.pass(20 * SECOND_MS);
      await engine.take([finding('disk_low')]);
      await engine.pass(20 * SECOND_MS);
    }
    expect(said(channel)).toEqual([['disk_low a firing']]);
    await engine.take([], [key('disk_low')]);
    await engine.pass(MINUTE_MS);
    expect(said(channel)[1]).toEqual(['disk_low a resolved']);
    expect(channel.sent[1]?.alerts[0]?.startedAt).toBe(channel.sent[0]?.alerts[0]?.startedAt);
  });

  it('begins an alert again that comes back after its end was sent with others', async () => {
    const channel = recordedChannel('chat');
    const engine = openEngine([channel]);
    await engine.take([finding('disk_low')]);
    await engine.pass(MINUTE_MS);
    await engine.take([finding('tasks_stuck')]);
    await engine.pass(20 * SECOND_MS);
    await engine.take([], [key('disk_low')]);
    await engine.pass(15 * SECOND_MS);
    expect(said(channel)[1]).toEqual(['tasks_stuck a firing', 'disk_low a resolved']);
    await engine.take([finding('disk_low')]);
    await engine.pass(MINUTE_MS);
    expect(said(channel)[2]).toEqual(['disk_low a firing']);
    await engine.take([], [key('disk_low')]);
    await engine.pass(MINUTE_MS);
    expect(said(channel)[3]).toEqual(['disk_low a resolved']);
    const starts = channel.sent.map(({ alerts }) => alerts.at(-1)?.startedAt);
    expect(starts[2]).toBe(starts[3]);
    expect(starts[2]).toBeGreaterThan(starts[0] ?? 0);
  });

  it('sends an alert that came back after its beginning and end were left out', async () => {
    const channel = recordedChannel('chat');
    const engine = openEngine([channel]);
    await engine.take([finding('tasks_stuck')]);
    await engine.pass(10 * SECOND_MS);
    await engine.take([finding('disk_low')]);
    await engine.pass(10 * SECOND_MS);
    await engine.take([], [key('disk_low')]);
    await engine.pass(15 * SECOND_MS);
    expect(said(channel)).toEqual([['tasks_stuck a firing']]);
    await engine.take([finding('disk_low')]);
    await engine.pass(MINUTE_MS);
    expect(said(channel)[1]).toEqual(['disk_low a firing']);
  });

  it('waits no longer if the clock was set back meanwhile', async () => {
    const channel = recordedChannel('chat');
    const engine = openEngine([channel]);
    await engine.take([finding('disk_low')]);
    engine.clock.step(engine.clock.now() - 24 * 60 * MINUTE_MS);
    await engine.pass(GROUP_MS);
    expect(channel.sent).toHaveLength(1);
  });
});

describe('a storm', () => {
  it('is a message of ten events as long as there are no more', async () => {
    const channel = recordedChannel('chat');
    const engine = openEngine([channel]);
    await engine.take(storm(10));
    await engine.pass(MINUTE_MS);
    expect(channel.sent.map(({ alerts, more }) => [alerts.length, more])).toEqual([[10, 0]]);
  });

  it('is one digest of the ten most severe, which counts the others', async () => {
    const channel = recordedChannel('chat');
    const engine = openEngine([channel]);
    await engine.take(storm(35));
    await engine.pass(MINUTE_MS);
    expect(channel.sent.map(({ alerts, more }) => [alerts.length, more])).toEqual([[10, 25]]);
    const titles = lines(channel.sent[0]);
    expect(titles.slice(0, 3)).toEqual([
      'tasks_stuck task-34 firing',
      'tasks_stuck task-0 firing',
      'tasks_stuck task-1 firing',
    ]);
    expect(engine.results).toHaveLength(35);
  });

  it('reaches a program that takes each alert whole, in messages of at most a hundred', async () => {
    const channel = recordedChannel('pager', { takesEach: true });
    const engine = openEngine([channel]);
    await engine.take(storm(250));
    await engine.pass(MINUTE_MS);
    expect(channel.sent.map(({ alerts, more }) => [alerts.length, more])).toEqual([
      [100, 0],
      [100, 0],
      [50, 0],
    ]);
    const names = channel.sent.flatMap((message) => message.alerts.map(({ labels }) => labels['of']));
    expect(names).toEqual(Array.from({ length: 250 }, (_, i) => `task-${i}`));
  });

  it('of two thousand events is digested without leaving one behind', async () => {
    const channel = recordedChannel('chat');
    const engine = openEngine([channel]);
    await engine.take(storm(2_100));
    await engine.pass(MINUTE_MS);
    const total = channel.sent.reduce((sum, { alerts, more }) => sum + alerts.length + more, 0);
    expect([channel.sent.length, total]).toEqual([3, 2_100]);
    expect((await engine.overview()).channels).toMatchObject([{ waiting: 0 }]);
  });
});

describe('a channel', () => {
  it('that is gone from the config loses its waiting events, with a note, and gets only new ones when it is back', async () => {
    const [one, two] = [recordedChannel('one'), recordedChannel('two')];
    const engine = openEngine([one, two]);
    two.answer = () => Promise.reject(new Error('down'));
    await engine.take([finding('disk_low'), finding('tasks_stuck')]);
    await engine.pass(MINUTE_MS);
    await engine.take([finding('store_trouble')]);
    engine.channels = [one];
    engine.settings = settings(['one']);
    engine.alerting.wake();
    await engine.pass(MINUTE_MS);
    const gone = (await engine.overview()).channels.find(({ name }) => name === 'two');
    expect(gone).toMatchObject({
      waiting: 0,
      attempts: 0,
      dropped: 3,
      removedAt: engine.clock.now() - MINUTE_MS,
    });
    two.answer = null;
    engine.channels = [one, two];
    engine.settings = settings(['one', 'two']);
    engine.alerting.wake();
    await engine.take([finding('wal_large')], [key('disk_low')]);
    await engine.pass(MINUTE_MS);
    expect(said(two)).toEqual([['wal_large a firing']]);
    expect(said(one).at(-1)).toEqual(['wal_large a firing', 'disk_low a resolved']);
    const back = (await engine.overview()).channels.find(({ name }) => name === 'two');
    expect(back).toMatchObject({ removedAt: null, dropped: 0, undelivered: 0 });
  });
});
