/**
 * The keys of a line: the known ones, the probable meaning of a wrong one, and the check that none comes twice.
 *
 * **Invariant**: an unknown key is refused. Otherwise its value would be lost without a message, and a lost request id
 * means lost calls.
 */
import { BadLine, type Line } from './line-values.ts';

/** Every key that a line may have; exports write them all. */
export const LINE_KEYS = [
  'time',
  'method',
  'path',
  'status',
  'error',
  'outcome',
  'errorClass',
  'blame',
  'latencyMs',
  'requestId',
  'klingRequestId',
  'code',
  'app',
  'attempt',
  'id',
  'source',
  'route',
  'host',
  'taskId',
  'tag',
  'origin',
  'date',
  'server',
  'via',
  'cause',
] as const;
export type LineKey = (typeof LINE_KEYS)[number];

/** Names of other programs for our keys; compared without case, spaces, `_`, `-` and `.`. */
const OTHER_NAMES: Readonly<Partial<Record<LineKey, readonly string[]>>> = {
  time: [
    'timestamp',
    'ts',
    'at',
    'date time',
    'datetime',
    'start time',
    'started at',
    'created at',
    '@timestamp',
  ],
  method: ['verb', 'http method', 'request method'],
  path: ['url', 'uri', 'endpoint', 'request url', 'request uri', 'request path', 'url path', 'http path'],
  status: [
    'status code',
    'http status',
    'http status code',
    'response status',
    'response status code',
    'response code',
  ],
  error: ['err', 'error message', 'message', 'exception', 'error text'],
  latencyMs: ['latency', 'duration', 'duration ms', 'elapsed ms', 'response time ms', 'took ms'],
  requestId: ['req id', 'x request id', 'trace id', 'correlation id'],
  klingRequestId: ['upstream request id', 'vendor request id'],
  code: ['kling code', 'error code', 'business code'],
  app: ['application', 'service', 'client'],
  attempt: ['attempts', 'retry', 'try'],
  taskId: ['task'],
  host: ['hostname', 'server name', 'upstream host', 'http host'],
};

const fold = (name: string): string => name.toLowerCase().replaceAll(/[\s_.-]/g, '');

const BY_FOLDED: ReadonlyMap<string, LineKey> = new Map([
  ...Object.entries(OTHER_NAMES).flatMap(([key, names]) =>
    names.map((name) => [fold(name), key as LineKey] as const),
  ),
  ...LINE_KEYS.map((key) => [fold(key), key] as const),
]);

/** Gives the key that a name means, also for other spellings (`request_id`) and other words (`timestamp`). */
export function keyMeant(name: string): LineKey | undefined {
  return BY_FOLDED.get(fold(name));
}

const KNOWN: ReadonlySet<string> = new Set(LINE_KEYS);

/** Refuses a line with an unknown key. @throws BadLine with the key that was probably meant. */
export function checkKeys(line: Line): void {
  for (const key of Object.keys(line)) {
    if (KNOWN.has(key)) continue;
    const meant = keyMeant(key);
    const advice = meant === undefined ? `known are ${LINE_KEYS.join(', ')}` : `write it as ${meant}`;
    throw new BadLine(`the key ${JSON.stringify(key.slice(0, 60))} is unknown; ${advice}`);
  }
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COLON = 0x3a;
const OPENING = new Set([0x7b, 0x5b]);
const CLOSING = new Set([0x7d, 0x5d]);

/**
 * Finds a key that appears twice in one object of a JSON text, at any depth: `JSON.parse` would keep only the last one.
 * @param text must be valid JSON.
 */
export function findTwice(text: string): string | null {
  const seen: Set<string>[] = [];
  for (let at = 0; at < text.length; at += 1) {
    const char = text.charCodeAt(at);
    if (OPENING.has(char)) seen.push(new Set());
    else if (CLOSING.has(char)) seen.pop();
    else if (char === QUOTE) {
      const end = endOfString(text, at);
      const next = skipSpaces(text, end + 1);
      if (text.charCodeAt(next) === COLON) {
        const key = JSON.parse(text.slice(at, end + 1)) as string;
        const keys = seen.at(-1);
        if (keys?.has(key)) return key;
        keys?.add(key);
      }
      at = end;
    }
  }
  return null;
}

function endOfString(text: string, start: number): number {
  let at = start + 1;
  while (at < text.length && text.charCodeAt(at) !== QUOTE) at += text.charCodeAt(at) === BACKSLASH ? 2 : 1;
  return at;
}

function skipSpaces(text: string, from: number): number {
  let at = from;
  while (/[\t\n\r ]/.test(text.charAt(at))) at += 1;
  return at;
}
