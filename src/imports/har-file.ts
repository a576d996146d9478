/**
 * HAR 1.2 (w3c.github.io/web-performance/specs/HAR): one JSON document whose `log.entries` are read one by one, so that a
 * file with the bodies of a whole day needs the memory of one entry.
 */
import { SidecarError } from '../errors.ts';
import { foreignRecord, type ForeignCall, type ForeignOptions } from './foreign.ts';
import type { Line } from './line-values.ts';
import type { FileRecord } from './records.ts';

/** An entry longer than this many characters is bad: bodies of videos as text. */
const ENTRY_LENGTH_MAX = 64_000_000;

/** Characters of a key that are kept; the keys that are searched for are shorter. */
const WORD_LENGTH_MAX = 20;

/** Recognises the beginning of a HAR file. */
export function isHar(head: string): boolean {
  return /^\s*\{\s*"log"\s*:\s*\{/.test(head);
}

/** Reads the entries. @throws SidecarError `bad_usage` if the file has none, or ends within one. */
export async function* readHar(
  chunks: AsyncIterable<string>,
  options: ForeignOptions,
): AsyncGenerator<FileRecord[]> {
  const scanner = new EntryScanner();
  let number = 0;
  for await (const chunk of chunks) {
    yield scanner.push(chunk).map((text) => readEntry(text, (number += 1), options));
  }
  if (scanner.isDone) return;
  throw new SidecarError(
    'bad_usage',
    scanner.hasBegun
      ? 'the HAR file ends within its entries.'
      : 'the file is not a HAR file: it has no log.entries.',
  );
}

function readEntry(text: string | null, line: number, options: ForeignOptions): FileRecord {
  if (text === null) return { kind: 'bad', line, problem: `longer than ${ENTRY_LENGTH_MAX} characters` };
  let entry: Line;
  try {
    entry = JSON.parse(text) as Line;
  } catch {
    return { kind: 'bad', line, problem: 'no JSON' };
  }
  return foreignRecord(callOf(entry), line, options);
}

function callOf(entry: Line): ForeignCall {
  const request = (entry['request'] ?? {}) as Line;
  const response = (entry['response'] ?? {}) as Line;
  const { status } = response;
  const took = entry['time'];
  const method = request['method'];
  return {
    time: entry['startedDateTime'],
    method: typeof method === 'string' ? method : '',
    target: request['url'],
    // Browsers write 0 for a request that had no answer.
    ...(status === 0 || status === undefined || status === null
      ? { error: errorOf(entry, response) }
      : { status }),
    latencyMs: typeof took === 'number' && took >= 0 ? took : undefined,
    ...headersOf(response['headers']),
  };
}

function errorOf(entry: Line, response: Line): string {
  const told = [response['_error'], entry['_error'], response['statusText']].find(
    (text): text is string => typeof text === 'string' && text !== '',
  );
  return told ?? 'no answer';
}

/** Kling's headers that are evidence. */
function headersOf(headers: unknown): Pick<ForeignCall, 'date' | 'server' | 'via'> {
  const found: Record<string, string> = {};
  for (const header of Array.isArray(headers) ? (headers as Line[]) : []) {
    const name = String(header['name']).toLowerCase();
    const { value } = header;
    if (['date', 'server', 'via'].includes(name) && typeof value === 'string' && value !== '')
      found[name] = value;
  }
  return found;
}

/** Extracts `log.entries` from a document that arrives in pieces. */
class EntryScanner {
  hasBegun = false;
  isDone = false;
  #depth = 0;
  #isString = false;
  #isEscaped = false;
  /** The last string outside the entries, in its raw form: a key if a colon follows. */
  #word = '';
  /** The keys of depth 1 and 2 that lead to the present place. */
  #keys: string[] = [];
  /** Pieces of the entry that is being read; null outside. */
  #entry: string[] | null = null;
  #entryLength = 0;

  /** Takes a piece and gives the complete entries; null for an entry that is too long. */
  push(chunk: string): (string | null)[] {
    const entries: (string | null)[] = [];
    let from = 0;
    for (let at = 0; at < chunk.length; at += 1) {
      const char = chunk.charCodeAt(at);
      if (this.#isString) {
        this.#takeInString(char, chunk.charAt(at));
        continue;
      }
      if (char === 0x22) {
        this.#isString = true;
        this.#word = '';
      } else if (char === 0x7b || char === 0x5b) {
        if (this.#opensEntry(char)) {
          this.#entry = [];
          this.#entryLength = 0;
          from = at;
        }
        this.#depth += 1;
      } else if (char === 0x7d || char === 0x5d) {
        this.#depth -= 1;
        if (this.#entry && this.#depth === 3) entries.push(this.#closeEntry(chunk.slice(from, at + 1)));
        else if (this.hasBegun && this.#depth === 2) this.isDone = true;
      } else if (char === 0x3a && this.#depth <= 2) this.#keys[this.#depth] = this.#word;
    }
    if (this.#entry) this.#keep(chunk.slice(from));
    return entries;
  }

  #takeInString(char: number, text: string): void {
    const isEnd = char === 0x22 && !this.#isEscaped;
    this.#isEscaped = char === 0x5c && !this.#isEscaped;
    if (isEnd) this.#isString = false;
    else if (this.#depth <= 2 && this.#word.length < WORD_LENGTH_MAX) this.#word += text;
  }

  #opensEntry(char: number): boolean {
    const isWithin = this.#keys[1] === 'log' && this.#keys[2] === 'entries' && !this.isDone;
    if (isWithin && this.#depth === 2 && char === 0x5b) this.hasBegun = true;
    return this.hasBegun && !this.isDone && this.#depth === 3 && char === 0x7b;
  }

  #closeEntry(last: string): string | null {
    this.#keep(last);
    const entry = this.#entryLength > ENTRY_LENGTH_MAX ? null : (this.#entry ?? []).join('');
    this.#entry = null;
    return entry;
  }

  #keep(piece: string): void {
    this.#entryLength += piece.length;
    if (this.#entryLength <= ENTRY_LENGTH_MAX) this.#entry?.push(piece);
    else this.#entry = [];
  }
}
