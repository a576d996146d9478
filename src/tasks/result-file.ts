/**
 * The files of a task's results, as far as they are known without a download: which there are, how each is named, and until when
 * Kling keeps it.
 *
 * **Invariant**: a file's name is made of our own ids and an extension of a closed list; nothing of an address is in it.
 */
import type { Ms } from '../units.ts';
import { DAY_MS } from '../zone.ts';
import type { TaskResult } from './task.ts';

/** Kling clears results, and forgets voices and elements, 30 days after they were made (kling-api.md, section 5). */
export const RESULT_LIFE_MS: Ms = 30 * DAY_MS;

/**
 * What became of a file. `waiting`: to be downloaded, now or at its next try. `saved`: whole and durable. `expired`: Kling's
 * time was over first. `removed`: it was saved, and `results.keepDays` are over.
 */
export type ResultFileState = 'waiting' | 'saved' | 'expired' | 'removed';

/** A file that is to be downloaded. */
export interface PlannedFile {
  /** From 1: the place in the task's list of results. */
  position: number;
  kind: TaskResult['kind'];
  url: string;
  /** Its name at the destination: a day, a slash, and a name of our ids. */
  name: string;
  expiresAt: Ms;
}

/** Gives the files of a task's results; `madeAt` is when Kling made them. A result without an address has no file. */
export function filesOf(holdId: string, results: readonly TaskResult[], madeAt: Ms): PlannedFile[] {
  const day = new Date(madeAt).toISOString().slice(0, 10);
  return results.flatMap(({ kind, url }, index) => {
    if (url === null) return [];
    const position = index + 1;
    const name = `${day}/${holdId}-${position}.${extensionOf(url, kind)}`;
    return [{ position, kind, url, name, expiresAt: expiryOf(url, madeAt) }];
  });
}

/** What a file's row is known by. */
export interface FileId {
  holdId: string;
  position: number;
}

/** Reads a file's row from its name; null for a name that is none of ours. */
export function fileIdOf(name: string): FileId | null {
  const [, holdId, position] = /^[\d-]{10}\/(.+)-(\d{1,6})\.[a-z0-9]+$/.exec(name) ?? [];
  return holdId === undefined ? null : { holdId, position: Number(position) };
}

/** Returns whether a task that succeeded has shown no file and nothing else: Kling then has more to say. */
export function lacksAddresses(results: readonly TaskResult[]): boolean {
  return results.every(({ kind, url }) => url === null && kind !== 'element' && kind !== 'voice');
}

const EXTENSIONS: ReadonlySet<string> = new Set(
  'mp4 mov webm png jpg jpeg webp gif mp3 wav m4a ogg flac'.split(' '),
);
const USUAL_EXTENSION: Readonly<Record<TaskResult['kind'], string>> = {
  video: 'mp4',
  image: 'png',
  audio: 'mp3',
  voice: 'mp3',
  element: 'png',
};

function extensionOf(url: string, kind: TaskResult['kind']): string {
  const path = URL.canParse(url) ? new URL(url).pathname : '';
  const extension = path.slice(path.lastIndexOf('.') + 1).toLowerCase();
  return EXTENSIONS.has(extension) ? extension : USUAL_EXTENSION[kind];
}

/**
 * Gives when an address stops to work: 30 days after `madeAt`, or earlier if the address itself says so. A time in the address
 * counts only within those 30 days: other numbers are no times of ours.
 */
export function expiryOf(url: string, madeAt: Ms): Ms {
  const latest = madeAt + RESULT_LIFE_MS;
  const said = URL.canParse(url) ? expiryIn(new URL(url).searchParams) : null;
  return said !== null && said > madeAt && said < latest ? said : latest;
}

/** Gives until when Kling keeps a result that it made at `madeAt`: a file, a voice or an element. */
export function lastsUntil({ url }: Pick<TaskResult, 'url'>, madeAt: Ms): Ms {
  return url === null ? madeAt + RESULT_LIFE_MS : expiryOf(url, madeAt);
}

const EXPIRY_NAMES: ReadonlySet<string> = new Set(['expires', 'expire', 'x-expires', 'expires_at']);

/** Seconds or milliseconds since the epoch; or Amazon's date and seconds from it. */
function expiryIn(query: URLSearchParams): Ms | null {
  let from: Ms | null = null;
  let seconds: number | null = null;
  for (const [name, value] of query) {
    const word = name.toLowerCase();
    if (EXPIRY_NAMES.has(word) && /^(\d{10}|\d{13})$/.test(value)) {
      return Number(value) * (value.length === 10 ? 1000 : 1);
    }
    if (word === 'x-amz-date') from = amazonTime(value);
    if (word === 'x-amz-expires' && /^\d{1,7}$/.test(value)) seconds = Number(value);
  }
  return from === null || seconds === null ? null : from + seconds * 1000;
}

/** Reads `20261128T103000Z`. */
function amazonTime(text: string): Ms | null {
  const parts = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(text);
  if (parts === null) return null;
  const [, year, month, day, hour, minute, second] = parts;
  const at = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
  return Number.isNaN(at) ? null : at;
}
