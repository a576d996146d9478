/** Header lines (name, value, name, value) as they came from a wire, and the rules for passing them on. */

/** Headers that belong to one connection (RFC 9110, section 7.6.1), never passed on in either direction. */
const HOP_BY_HOP: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

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

/** Tells whether an answer says that its body is JSON we can read as it is. */
export function hasJsonBody(lines: readonly string[]): boolean {
  const type = headerOf(lines, 'content-type');
  if (type === null || !/^application\/json\b/i.test(type)) return false;
  const encoding = headerOf(lines, 'content-encoding');
  return encoding === null || encoding.toLowerCase() === 'identity';
}

/**
 * Keeps the end-to-end lines of an answer: without hop-by-hop headers, what Connection lists, the names in `without`,
 * and a Location that leads to another origin (a client would follow it with the caller's credentials).
 */
export function endToEnd(lines: readonly string[], without: ReadonlySet<string>): string[] {
  const listed = connectionNames(lines);
  const kept: string[] = [];
  for (let i = 0; i + 1 < lines.length; i += 2) {
    const name = lines[i] ?? '';
    const value = lines[i + 1] ?? '';
    const lower = name.toLowerCase();
    if (HOP_BY_HOP.has(lower) || without.has(lower) || listed?.has(lower)) continue;
    if (lower === 'location' && !/^\/(?![/\\])/.test(value)) continue;
    kept.push(name, value);
  }
  return kept;
}

function connectionNames(lines: readonly string[]): Set<string> | null {
  const value = headerOf(lines, 'connection');
  if (value === null) return null;
  const lower = value.toLowerCase();
  if (lower === 'keep-alive' || lower === 'close') return null;
  return new Set(lower.split(',').map((name) => name.trim()));
}
