import { describe, expect, test, vi } from 'vitest';
import { createManualClock } from '../../src/clock.ts';
import { SidecarError } from '../../src/errors.ts';
import { Batches } from '../../src/store/sqlite/batches.ts';
import { pack, unpack, type Packed } from '../../src/store/sqlite/plain.ts';
import {
  BUSY_MS,
  QUIET_MS,
  REST_FACTOR,
  BackgroundTurns,
  WAIT_MS_MAX,
} from '../../src/store/sqlite/background-turns.ts';

describe('background priority', () => {
  test('has its turn at once while no request writes, even if others write', async () => {
    const clock = createManualClock(0);
    const time = new BackgroundTurns(clock);
    time.noteWaiting();
    time.noteAsked();
    time.noteDone(500);
    expect([time.isBusy, time.waitMs()]).toEqual([false, 0]);
    time.noteAwaited();
    expect(time.isBusy).toBe(true);
    await clock.advance(BUSY_MS - 1);
    expect(time.isBusy).toBe(true);
    await clock.advance(1);
    expect([time.isBusy, time.waitMs()]).toEqual([false, 0]);
  });

  test('begins after a moment without operations, so that a quick create ends first', async () => {
    const clock = createManualClock(0);
    const time = new BackgroundTurns(clock);
    time.noteAwaited();
    time.noteAsked();
    time.noteWaiting();
    expect(time.waitMs()).toBe(QUIET_MS);
    await clock.advance(QUIET_MS - 1);
    time.noteAsked();
    expect(time.waitMs()).toBe(QUIET_MS);
    await clock.advance(QUIET_MS);
    expect(time.waitMs()).toBe(0);
  });

  test('rests after a piece for a multiple of its duration, and never longer than a bound', async () => {
    const clock = createManualClock(0);
    const time = new BackgroundTurns(clock);
    time.noteAwaited();
    time.noteDone(2);
    time.noteWaiting();
    expect(time.waitMs()).toBe(2 * REST_FACTOR);
    await clock.advance(2 * REST_FACTOR);
    expect(time.waitMs()).toBe(0);
    time.noteDone(1000);
    time.noteWaiting();
    expect([time.waitMs(), time.isOverdue]).toEqual([WAIT_MS_MAX, false]);
    await clock.advance(WAIT_MS_MAX);
    expect([time.waitMs(), time.isOverdue]).toEqual([0, true]);
  });
});

/** A worker's end that answers when the test says so, and takes as long as the clock is moved. */
function setUp() {
  const clock = createManualClock(0);
  const sent: unknown[][] = [];
  const batches = new Batches({
    clock,
    send: (message: Packed) => sent.push(unpack(structuredClone(message))),
  });
  const reply = (): void => {
    const calls = sent.at(-1) ?? [];
    batches.receive(pack([null, 0.001, [], ...calls.filter((_, index) => index % 2 === 1)]));
  };
  const background = (name: string) =>
    batches.addBackground(name, (isBusy) => ({ args: isBusy ? 'few' : 'many', isPlain: true }));
  return { clock, sent, batches, reply, background };
}

const nextTick = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('background operations', () => {
  test('run one by one, alone in their batch, in their order, in large pieces', async () => {
    const { sent, reply, background } = setUp();
    const both = Promise.all([background('one'), background('two')]);
    await nextTick();
    expect(sent).toEqual([['one', 'many']]);
    reply();
    await nextTick();
    expect(sent).toEqual([
      ['one', 'many'],
      ['two', 'many'],
    ]);
    reply();
    expect(await both).toEqual(['many', 'many']);
  });

  test('let all operations that came meanwhile run first, and make their arguments only then', async () => {
    const { clock, batches, sent, reply, background } = setUp();
    const first = background('piece');
    batches.backgroundTurns.noteAwaited();
    const urgent = batches.add('create', 1);
    await nextTick();
    expect(sent).toEqual([['create', 1]]);
    reply();
    await urgent;
    await nextTick();
    expect(sent).toHaveLength(1);
    await clock.advance(QUIET_MS);
    await nextTick();
    expect(sent[1]).toEqual(['piece', 'few']);
    const next = batches.add('create', 2);
    await nextTick();
    expect(sent).toHaveLength(2);
    reply();
    expect(await first).toBe('few');
    await nextTick();
    expect(sent[2]).toEqual(['create', 2]);
    reply();
    await next;
  });

  test('rest after each while requests write, by its duration', async () => {
    const { clock, batches, sent, reply, background } = setUp();
    batches.backgroundTurns.noteAwaited();
    const first = background('piece');
    await nextTick();
    expect(sent).toHaveLength(1);
    await clock.advance(3);
    reply();
    await first;
    const second = background('piece');
    await clock.advance(3 * REST_FACTOR - 1);
    await nextTick();
    expect(sent).toHaveLength(1);
    await clock.advance(1);
    await nextTick();
    expect(sent).toHaveLength(2);
    reply();
    await second;
  });

  test('run before the others once they have waited long enough, even if the writer is never idle', async () => {
    const { clock, batches, sent, reply, background } = setUp();
    batches.backgroundTurns.noteAwaited();
    void batches.add('create', 0);
    await nextTick();
    const waiting = background('piece');
    let creates = 1;
    for (; sent.at(-1)?.[0] !== 'piece' && creates < 1000; creates += 1) {
      batches.backgroundTurns.noteAwaited();
      void batches.add('create', creates);
      await clock.advance(2);
      reply();
      await nextTick();
    }
    expect(clock.monotonic()).toBe(WAIT_MS_MAX);
    expect(sent.at(-1)).toEqual(['piece', 'few']);
    reply();
    expect(await waiting).toBe('few');
    await nextTick();
    expect(sent.at(-1)).toEqual(['create', creates - 1]);
  });

  test('that cannot be made or sent reject for their own caller, and the next one runs', async () => {
    const { batches, sent, reply, background } = setUp();
    const failing = batches.addBackground('bad', () => {
      throw new Error('no arguments');
    });
    const odd = batches.addBackground('odd', () => ({ args: { run: () => 1 }, isPlain: false }));
    const good = background('good');
    await expect(failing).rejects.toThrow('no arguments');
    await expect(odd).rejects.toThrow(/could not be cloned/);
    await vi.waitFor(() => expect(sent).toEqual([['good', 'many']]), { timeout: 100_000 });
    reply();
    expect(await good).toBe('many');
  });

  test('that wait are refused when the store closes or its worker is gone; the running one is answered', async () => {
    const { batches, reply, background } = setUp();
    const closed = new SidecarError('ledger_unavailable', 'closed');
    const underWay = background('one');
    await nextTick();
    const waiting = background('two');
    const closing = batches.close(closed);
    await expect(waiting).rejects.toBe(closed);
    await expect(background('three')).rejects.toBe(closed);
    reply();
    expect(await underWay).toBe('many');
    await closing;

    const other = setUp();
    const lost = other.background('one');
    other.batches.fail(closed);
    await expect(lost).rejects.toBe(closed);
  });
});
