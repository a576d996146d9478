/**
 * Imports: calls recorded elsewhere become rows of the journal and counts of the windows.
 *
 * Identities are kept (`identity.ts`), so that a second import of the same file changes nothing, while two equal lines of
 * one file stay two calls.
 *
 * **Invariant**: bad lines are named by number; nothing after the first one is written unless bad lines are skipped.
 */
import type { CallRecord } from '../calls/call.ts';
import { SidecarError } from '../errors.ts';
import type { Ms } from '../units.ts';
import type { Blame } from '../calls/outcome.ts';
import { identityOf, importedId, RepeatCounter, type CallIdentity, type Repeats } from './identity.ts';
import type { ColumnMap } from './csv-file.ts';
import { openRecords, type ImportFormat } from './formats.ts';
import { readLine, type ImportOptions, type LineFields } from './import-line.ts';
import { BadLine } from './line-values.ts';
import type { FileRecord, RecordSource } from './records.ts';

/** Calls of a batch by default: the most that a control plane takes in one request. */
const BATCH_CALLS = 1000;
/** Characters of lines in a batch by default: they fit into one request's body even at three bytes each, the maximum. */
const BATCH_CHARS = 200_000;
/** Batches that may be sent and not yet written: one is written while the other is prepared. */
const WRITING_MAX = 2;
/** Bad lines named in a summary; the others are only counted. */
const BAD_LINES_NAMED = 20;
/** Hosts counted by name. */
const HOSTS_NAMED = 20;

/** An imported call, with the blame that its recorder gave. */
export interface ImportedCall {
  call: CallRecord;
  blame: Blame | null;
  identity: CallIdentity;
}

/** A line to send to a sidecar, which reads it again itself. */
export interface ImportLine extends Repeats {
  text: string;
}

export interface BadLineReport {
  line: number;
  problem: string;
}

/** Calls to one host. */
export interface HostCount {
  host: string;
  calls: number;
}

export interface ImportSummary {
  lines: number;
  /** Calls that were new. */
  imported: number;
  /** Calls that were in the store already, or twice in this file by request id. */
  known: number;
  /** Lines in logs of other programs that are calls to other APIs, or no calls: left out. */
  other: number;
  /** The first of them. */
  otherFirst: string | null;
  bad: number;
  /** The first of the bad lines. */
  badLines: BadLineReport[];
  /** The hosts of calls, new and known ones, most calls first; at most 20, the first ones in the file. */
  hosts: HostCount[];
  /** Calls with neither an id nor a request id: identified by their content. */
  withoutId: number;
  /** Answers 502 and 504 that may be a proxy's own: the log does not show it. */
  doubtful: number;
  /** Calls, new or known, whose rows the next run of the retention drops; their counts stay. */
  olderThanRetention: number;
  /** The instant of the oldest call; null if there is none. */
  oldestAt: Ms | null;
}

export interface ImportRun extends ImportOptions {
  /** `auto` by default: recognised by the file's beginning. */
  format?: ImportFormat;
  /** The meaning of the columns of a CSV. */
  columns?: ColumnMap;
  /** The prefix that a proxy puts before Kling's paths, in logs of other programs. */
  stripPrefixes?: readonly string[];
  /** Leaves bad lines out and continues. */
  skipBad: boolean;
  /** Calls of a batch; 1000 by default. */
  batchCalls?: number;
  /** Characters of a batch's lines, which only its last line may exceed; 200,000 by default. */
  batchChars?: number;
  /** Rows of calls before this instant are soon dropped; by default none are. */
  keptFrom?: Ms;
  /** Writes a batch and gives how many of its calls were new. With neither this nor `send` the lines are only checked. */
  write?: (batch: ImportedCall[]) => Promise<number>;
  /** Sends a batch's lines to a sidecar, which reads them itself, in place of `write`. */
  send?: (lines: ImportLine[]) => Promise<number>;
  /** Called after each batch. */
  onProgress?: (summary: ImportSummary) => void;
}

/**
 * Reads a file and writes its calls in batches.
 * @param chunks the file in pieces of any size: UTF-8, or gzip of it.
 * @throws SidecarError `bad_usage` if the format is not known, and at the first bad line unless `skipBad`; complete
 * batches before it stay written.
 */
export async function importCalls(
  chunks: AsyncIterable<string | Uint8Array>,
  run: ImportRun,
): Promise<ImportSummary> {
  const { format = 'auto', columns = {}, stripPrefixes = [], routeOf } = run;
  const { unit, records } = await openRecords(chunks, { format, columns, stripPrefixes, routeOf });
  const reading = new RunningImport(run, unit);
  try {
    for await (const some of records) {
      for (const record of some) {
        reading.take(record);
        if (reading.isFull) await reading.flush();
      }
    }
    await reading.flush();
  } finally {
    await reading.settle();
  }
  reading.summary.hosts.sort((a, b) => b.calls - a.calls);
  return reading.summary;
}

