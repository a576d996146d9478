/** Ways in which a receiver can be away, and what its channel sends once it is back. */
import { expect } from 'vitest';
import type { AlertMessage } from '../../src/alerts/alert.ts';
import type { Ms } from '../../src/units.ts';
import { finding, HOUR_MS, key, MINUTE_MS } from './engine-making.ts';
import { postChannel } from './engine-real.ts';
import { openSocketEngine, startPlace, type Place } from './engine-sockets.ts';
import type { Answer } from './receiver.ts';

interface Way {
  answer: () => Answer | Ms;
  /** At least and at most, apart from the first ones. */
  attemptsPerHour: readonly [number, number];
}

export const WAYS: Readonly<Record<string, Way>> = {
  'is down': { answer: () => 'cut', attemptsPerHour: [5, 6] },
  'answers too late': { answer: () => 20_000, attemptsPerHour: [5, 6] },
  'asks for patience': {
    answer: () => ({ status: 429, headers: { 'retry-after': '1800' } }),
    attemptsPerHour: [1, 2],
  },
  'is broken': { answer: () => ({ status: 500 }), attemptsPerHour: [5, 6] },
  redirects: {
    answer: () => ({ status: 302, headers: { location: 'http://127.0.0.1:9/' } }),
    attemptsPerHour: [5, 6],
  },
};
/** Attempts before the waits are 10 minutes long. */
const FIRST_ATTEMPTS = 9;

/**
 * A receiver is away for some time while alerts come and go; another one is well. Checks that the one that is well got
 * everything at once, and that the other one gets all of it when it is back: first the message that it refused, with its id,
 * then one more message of all that waited, in order.
 */
export async function checkAway(way: Way, awayMs: Ms): Promise<void> {
  const at = {} as Record<'chat' | 'pager' | 'well', Place>;
  const engine = await openSocketEngine(async ({ clock, post }) => {
    for (const name of ['chat', 'pager', 'well'] as const) at[name] = await startPlace(clock);
    const channels = [
      postChannel('chat', at.chat.receiver.url, post),
      postChannel('pager', at.pager.receiver.url, post, { takesEach: true }),
      postChannel('well', at.well.receiver.url, post),
    ];
    return { channels, places: Object.values(at) };
  });
  for (const place of [at.chat, at.pager]) place.answer = way.answer;
  for (let i = 0; i < 24; i += 1) {
    await engine.take(finding('budget_threshold', { of: `budget-${i}`, period: 'day' }));
    if (i === 3) await engine.take(finding('disk_low'));
    if (i === 6) await engine.end(key('disk_low'));
    await engine.pass(awayMs / 24);
  }
  const wellIds = idsOf(at.well.taken);
  expect(wellIds).toHaveLength(26);
  for (const message of at.well.taken) {
    for (const alert of message.alerts) expect(message.at - alert.at).toBeLessThan(MINUTE_MS);
  }
  for (const place of [at.chat, at.pager]) {
    expect(new Set(place.arrived).size).toBe(1);
    const [least, most] = way.attemptsPerHour;
    const hours = awayMs / HOUR_MS;
    expect(place.arrived.length).toBeGreaterThanOrEqual(Math.floor(least * hours));
    expect(place.arrived.length).toBeLessThanOrEqual(most * hours + FIRST_ATTEMPTS);
    // What came too late for us was taken all the same: it comes again with the same id.
    place.taken.length = 0;
    place.answer = () => ({ status: 200 });
  }
  await engine.pass(45 * MINUTE_MS);
  expect(engine.results.filter((result) => result.endsWith('undelivered'))).toEqual([]);
  for (const name of ['chat', 'pager']) {
    expect(await engine.view(name)).toMatchObject({ waiting: 0, undelivered: 0, lastError: null });
  }
  const refused = [at.chat.arrived[0], at.pager.arrived[0]];
  expect([at.chat.taken[0]?.id, at.pager.taken[0]?.id]).toEqual(refused);
  expect(at.chat.taken.map(({ alerts, more }) => [alerts.length, more])).toEqual([
    [1, 0],
    [10, 15],
  ]);
  expect(at.pager.taken.map(({ alerts }) => alerts.length)).toEqual([1, 25]);
  expect(idsOf(at.pager.taken)).toEqual(wellIds);
}

function idsOf(messages: readonly AlertMessage[]): number[] {
  return messages.flatMap(({ alerts }) => alerts.map(({ id }) => id));
}
