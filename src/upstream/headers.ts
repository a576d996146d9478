/** Received header lines (name, value, name, value), and the rules for passing them on. */
import { retryAfterOf } from '../retry.ts';
import type { Ms } from '../units.ts';

/** Headers that belong to one connection (RFC 9110, section 7.6.1), never passed on in either direction. */
const HOP_BY_HOP: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authentication-info',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/** A path on the same origin: clients drop tabs from a URL, and read `/\` as `//`, which names another host. */
const OWN_PLACE = /^\/(?![/\\])[\x20-\x7e\x80-\xff]*$/;

/** Gives the first value of a header by its lower-case name, or null. */
export function headerOf(lines: readonly string[], name: string): string | null {
  for (let i = 0; i + 1 < lines.length; i += 2) {
    const line = lines[i];
    if (line !== undefined && line.length === name.length && line.toLowerCase() === name) {
      return lines[i + 1] ?? null;
    }
  }
  return null;
}

/** Gives every value of a header by its lower-case name, in order. */
export function allOf(lines: readonly string[], name: string): string[] {
  return lines.filter((_value, i) => i % 2 === 1 && lines[i - 1]?.toLowerCase() === name);
}

/**
 * Keeps the end-to-end lines of an answer: without hop-by-hop headers, the headers that Connection lists, the names in
 * `without`, and a Location with another origin (a client would follow it with the caller's credentials).
 */
export function endToEnd(lines: readonly string[], without: ReadonlySet<string>): string[] {
  const listed = connectionNames(lines);
  const kept: string[] = [];
  for (let i = 0; i + 1 < lines.length; i += 2) {
    const name = lines[i] ?? '';
    const value = lines[i + 1] ?? '';
    const lower = name.toLowerCase();
    if (HOP_BY_HOP.has(lower) || without.has(lower) || listed?.has(lower)) continue;
    if (lower === 'location' && !OWN_PLACE.test(value)) continue;
    kept.push(name, value);
  }
  return kept;
}

/** Gives the names that any Connection line lists. */
function connectionNames(lines: readonly string[]): Set<string> | null {
  let names: Set<string> | null = null;
  for (let i = 0; i + 1 < lines.length; i += 2) {
    const name = lines[i] ?? '';
    if (name.length !== 10 || name.toLowerCase() !== 'connection') continue;
    const lower = (lines[i + 1] ?? '').toLowerCase();
    if (lower === 'keep-alive' || lower === 'close') continue;
    names ??= new Set();
    for (const listed of lower.split(',')) names.add(listed.trim());
  }
  return names;
}

/** Gives the wait that an answer asks for (`Retry-After`), by its header lines; null if there is none. */
export function askedMsOf(lines: readonly string[], now: Ms): Ms | null {
  const of = (name: string): string | undefined => headerOf(lines, name) ?? undefined;
  return retryAfterOf({ 'retry-after': of('retry-after'), date: of('date') }, now);
}
