import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { AlertMessage } from '../../src/alerts/alert.ts';
import { randomOf } from '../random-numbers.ts';
import { afterTest, startChild, tempFolder, type Child } from '../store/test-store.ts';
import { SHARES, SLOT_MS } from './engine-budget.ts';
import { DAY_MS } from './engine-making.ts';
import { startReceiver } from './receiver.ts';

const FIRST = Date.UTC(2026, 10, 1);
const DAYS = 30;
/** Kills in the month, more or less. */
const KILLS = 40;

it('sends one message for each threshold and day of a month in which the process is killed again and again', async () => {
  const random = randomOf(20261128);
  const bodies = new Map<string, string>();
  /** Messages that came again with other words. */
  const changed: string[] = [];
  let again = 0;
  let child: Child | null = null;
  /** How many more requests arrive before one kills the process, and whether that one is answered first. */
  let fatal: { requests: number; isAnswered: boolean } | null = null;
  const receiver = await startReceiver(({ body }) => {
    const { id } = JSON.parse(body) as AlertMessage;
    if (bodies.has(id)) again += 1;
    bodies.set(id, bodies.get(id) ?? body);
    if (bodies.get(id) !== body) changed.push(body);
    if (fatal === null || (fatal.requests -= 1) > 0) return { status: 200 };
    const { isAnswered } = fatal;
    fatal = null;
    const victim = child?.process;
    if (!isAnswered) victim?.kill('SIGKILL');
    return (response) => response.end('', () => void victim?.kill('SIGKILL'));
  });
  afterTest(() => receiver.stop());
  const path = join(tempFolder(), 'sidecar.db');
  const until = FIRST + DAYS * DAY_MS;
  let at = FIRST;
  let starts = 0;
  for (let isDone = false; !isDone;) {
    starts += 1;
    const args = [path, receiver.url, String(at), String(until)];
    child = startChild(args, [], new URL('./engine-child.ts', import.meta.url));
    const isByRequest = random() < 0.5;
    const requests = 1 + Math.floor(random() * 3);
    fatal = isByRequest && starts <= KILLS ? { requests, isAnswered: random() < 0.7 } : null;
    const lines = isByRequest || starts > KILLS ? Infinity : 3 + Math.floor(random() * 120);
    const onSlot = (slot: number): void => void (at = slot);
    isDone = (await readUntil(child, lines, onSlot)) === 'done';
    await child.kill();
    // It may have done more before it was dead.
    if (!isDone) isDone = (await readUntil(child, Infinity, onSlot)) === 'done';
  }
  expect(starts).toBeGreaterThan(KILLS);
  expect(changed).toEqual([]);
  expect(again).toBeGreaterThan(0);
  const alerts = [...bodies].flatMap(([id, body]) =>
    (JSON.parse(body) as AlertMessage).alerts.map((alert) => ({ ...alert, message: id })),
  );
  const sent = Map.groupBy(alerts, ({ period, status }) => `${period} ${status}`);
  const repeated = [...sent].filter(([, each]) => new Set(each.map(({ message }) => message)).size !== 1);
  expect(repeated).toEqual([]);
  expect(countBy([...sent.keys()])).toEqual({
    ...Object.fromEntries(SHARES.map((share) => [`${share} firing`, DAYS])),
    // The last day is not over.
    '1 resolved': DAYS - 1,
  });
}, 600_000);

it('sends a message again, with the same id, if the process was killed after the receiver took it', async () => {
  const receiver = await startReceiver();
  afterTest(() => receiver.stop());
  const path = join(tempFolder(), 'sidecar.db');
  const start = (from: number, ...stopAt: string[]): Child => {
    // By the end of the third slot half of the budget is spent.
    const args = [path, receiver.url, String(from), String(FIRST + 3 * SLOT_MS), ...stopAt];
    return startChild(args, [], new URL('./engine-child.ts', import.meta.url));
  };
  const killed = start(FIRST, 'alerts.noteDelivered');
  while ((await killed.line()) !== 'write alerts.noteDelivered') expect(killed.process.exitCode).toBe(null);
  await killed.kill('SIGKILL');
  expect(receiver.arrived).toHaveLength(1);
  const next = start(FIRST + 2 * SLOT_MS);
  expect(await readUntil(next, Infinity, () => undefined)).toBe('done');
  const ids = receiver.arrived.map(({ body }) => (JSON.parse(body) as AlertMessage).id);
  expect(ids).toHaveLength(2);
  expect(new Set(ids).size).toBe(1);
}, 600_000);

/** Reads a child's lines until its end, its last line, or so many of them; gives the last one. */
async function readUntil(
  child: Child,
  lines: number,
  onSlot: (at: number) => void,
): Promise<string | undefined> {
  let last: string | undefined;
  for (let read = 0; read < lines; read += 1) {
    const line = await child.line();
    if (line === undefined) {
      await child.kill();
      const { exitCode } = child.process;
      if (exitCode !== null) throw new Error(`a child ended by itself after "${last}" (${exitCode})`);
      return last;
    }
    last = line;
    if (line.startsWith('slot ')) onSlot(Number(line.slice(5)));
    if (line === 'done') return last;
  }
  return last;
}

/** Counts by share and status; the day is left out. */
function countBy(keys: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const key of keys) {
    const short = key.replace(/^.*\//, '');
    counts[short] = (counts[short] ?? 0) + 1;
  }
  return counts;
}
