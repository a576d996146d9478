import { expect, it } from 'vitest';
import { checkAway, WAYS } from './engine-away.ts';
import { finding, HOUR_MS, MINUTE_MS } from './engine-making.ts';
import { postChannel } from './engine-real.ts';
import { openSocketEngine, startPlace, type Place } from './engine-sockets.ts';

it('keeps all events while a receiver is broken for an hour, and sends them as one digest', async () => {
  const { 'is broken': way } = WAYS;
  if (way) await checkAway(way, HOUR_MS);
  expect.hasAssertions();
});

it('sends a message that was taken while the answer was lost again, with the same id', async () => {
  let place: Place | undefined;
  const engine = await openSocketEngine(async ({ clock, post }) => {
    place = await startPlace(clock);
    return { channels: [postChannel('chat', place.receiver.url, post)], places: [place] };
  });
  if (!place) return;
  // The message is taken 20 s after it arrived, which is 5 s after nobody waits for the answer any more.
  place.answer = () => 20_000;
  await engine.take(finding('disk_low'));
  await engine.pass(46_000);
  place.answer = () => ({ status: 200 });
  await engine.pass(2 * MINUTE_MS);
  expect(place.arrived).toHaveLength(2);
  expect(new Set(place.arrived).size).toBe(1);
  expect(place.taken).toHaveLength(1);
  expect(engine.results).toEqual(['disk_low chat failed', 'disk_low chat delivered']);
});
