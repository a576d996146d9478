import { expect, it } from 'vitest';
import { checkAway, WAYS } from './engine-away.ts';
import { HOUR_MS } from './engine-making.ts';

it.each(Object.entries(WAYS))(
  'loses nothing and keeps the order while a receiver %s for a day, and sends one digest',
  async (_, way) => {
    await checkAway(way, 23 * HOUR_MS);
    expect.hasAssertions();
  },
  600_000,
);
