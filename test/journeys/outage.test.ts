import { it } from 'vitest';
import { liveThroughOutage } from './outage.ts';

it('ends every hold of 50 creates within a minute after an outage of 20 minutes, as the book says', () =>
  liveThroughOutage(50));
