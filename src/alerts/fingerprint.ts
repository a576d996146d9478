/** The identity of an alert as a short text. */
import { createHash } from 'node:crypto';
import type { AlertKey } from './alert.ts';

const DIGITS = 16;

/** Gives 16 hex digits of an alert's rule, labels (in any order) and period. */
export function alertFingerprint({ rule, labels, period }: AlertKey): string {
  const sorted = Object.entries(labels).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return createHash('sha256')
    .update(JSON.stringify([rule, sorted, period]))
    .digest('hex')
    .slice(0, DIGITS);
}
