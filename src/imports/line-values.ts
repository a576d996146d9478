/** Values of a line, each checked; numbers may be written as text. Every reader gives null if the key is absent or null. */
import { isStorable, storableText } from '../plain-text.ts';
import { normalHost } from '../sla/host.ts';
import type { Ms } from '../units.ts';

/** How far ahead of our clock a line's time may be. */
const AHEAD_MS_MAX: Ms = 300_000;
/** Nothing was recorded of this API before (Kling's API opened in 2024). */
const EARLIEST_AT = Date.UTC(2023, 0, 1);
const TEXT_LENGTH_MAX = 200;

export type Line = Record<string, unknown>;

/** Why a line is bad. */
export class BadLine extends Error {
  override readonly name = 'BadLine';
}

const ISO = /^(\d{4}-\d{2}-\d{2})[Tt ]\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?([Zz]|[+-]\d{2}:?\d{2})$/;

/** Reads an instant: ISO 8601 with a zone, or milliseconds since 1970; never before 2023, at most 5 minutes ahead. */
export function readTime(value: unknown, now: Ms): Ms {
  const at = toInstant(value);
  if (at === null) {
    throw new BadLine('time must be ISO 8601 with Z or an offset, or milliseconds since 1970');
  }
  if (at < EARLIEST_AT)
    throw new BadLine('time is before 2023 (are these seconds? milliseconds are expected)');
  if (at > now + AHEAD_MS_MAX) throw new BadLine('time is in the future');
  return Math.floor(at);
}

function toInstant(value: unknown): number | null {
  if (typeof value === 'number') return Number.isFinite(value) ? value : null;
  if (typeof value !== 'string') return null;
  if (/^\d{1,15}(\.\d+)?$/.test(value)) return Number(value);
  const day = ISO.exec(value)?.[1];
  if (day === undefined) return null;
  if (!isDay(day)) throw new BadLine(`time names the day ${day}, which no calendar has`);
  const at = Date.parse(value.replace(' ', 'T').toUpperCase());
  return Number.isNaN(at) ? null : at;
}

/** Returns whether a day exists: `Date.parse` reads 30 February as 2 March. */
function isDay(day: string): boolean {
  const midnight = Date.parse(`${day}T00:00:00Z`);
  return !Number.isNaN(midnight) && new Date(midnight).toISOString().startsWith(day);
}

/** Reads a number within bounds, both inclusive. */
export function readNumber(
  line: Line,
  key: string,
  bounds: { min: number; max: number; integer?: boolean },
): number | null {
  const given = line[key];
  if (given === undefined || given === null) return null;
  const value = typeof given === 'string' && /^-?\d+(\.\d+)?$/.test(given) ? Number(given) : given;
  const isGood =
    typeof value === 'number' &&
    value >= bounds.min &&
    value <= bounds.max &&
    (bounds.integer !== true || Number.isInteger(value));
  if (!isGood) throw new BadLine(`${key} must be a number from ${bounds.min} to ${bounds.max}`);
  return value;
}

/** Reads text; longer text is cut to 200 characters. */
export function readText(line: Line, key: string): string | null {
  const value = line[key];
  if (value === undefined || value === null) return null;
  if (typeof value !== 'string' || value === '') throw new BadLine(`${key} must be text that is not empty`);
  return storableText(value.slice(0, TEXT_LENGTH_MAX));
}

/** Reads text that identifies something. What would be changed is refused: two changed texts could be equal. */
export function readName(line: Line, key: string): string | null {
  const value = readText(line, key);
  const given = line[key];
  if (typeof given === 'string' && given.length > TEXT_LENGTH_MAX) {
    throw new BadLine(`${key} must be at most ${TEXT_LENGTH_MAX} characters`);
  }
  if (typeof given === 'string' && !isStorable(given)) {
    throw new BadLine(`${key} must not have U+0000 or half of a surrogate pair`);
  }
  return value;
}

/** Reads one of some words. */
export function readWord<W extends string>(line: Line, key: string, words: readonly W[]): W | null {
  const value = line[key];
  if (value === undefined || value === null) return null;
  const word = words.find((one) => one === value);
  if (word === undefined) throw new BadLine(`${key} must be one of ${words.join(', ')}`);
  return word;
}

/** Reads a method in any case. */
export function readMethod(line: Line): string {
  const value = line['method'];
  const method = typeof value === 'string' ? value.toUpperCase() : '';
  if (!/^[A-Z]{3,10}$/.test(method)) throw new BadLine('method must be a method such as GET');
  return method;
}

/** The target of a call: the path without its query, and the host if the line names one. */
export interface Target {
  path: string;
  host: string | null;
}

const FULL_URL = /^https?:\/\/([^/?#\s]+)([/?#]\S{0,2000})?$/i;

/** Reads `path`, which may be a full URL, and `host`. */
export function readTarget(line: Line): Target {
  const value = line['path'];
  const host = readHost(line);
  const full = typeof value === 'string' ? FULL_URL.exec(value) : null;
  const path = full ? (full[2] ?? '/') : value;
  if (typeof path !== 'string' || !/^\/[^\s]{0,2000}$/.test(path) || !isStorable(path)) {
    throw new BadLine('path must be a path that begins with /, or a full URL');
  }
  const named =
    full && normalHost((value as string).slice(0, (value as string).length - (full[2] ?? '').length));
  if (full && named === null) throw new BadLine(`path names no host: '${String(value).slice(0, 100)}'`);
  if (named !== null && host !== null && named !== host) {
    throw new BadLine(`path names the host ${named}, and host says ${host}`);
  }
  return { path: path.split(/[?#]/, 1)[0] ?? path, host: named ?? host };
}

function readHost(line: Line): string | null {
  const text = readName(line, 'host');
  if (text === null) return null;
  const host = normalHost(text);
  if (host === null)
    throw new BadLine('host must be a host name such as api-singapore.klingai.com, without a path');
  return host;
}
