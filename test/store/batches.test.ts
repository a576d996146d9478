import { describe, expect, test } from 'vitest';
import { createManualClock } from '../../src/clock.ts';
import { SidecarError } from '../../src/errors.ts';
import { BATCH_MAX, Batches, GATHER_TURNS, LATER_MS } from '../../src/store/sqlite/batches.ts';
import { pack, unpack, type Packed } from '../../src/store/sqlite/plain.ts';

/** A worker's end that answers when told: each operation's result is its arguments. */
function setUp() {
  const clock = createManualClock(0);
  const sent: unknown[][] = [];
  const lost: string[] = [];
  const batches = new Batches({
    clock,
    send: (message: Packed) => {
      // As postMessage does: what cannot be cloned throws here.
      sent.push(unpack(structuredClone(message)));
    },
    onLaterFailed: (name, error) => lost.push(`${name}: ${error.message}`),
  });
  const reply = (): void => {
    const calls = sent.at(-1) ?? [];
    batches.receive(pack([null, 0.001, [], ...calls.filter((_, index) => index % 2 === 1)]));
  };
  return { clock, sent, lost, batches, reply };
}

const nextTick = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('batches', () => {
  test('sends what one tick brought in one message, in order, and answers each caller its own', async () => {
    const { batches, sent, reply } = setUp();
    const results = Promise.all([batches.add('a', 1), batches.add('b', { two: 2 }), batches.add('a', null)]);
    await nextTick();
    expect(sent).toEqual([['a', 1, 'b', { two: 2 }, 'a', null]]);
    reply();
    expect(await results).toEqual([1, { two: 2 }, null]);
  });

  test('gathers the next batch while one runs, at most 256 in each', async () => {
    const { batches, sent, reply } = setUp();
    const first = batches.add('a', 0);
    await nextTick();
    const others = Array.from({ length: BATCH_MAX + 44 }, (_, index) => batches.add('a', index + 1));
    await nextTick();
    expect(sent).toHaveLength(1);
    reply();
    await first;
    await nextTick();
    expect(sent[1]).toHaveLength(BATCH_MAX * 2);
    reply();
    for (let turn = 0; turn <= GATHER_TURNS; turn += 1) await nextTick();
    expect(sent[2]).toHaveLength(44 * 2);
    reply();
    expect(await Promise.all(others)).toEqual(others.map((_, index) => index + 1));
  });

  test('waits for the callers of a shared batch to ask again, and lets a single caller wait for nobody', async () => {
    const { batches, sent, reply } = setUp();
    const both = [batches.add('a', 1), batches.add('b', 2)];
    await nextTick();
    reply();
    await Promise.all(both);
    void batches.add('a', 3);
    await nextTick();
    void batches.add('b', 4);
    for (let turn = 0; turn < GATHER_TURNS; turn += 1) await nextTick();
    expect(sent[1]).toEqual(['a', 3, 'b', 4]);
    reply();
    void batches.add('a', 5);
    for (let turn = 0; turn <= GATHER_TURNS; turn += 1) await nextTick();
    reply();
    void batches.add('a', 6);
    await nextTick();
    expect(sent.slice(2)).toEqual([
      ['a', 5],
      ['a', 6],
    ]);
  });

  test('lets `later` wait at most 100 ms for company, and take the first that comes', async () => {
    const { batches, sent, reply, clock } = setUp();
    batches.addLater('late', 1);
    await clock.advance(LATER_MS - 1);
    expect(sent).toEqual([]);
    await clock.advance(1);
    await nextTick();
    expect(sent).toEqual([['late', 1]]);
    reply();
    batches.addLater('late', 2);
    void batches.add('now', 3);
    await nextTick();
    expect(sent[1]).toEqual(['late', 2, 'now', 3]);
    batches.addLater('late', 4);
    reply();
    await nextTick();
    expect(sent).toHaveLength(2);
    await clock.advance(LATER_MS);
    await nextTick();
    expect(sent[2]).toEqual(['late', 4]);
  });

  test('reports a lost `later`, and nothing else', async () => {
    const { batches, lost } = setUp();
    const added = batches.add('now', 1);
    batches.addLater('late', 2);
    await nextTick();
    batches.receive(pack(['disk full (SQLITE_FULL)']));
    await expect(added).rejects.toMatchObject({ code: 'ledger_unavailable' });
    expect(lost).toEqual([expect.stringMatching(/^late: .*SQLITE_FULL/)]);
  });

  test('rejects only the caller whose arguments cannot cross a thread', async () => {
    const { batches, sent, reply } = setUp();
    const bad = batches.add('bad', { run: () => 1 });
    const good = batches.add('good', 7);
    await expect(bad).rejects.toThrow(/could not be cloned/);
    await nextTick();
    expect(sent).toEqual([['good', 7]]);
    reply();
    expect(await good).toBe(7);
  });

  test('rejects everything when the worker is gone, and everything that comes after', async () => {
    const { batches, lost } = setUp();
    const gone = new SidecarError('ledger_unavailable', 'gone');
    const underWay = batches.add('a', 1);
    await nextTick();
    const waiting = batches.add('a', 2);
    batches.addLater('late', 3);
    batches.fail(gone);
    await expect(underWay).rejects.toBe(gone);
    await expect(waiting).rejects.toBe(gone);
    await expect(batches.add('a', 4)).rejects.toBe(gone);
    expect(lost).toEqual(['late: gone']);
    await batches.close(gone);
  });

  test('closes when all that came before is answered, `later` included, and refuses the rest', async () => {
    const { batches, sent, reply } = setUp();
    const closed = new SidecarError('ledger_unavailable', 'closed');
    const first = batches.add('a', 1);
    await nextTick();
    batches.addLater('late', 2);
    let isClosed = false;
    const closing = batches.close(closed).then(() => (isClosed = true));
    await expect(batches.add('a', 3)).rejects.toBe(closed);
    reply();
    await first;
    await nextTick();
    expect(sent[1]).toEqual(['late', 2]);
    expect(isClosed).toBe(false);
    reply();
    await closing;
  });
});
