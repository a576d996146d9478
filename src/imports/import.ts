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
import type { Blame } from '../calls/outcome.ts';
import type { CallRecord } from '../calls/call.ts';
import { SidecarError } from '../errors.ts';
import type { Ms } from '../units.ts';
import { BadLine, LINE_LENGTH_MAX, readLine, type ImportOptions, type LineFields } from './import-line.ts';
import { OccurrenceCounter } from './occurrences.ts';

const DAY_MS = 86_400_000;
/** Calls of a batch by default: what a control plane takes in one request. */
const BATCH_CALLS = 1000;
/** Characters of lines in a batch by default: three bytes each, the most there are, fit into one request's body. */
const BATCH_CHARS = 200_000;
/** Batches that are handed over and not yet written: one is written while the other is prepared. */
const WRITING_MAX = 2;
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
  /** Calls, new or known, whose rows the next run of the retention drops; what they count for stays. */
  olderThanRetention: number;
  /** The instant of the oldest call; null where there is none. */
  oldestAt: Ms | null;
}

export interface ImportRun extends ImportOptions {
  /** Goes on past bad lines, leaving them out. */
  skipBad: boolean;
  /** Calls of a batch; 1000 by default. */
  batchCalls?: number;
  /** Characters of a batch's lines, which its last line may pass; 200,000 by default. */
  batchChars?: number;
  /** Rows of calls before this instant are soon dropped; by default none are. */
  keptFrom?: Ms;
  /** Writes a batch and gives how many of its calls were new. With neither this nor `send` the lines are only checked. */
  write?: (batch: ImportedCall[]) => Promise<number>;
  /** Hands a batch's lines to a sidecar, which reads them itself, in place of `write`. */
  send?: (lines: ImportLine[]) => Promise<number>;
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
  const reading = new Reading(run);
  try {
    for await (const lines of linesOf(chunks)) {
      for (const text of lines) {
        reading.take(text);
        if (reading.isFull) await reading.flush();
      }
    }
    await reading.flush();
  } finally {
    await reading.settle();
  }
  return reading.summary;
}

/** An import on its way: the batch that gathers, and those that are being written. */
class Reading {
  readonly summary: ImportSummary = {
    lines: 0,
    imported: 0,
    known: 0,
    bad: 0,
    badLines: [],
    olderThanRetention: 0,
    oldestAt: null,
  };
  readonly #run: ImportRun;
  readonly #repeats: RepeatCounter;
  #calls: ImportedCall[] = [];
  #lines: ImportLine[] = [];
  /** Calls and characters of the batch that gathers. */
  #count = 0;
  #chars = 0;
  /** Batches that were handed over, oldest first. */
  #writing: Promise<void>[] = [];

  constructor(run: ImportRun) {
    this.#run = run;
    this.#repeats = new RepeatCounter(run.source);
  }

  get isFull(): boolean {
    const { batchCalls = BATCH_CALLS, batchChars = BATCH_CHARS } = this.#run;
    return this.#count >= batchCalls || this.#chars >= batchChars;
  }

  /** Takes the next line of the file. */
  take(text: string): void {
    const { summary } = this;
    summary.lines += 1;
    if (text.trim() === '') return;
    const read = tryRead(text, this.#run);
    if (typeof read === 'string') reportBad(summary, read, this.#run.skipBad);
    else this.#gather(text, read);
  }

  #gather(text: string, fields: LineFields): void {
    const { summary } = this;
    const { write, send, keptFrom = -Infinity } = this.#run;
    this.#count += 1;
    this.#chars += text.length;
    if (fields.at < keptFrom) summary.olderThanRetention += 1;
    summary.oldestAt = Math.min(fields.at, summary.oldestAt ?? fields.at);
    if (!write && !send) return;
    const repeat = this.#repeats.count(fields);
    if (write) this.#calls.push(toImported(fields, repeat, this.#run));
    else this.#lines.push({ text, repeat });
  }

  /** Hands the batch over, once there is room: it is written while the next is read. A failed one ends the import. */
  async flush(): Promise<void> {
    if (this.#writing.length >= WRITING_MAX) await this.#writing.shift();
    if (this.#count === 0) return;
    const writing = this.#write(this.#calls, this.#lines, this.#count);
    writing.catch(() => undefined);
    this.#writing.push(writing);
    [this.#calls, this.#lines, this.#count, this.#chars] = [[], [], 0, 0];
  }

  /** Waits for all that was handed over. @throws what the first that failed threw. */
  async settle(): Promise<void> {
    await Promise.allSettled(this.#writing);
    await Promise.all(this.#writing);
  }

  async #write(calls: ImportedCall[], lines: ImportLine[], count: number): Promise<void> {
    const { write, send, onProgress } = this.#run;
    const fresh = write ? await write(calls) : send ? await send(lines) : count;
    this.summary.imported += fresh;
    this.summary.known += count - fresh;
    onProgress?.(this.summary);
  }
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
