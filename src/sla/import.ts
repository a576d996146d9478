/**
 * Imports: calls recorded elsewhere become rows of the journal and counts of the windows.
 *
 * A call's identity is its own id (a sidecar's export), else (source, request id, attempt), else its content and how
 * often that content came before in the file. Identities are kept, so that a second import of the same file changes
 * nothing, while equal lines of one file stay two.
 *
 * **Invariant**: bad lines are named by number; nothing is written past the first one unless they are to be skipped.
 */
import { hash } from 'node:crypto';
import type { CallRecord } from '../calls/call.ts';
import { SidecarError } from '../errors.ts';
import type { Blame } from './counts.ts';
import { BadLine, LINE_LENGTH_MAX, readLine, type ImportOptions, type LineFields } from './import-line.ts';

const DAY_MS = 86_400_000;
/** Calls of a batch by default: few, so that a create that waits behind them waits a few milliseconds. */
const BATCH_CALLS = 100;
/** Characters of lines in one batch: as many long lines as a control plane takes with the usual batch. */
const BATCH_CHARS_MAX = 200_000;
/** Bad lines named in a summary; the others are only counted. */
const BAD_LINES_NAMED = 20;

/** What makes an imported call the same call when it is met again. */
export interface CallIdentity {
  /** The day of a content (days since 1970), so that neighbours lie together; 0 for an id, which needs no day. */
  day: number;
  /** The first 12 bytes of the identity's hash, in hex. */
  digest: string;
  /** The store that exported the line, where a sidecar did. */
  exportedBy: string | null;
}

/** A call as imported, with the blame that its recorder gave. */
export interface ImportedCall {
  call: CallRecord;
  blame: Blame | null;
  identity: CallIdentity;
}

/** A line as it goes to a sidecar that reads it again itself. */
export interface ImportLine {
  text: string;
  /** How often its content came before in the file; 0 for a line that names its call. */
  repeat: number;
}

export interface BadLineReport {
  line: number;
  problem: string;
}

export interface ImportSummary {
  lines: number;
  /** Calls that were new. */
  imported: number;
  /** Calls that were there already, or twice in this file by request id. */
  known: number;
  bad: number;
  /** The first of the bad lines. */
  badLines: BadLineReport[];
}

export interface ImportRun extends ImportOptions {
  /** Goes on past bad lines, leaving them out. */
  skipBad: boolean;
  /** Calls of a batch; 100 by default. */
  batchCalls?: number;
  /** Writes a batch and gives how many of its calls were new; absent for a check that writes nothing. */
  write?: (batch: ImportedCall[], lines: ImportLine[]) => Promise<number>;
  /** Told after each batch. */
  onProgress?: (summary: ImportSummary) => void;
}

/**
 * Reads lines and writes their calls in batches.
 * @param chunks the file's text in pieces of any size, UTF-8.
 * @throws SidecarError `bad_usage` at the first bad line unless `skipBad`; whole batches before it stay written.
 */
export async function importCalls(
  chunks: AsyncIterable<string | Uint8Array>,
  run: ImportRun,
): Promise<ImportSummary> {
  const summary: ImportSummary = { lines: 0, imported: 0, known: 0, bad: 0, badLines: [] };
  const { batchCalls = BATCH_CALLS } = run;
  const repeats = new RepeatCounter(run.source);
  let batch: ImportedCall[] = [];
  let texts: ImportLine[] = [];
  let chars = 0;
  let written: Promise<void> = Promise.resolve();
  const write = async (calls: ImportedCall[], lines: ImportLine[]): Promise<void> => {
    const fresh = run.write ? await run.write(calls, lines) : calls.length;
    summary.imported += fresh;
    summary.known += calls.length - fresh;
    run.onProgress?.(summary);
  };
  // One batch is written while the next is read; a failed one is met at the next flush, or at the end.
  const flush = async (): Promise<void> => {
    await written;
    if (batch.length > 0) written = write(batch, texts);
    written.catch(() => undefined);
    [batch, texts, chars] = [[], [], 0];
  };
  const take = (text: string, fields: LineFields): void => {
    const repeat = repeats.count(fields);
    batch.push(toImported(fields, repeat, run));
    if (run.write) texts.push({ text, repeat });
    chars += text.length;
  };
  try {
    for await (const lines of linesOf(chunks)) {
      for (const text of lines) {
        summary.lines += 1;
        if (text.trim() === '') continue;
        const read = tryRead(text, run);
        if (typeof read === 'string') reportBad(summary, read, run.skipBad);
        else take(text, read);
        if (batch.length >= batchCalls || chars >= BATCH_CHARS_MAX * (batchCalls / BATCH_CALLS))
          await flush();
      }
    }
    await flush();
  } finally {
    await written;
  }
  return summary;
}

function tryRead(text: string, run: ImportRun): LineFields | string {
  try {
    return readLine(text, run.now);
  } catch (error) {
    if (error instanceof BadLine) return error.message;
    throw error;
  }
}

function reportBad(summary: ImportSummary, problem: string, skipBad: boolean): void {
  if (!skipBad) {
    throw new SidecarError(
      'bad_usage',
      `line ${summary.lines} cannot be imported: ${problem}. Correct it, or pass --skip-bad to leave bad lines out.`,
      { detail: { line: summary.lines, problem } },
    );
  }
  summary.bad += 1;
  if (summary.badLines.length < BAD_LINES_NAMED) summary.badLines.push({ line: summary.lines, problem });
}

