/**
 * The log: one JSON object for each line, readable on a terminal, never with a secret.
 *
 * Lines are gathered and written together, at the latest after {@link FLUSH_MS}: a call costs microseconds and
 * never waits for a disk or a pipe. The rest is written when the process exits.
 *
 * **Invariant**: every line is redacted before it is written; writing a line never throws into its caller.
 */
import { systemClock, type Clock, type Timer } from '../clock.ts';
import type { Secret } from '../secret.ts';
import { SidecarError } from '../errors.ts';
import type { EventName } from './event-names.ts';
import { createRedaction, doubleEscape } from './redaction.ts';
import { standardOutput, type StandardOutput } from './standard-output.ts';

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';
/** Plain values; an `Error` under the key `error` is written as its name, code, message and causes. */
export interface LogFields extends Readonly<Record<string, unknown>> {
  readonly event: EventName;
}

export interface Log {
  debug(message: string, fields: LogFields): void;
  info(message: string, fields: LogFields): void;
  warn(message: string, fields: LogFields): void;
  error(message: string, fields: LogFields): void;
  /** Keeps this value, its base64 and its escaped forms out of every later line. */
  hide(secret: Secret): void;
  /** Gives each later line, one JSON object without secrets, to a listener too; the returned function ends that. */
  listen(listener: (line: string) => void): () => void;
  /** Writes the gathered lines at once. */
  flush(): void;
}

/** Takes pieces of one or more whole lines. */
export interface LogDestination {
  write(text: string): void;
}

export interface LogOptions {
  level: LogLevel | 'silent';
  /** Default: standard output. */
  destination?: LogDestination;
  /** Coloured lines for people. Default: whether standard output is a terminal and no destination is given. */
  pretty?: boolean;
  clock?: Clock;
}

/** From the least to the most important. */
const LEVELS: readonly LogOptions['level'][] = ['debug', 'info', 'warn', 'error', 'silent'];
/** The longest time that a line waits for others. */
const FLUSH_MS = 50;
/** Gathered text that is written without waiting for the timer. */
const FLUSH_CHARACTERS = 65_536;

/** Makes the log. Without a destination it writes to standard output and flushes when the process exits. */
export function createLog(options: LogOptions): Log {
  const clock = options.clock ?? systemClock;
  const isTerminal = options.destination === undefined && process.stdout.isTTY === true;
  const redaction = createRedaction();
  const stream = options.destination ? null : standardOutput(clock);
  const destination = options.destination ?? { write: (text) => stream?.write(text) };
  const out = gather(destination, clock, redaction.clean);
  const sink = (options.pretty ?? isTerminal) ? prettySink(out, redaction.clean) : out;
  if (stream) flushAtExit(sink, stream);
  const listeners = new Set<(line: string) => void>();
  const write = (line: string): void => {
    sink.add(line);
    if (listeners.size === 0) return;
    const clean = redaction.clean(line);
    for (const listener of listeners) listener(clean);
  };
  const timeOf = timestamps(clock);
  const lineOf = (level: LogLevel, json: string): string =>
    `{"level":"${level}","time":"${timeOf()}",${json}}\n`;
  const writeAt = (level: LogLevel) => {
    if (LEVELS.indexOf(level) < LEVELS.indexOf(options.level)) return () => {};
    return (message: string, fields: LogFields): void => {
      try {
        write(lineOf(level, fieldsOf(message, fields)));
      } catch (error) {
        // A field that cannot be written (a getter that throws, a BigInt) must not fail the caller.
        const why = { event: 'telemetry_failed', error, line: message } as const;
        write(lineOf('warn', fieldsOf('a log line could not be written in full', why)));
      }
    };
  };
  const error = writeAt('error');
  return {
    debug: writeAt('debug'),
    info: writeAt('info'),
    warn: writeAt('warn'),
    error: (message, fields) => {
      error(message, fields);
      sink.flush();
    },
    hide: (secret) => redaction.hide(secret),
    listen(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    flush: () => {
      sink.flush();
    },
  };
}

/** Gives the time of a line; lines of one millisecond share the text. */
function timestamps(clock: Clock): () => string {
  let at = -1;
  let text = '';
  return () => {
    const now = clock.now();
    if (now !== at) {
      at = now;
      text = new Date(now).toISOString();
    }
    return text;
  };
}

/** Gives a line's fields and its message in JSON, without braces. */
function fieldsOf(message: string, fields: LogFields): string {
  const shown = 'error' in fields ? { ...fields, error: describeError(fields['error']) } : fields;
  return `${JSON.stringify(shown).slice(1, -1)},"msg":${JSON.stringify(message)}`;
}

interface Sink {
  add(line: string): void;
  flush(): void;
}

/** Gathers lines and redacts them together, which costs a fraction of redacting each. */
function gather(destination: LogDestination, clock: Clock, clean: (text: string) => string): Sink {
  let waiting = '';
  let timer: Timer | null = null;
  const flush = (): void => {
    timer?.cancel();
    timer = null;
    if (waiting === '') return;
    const piece = clean(waiting);
    waiting = '';
    try {
      destination.write(piece);
    } catch {
      // The log has no reader any more (a closed pipe, a full disk): the service continues without it.
    }
  };
  return {
    add(line) {
      waiting += line;
      if (waiting.length >= FLUSH_CHARACTERS) flush();
      else timer ??= clock.after(FLUSH_MS, flush);
    },
    flush,
  };
}

/** Writes the remaining lines at every end of the process except by a signal that cannot be caught. */
function flushAtExit(sink: Sink, stream: StandardOutput): void {
  process.once('exit', () => {
    sink.flush();
    stream.flushSync();
  });
}

/** Prints lines for people. Until the printer is loaded lines wait; a flush before that writes them unchanged. */
function prettySink(out: Sink, clean: (text: string) => string): Sink {
  const early: string[] = [];
  let print: ((line: string) => string) | null = null;
  const add = (line: string): void => {
    // Redacted before printing too, since printing undoes quotes and escapes.
    if (print) out.add(print(doubleEscape(clean(line))));
    else early.push(line);
  };
  const load = async (): Promise<void> => {
    const { prettyFactory } = await import('pino-pretty');
    print = prettyFactory({
      colorize: process.stdout.isTTY && (process.env['NO_COLOR'] ?? '') === '',
      translateTime: 'SYS:yyyy-mm-dd HH:MM:ss',
      singleLine: true,
    });
    for (const line of early.splice(0)) add(line);
  };
  void load();
  return {
    add,
    flush: () => {
      for (const line of early.splice(0)) out.add(line);
      out.flush();
    },
  };
}

/** Gives an error's own words and those of its causes; the stack only if the error is not one of ours. */
function describeError(error: unknown): unknown {
  if (!(error instanceof Error)) return typeof error === 'object' ? error : String(error);
  const causes: string[] = [];
  for (
    let cause = error.cause, depth = 0;
    cause instanceof Error && depth < 5;
    cause = cause.cause, depth += 1
  ) {
    causes.push(`${cause.name}: ${cause.message}`);
  }
  const code = 'code' in error ? String(error.code) : undefined;
  const stack = error instanceof SidecarError ? undefined : error.stack?.split('\n').slice(1, 9).join('\n');
  return {
    name: error.name,
    code,
    message: error.message,
    causes: causes.length > 0 ? causes : undefined,
    stack,
  };
}
