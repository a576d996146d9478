import { describe, expect, it } from 'vitest';
import { createManualClock } from '../../src/clock.ts';
import { KeptPlaces } from '../../src/pacing/kept-places.ts';

const equal = { app: 'web', product: 'video', model: null, joinHash: 'h' } as const;
const kept = { ms: 5_000, placesMax: 3 };

describe('kept places', () => {
  it('gives the place of an equal create of the same app, once', () => {
    const places = new KeptPlaces(createManualClock(0));
    places.keep(equal, { arrival: 7, ...kept });
    expect(places.use({ ...equal, app: 'batch' })).toBeNull();
    expect(places.use({ ...equal, joinHash: 'other' })).toBeNull();
    expect(places.of('video').length).toBe(1);
    expect(places.use(equal)).toBe(7);
    expect(places.use(equal)).toBeNull();
    expect(places.of('video').length).toBe(0);
  });

  it('gives equal creates their places in the order of arrival', () => {
    const places = new KeptPlaces(createManualClock(0));
    for (const arrival of [9, 3]) places.keep(equal, { arrival, ...kept });
    expect([places.use(equal), places.use(equal), places.use(equal)]).toEqual([3, 9, null]);
  });

  it('drops a place that ran out', async () => {
    const clock = createManualClock(0);
    const places = new KeptPlaces(clock);
    places.keep(equal, { arrival: 1, ...kept });
    await clock.advance(4_000);
    places.keep(equal, { arrival: 2, ...kept });
    await clock.advance(1_000);
    expect([places.of('video').length, places.of('image').length]).toEqual([1, 0]);
    expect([places.use(equal), places.use(equal)]).toEqual([2, null]);
  });

  it('keeps no place of a create that is not known again, and none above the limit', () => {
    const places = new KeptPlaces(createManualClock(0));
    places.keep({ ...equal, joinHash: null }, { arrival: 1, ...kept });
    for (const arrival of [2, 3, 4, 5])
      places.keep({ ...equal, joinHash: `${arrival}` }, { arrival, ...kept });
    expect(places.of('video').length).toBe(3);
    expect(places.use({ ...equal, joinHash: null })).toBeNull();
    expect(places.use({ ...equal, joinHash: '5' })).toBeNull();
  });
});