/**
 * Reads one line that was counted elsewhere, as {@link importCalls} would in its place.
 * @throws SidecarError `bad_usage` where the line is bad.
 */
export function importLine(line: ImportLine, options: ImportOptions): ImportedCall {
  try {
    return toImported(readLine(line.text, options.now), line.repeat, options);
  } catch (error) {
    if (!(error instanceof BadLine)) throw error;
    throw new SidecarError('bad_usage', `a line cannot be imported: ${error.message}.`);
  }
}

function toImported(fields: LineFields, repeat: number, options: ImportOptions): ImportedCall {
  const identity = identityOf(fields, options.source, repeat);
  const id = fields.id ?? `imp_${identity.digest}00`;
  const call: CallRecord = {
    id,
    requestId: fields.requestId ?? id,
    at: fields.at,
    app: fields.app ?? 'imported',
    tag: fields.tag,
    method: fields.method,
    route: fields.route ?? options.routeOf(fields.method, fields.path),
    host: fields.host ?? options.host,
    status: fields.status,
    code: fields.code,
    klingRequestId: fields.klingRequestId,
    taskId: fields.taskId,
    holdId: null,
    attempt: fields.attempt,
    outcome: fields.outcome,
    errorClass: fields.errorClass,
    durationMs: fields.latencyMs,
    overheadMs: 0,
    bytesSent: 0,
    bytesReceived: 0,
    clockOffsetMs: null,
    origin: fields.origin,
    evidence: fields.evidence,
  };
  return { call, blame: fields.outcome === 'unreachable' ? fields.blame : null, identity };
}

/** Tells a call from others: by its own id, else by its request, else by its content and how often that came. */
function identityOf(fields: LineFields, source: string, repeat: number): CallIdentity {
  const { id, requestId, attempt, at } = fields;
  const from = fields.source ?? source;
  if (id !== null) return { day: 0, digest: digestOf(['id', id]), exportedBy: fields.source };
  if (requestId !== null) {
    return { day: 0, digest: digestOf(['request', from, requestId, attempt]), exportedBy: null };
  }
  const identity = ['content', contentHash(from, fields).toString('base64'), repeat];
  return { day: Math.floor(at / DAY_MS), digest: digestOf(identity), exportedBy: null };
}

/** Counts how often the content of a line that names no call came before in the file. */
class RepeatCounter {
  readonly #source: string;
  readonly #seen = new OccurrenceCounter();

  constructor(source: string) {
    this.#source = source;
  }

  count(fields: LineFields): number {
    if (fields.id !== null || fields.requestId !== null) return 0;
    return this.#seen.count(contentHash(fields.source ?? this.#source, fields));
  }
}

function contentHash(source: string, fields: LineFields): Buffer {
  return hash('sha256', contentOf(source, fields), 'buffer');
}

function digestOf(identity: (string | number)[]): string {
  return hash('sha256', JSON.stringify(identity), 'hex').slice(0, 24);
}

/** What makes two lines the same line; not to be changed, or files imported before would be imported again. */
function contentOf(source: string, fields: LineFields): string {
  const { at, method, path, status, error, blame, latencyMs, code, app, host, taskId, tag, origin } = fields;
  return JSON.stringify([
    ['content', source, at, method, path, status, error, blame],
    [latencyMs, code, app, host, taskId, tag, origin],
  ]);
}

/**
 * Counts how often each hash came before, in 8 bytes a line.
 *
 * Two contents that share 53 bits of their hashes would be counted as one; the second would then be named with a
 * higher number than it needs, the same in every import of the file: no call is lost or doubled.
 */
class OccurrenceCounter {
  #slots = new Float64Array(1 << 12);
  #filled = 0;
  readonly #repeats = new Map<number, number>();

  /** Gives the number of earlier calls with this hash. */
  count(digest: Uint8Array): number {
    const view = new DataView(digest.buffer, digest.byteOffset, 8);
    const key = view.getUint32(0) * 0x20_0000 + (view.getUint32(4) >>> 11) + 1;
    if (this.#add(key)) return 0;
    const before = (this.#repeats.get(key) ?? 0) + 1;
    this.#repeats.set(key, before);
    return before;
  }

  #add(key: number): boolean {
    if (this.#filled * 2 >= this.#slots.length) this.#grow();
    const isNew = place(this.#slots, key);
    if (isNew) this.#filled += 1;
    return isNew;
  }

  #grow(): void {
    const larger = new Float64Array(this.#slots.length * 2);
    for (const key of this.#slots) if (key !== 0) place(larger, key);
    this.#slots = larger;
  }
}

/** Puts a key into an open table whose size is a power of two; false where it is there already. */
function place(slots: Float64Array, key: number): boolean {
  const mask = slots.length - 1;
  for (let at = key % slots.length; ; at = (at + 1) & mask) {
    if (slots[at] === key) return false;
    if (slots[at] !== 0) continue;
    slots[at] = key;
    return true;
  }
}

/** Cuts pieces of text into lines, many at a time; a last line needs no line feed. */
async function* linesOf(chunks: AsyncIterable<string | Uint8Array>): AsyncGenerator<string[]> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of chunks) {
    const text = rest + (typeof chunk === 'string' ? chunk : decoder.decode(chunk, { stream: true }));
    const lines = text.split('\n');
    rest = lines.pop() ?? '';
    if (rest.length > LINE_LENGTH_MAX * 4) {
      throw new SidecarError(
        'bad_usage',
        'the file is not made of lines: one JSON object a line is expected.',
      );
    }
    yield lines;
  }
  rest += decoder.decode();
  if (rest !== '') yield [rest];
}
