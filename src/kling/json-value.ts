/**
 * Reads Kling's answers as plain values without losing digits, and reads fields of values of any type.
 *
 * **Invariant**: no integer above 2^53 is rounded: it becomes a string of its digits.
 */
import { storableText, storableName } from '../plain-text.ts';

/** A run of digits that is too long for a number, at the place of a value. Inside a string it costs one slower parse. */
const LONG_INTEGER = /[:[,]\s*-?\d{16,}/;

/** Parses JSON; undefined if it is none. Integers that a number cannot hold become strings of their digits. */
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

/** Gives a text, without what no store can keep, or a number as text; null if nothing is left and for anything else. */
export function textOfValue(value: unknown): string | null {
  return textBy(value, storableText);
}

/** As {@link textOfValue}, for a name: two that differ stay two. */
export function nameOfValue(value: unknown): string | null {
  return textBy(value, storableName);
}

function textBy(value: unknown, kept: (text: string) => string): string | null {
  if (typeof value === 'string') return kept(value) || null;
  return typeof value === 'number' && Number.isFinite(value) ? String(value) : null;
}