/** An import in progress: the batch that is being filled, and the batches that are being written. */
class RunningImport {
  readonly summary: ImportSummary = {
    lines: 0,
    imported: 0,
    known: 0,
    other: 0,
    otherFirst: null,
    bad: 0,
    badLines: [],
    hosts: [],
    withoutId: 0,
    doubtful: 0,
    olderThanRetention: 0,
    oldestAt: null,
  };
  readonly #run: ImportRun;
  readonly #unit: RecordSource['unit'];
  readonly #hosts = new Map<string, HostCount>();
  readonly #repeats: RepeatCounter;
  #calls: ImportedCall[] = [];
  #lines: ImportLine[] = [];
  /** Calls and characters of the batch that is being filled. */
  #count = 0;
  #chars = 0;
  /** Batches that were sent, oldest first. */
  #writing: Promise<void>[] = [];

  constructor(run: ImportRun, unit: RecordSource['unit']) {
    this.#run = run;
    this.#unit = unit;
    this.#repeats = new RepeatCounter(run.source);
  }

  get isFull(): boolean {
    const { batchCalls = BATCH_CALLS, batchChars = BATCH_CHARS } = this.#run;
    return this.#count >= batchCalls || this.#chars >= batchChars;
  }

  /** Takes the next record of the file. */
  take(record: FileRecord): void {
    const { summary } = this;
    summary.lines = record.line;
    if (record.kind === 'other') {
      summary.other += 1;
      summary.otherFirst ??= record.what;
      return;
    }
    const read = record.kind === 'bad' ? record.problem : tryRead(record.text, this.#run);
    if (typeof read === 'string') this.#reportBad(read);
    else if (record.kind === 'line') {
      if (record.isDoubtful) summary.doubtful += 1;
      this.#gather(record.text, read);
    }
  }

  #reportBad(problem: string): void {
    const { summary } = this;
    const { lines: line } = summary;
    if (!this.#run.skipBad) {
      throw new SidecarError(
        'bad_usage',
        `${this.#unit} ${line} cannot be imported: ${problem}. Correct it, or pass --skip-bad to leave bad ones out.`,
        { detail: { line, problem } },
      );
    }
    summary.bad += 1;
    if (summary.badLines.length < BAD_LINES_NAMED) summary.badLines.push({ line, problem });
  }

  #countHost(host: string): void {
    const known = this.#hosts.get(host);
    if (known) known.calls += 1;
    else if (this.#hosts.size < HOSTS_NAMED) {
      const counted = { host, calls: 1 };
      this.#hosts.set(host, counted);
      this.summary.hosts.push(counted);
    }
  }

  #gather(text: string, fields: LineFields): void {
    const { summary } = this;
    const { write, send, keptFrom = -Infinity } = this.#run;
    this.#count += 1;
    this.#chars += text.length;
    if (fields.at < keptFrom) summary.olderThanRetention += 1;
    if (fields.id === null && fields.requestId === null) summary.withoutId += 1;
    this.#countHost(fields.host ?? this.#run.host);
    summary.oldestAt = Math.min(fields.at, summary.oldestAt ?? fields.at);
    if (!write && !send) return;
    const repeats = this.#repeats.count(fields);
    if (write) this.#calls.push(toImported(fields, repeats, this.#run));
    else this.#lines.push({ text, ...repeats });
  }

  /** Sends the batch once there is room: it is written while the next is read. A failed batch ends the import. */
  async flush(): Promise<void> {
    if (this.#writing.length >= WRITING_MAX) await this.#writing.shift();
    if (this.#count === 0) return;
    const writing = this.#write(this.#calls, this.#lines, this.#count);
    writing.catch(() => undefined);
    this.#writing.push(writing);
    [this.#calls, this.#lines, this.#count, this.#chars] = [[], [], 0, 0];
  }

  /** Waits for all batches that were sent. @throws the error of the first failed batch. */
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

/**
 * Reads one line whose occurrences were counted elsewhere, with the same result as {@link importCalls}.
 * @throws SidecarError `bad_usage` if the line is bad.
 */
export function importLine(line: ImportLine, options: ImportOptions): ImportedCall {
  try {
    return toImported(readLine(line.text, options.now), line, options);
  } catch (error) {
    if (!(error instanceof BadLine)) throw error;
    throw new SidecarError('bad_usage', `a line cannot be imported: ${error.message}.`);
  }
}

function toImported(fields: LineFields, repeats: Repeats, options: ImportOptions): ImportedCall {
  const identity = identityOf(fields, options.source, repeats);
  const id = fields.id ?? importedId(identity);
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
