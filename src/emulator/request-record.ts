/**
 * The requests that arrived, so that a test can check what reached Kling and what did not.
 *
 * **Invariant**: bounded in bytes; the oldest are dropped first. Headers are kept unchanged, with their order and case.
 */
import type { IncomingMessage } from 'node:http';
import type { Ms } from '../units.ts';

export interface RecordedRequest {
  method: string;
  /** Path and query as received. */
  path: string;
  /** Names and values as received, one pair each. */
  rawHeaders: readonly (readonly [string, string])[];
  /** By lower-case name; repeated ones joined with `, `. */
  headers: Readonly<Record<string, string>>;
  body: Buffer;
  /** Wall time of its complete arrival. */
  at: Ms;
}

export interface RequestRecord {
  add(request: IncomingMessage, body: Buffer, at: Ms): void;
  list(): readonly RecordedRequest[];
  /** The same without headers and bodies. */
  heads(): { method: string; path: string; at: Ms; bytes: number }[];
  clear(): void;
}

const BYTES_MAX = 64 * 1024 * 1024;
/** The bytes that count for a request in addition to its body. */
const HEAD_BYTES = 2048;

/** Makes a record that keeps the last requests, or nothing if it is not `active`. */
export function createRequestRecord(active: boolean): RequestRecord {
  let kept: RecordedRequest[] = [];
  let bytes = 0;
  return {
    add(request, body, at) {
      if (!active) return;
      kept.push(recorded(request, body, at));
      bytes += body.length + HEAD_BYTES;
      let dropped = 0;
      while (bytes > BYTES_MAX && dropped < kept.length - 1) {
        bytes -= (kept[dropped]?.body.length ?? 0) + HEAD_BYTES;
        dropped += 1;
      }
      if (dropped > 0) kept = kept.slice(dropped);
    },
    list: () => [...kept],
    heads: () => kept.map(({ method, path, at, body }) => ({ method, path, at, bytes: body.length })),
    clear() {
      kept = [];
      bytes = 0;
    },
  };
}

function recorded(request: IncomingMessage, body: Buffer, at: Ms): RecordedRequest {
  const rawHeaders: [string, string][] = [];
  const headers: Record<string, string> = Object.create(null) as Record<string, string>;
  for (let i = 0; i < request.rawHeaders.length; i += 2) {
    const [name = '', value = ''] = request.rawHeaders.slice(i, i + 2);
    rawHeaders.push([name, value]);
    const key = name.toLowerCase();
    headers[key] = headers[key] === undefined ? value : `${headers[key]}, ${value}`;
  }
  return { method: request.method ?? 'GET', path: request.url ?? '/', rawHeaders, headers, body, at };
}
