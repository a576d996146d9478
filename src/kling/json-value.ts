/**
 * Reads answers of Kling's as plain values without losing digits, and picks fields out of what may be anything.
 *
 * **Invariant**: no integer beyond 2^53 is rounded: it comes back as its digits in a string.
 */

/** A run of digits too long for a number, where a value may stand. Inside a string it costs one slower parse. */
const LONG_INTEGER = /[:[,]\s*-?\d{16,}/;

/** Parses JSON; undefined where it is none. Integers that a number cannot hold become strings of their digits. */
export function parseKeepingDigits(bytes: Uint8Array): unknown {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('utf8');
  try {
    return LONG_INTEGER.test(text)
      ? (JSON.parse(text, keepDigits) as unknown)
      : (JSON.parse(text) as unknown);
  } catch {
    return undefined;
  }
}

function keepDigits(_key: string, value: unknown, context?: { source?: string }): unknown {
  const source = context?.source;
  if (typeof value !== 'number' || source === undefined || Number.isSafeInteger(value)) return value;
  return /^-?\d+$/.test(source) ? source : value;
}

/** Gives a field of an object; undefined for anything else. */
export function fieldOf(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined;
  return (value as Record<string, unknown>)[name];
}

/** Gives a text or a number as text; null for `""` and anything else. */
export function textOfValue(value: unknown): string | null {
  if (typeof value === 'string') return value === '' ? null : value;
  return typeof value === 'number' && Number.isFinite(value) ? String(value) : null;
}
