/**
 * `import FILE.jsonl`: calls to Kling that were recorded elsewhere become part of the journal and its months.
 *
 * The whole file is read once to check it; only then is anything written. Beside a running sidecar the lines go through
 * its control plane, in batches between which its own work goes on; while none runs the store is written itself. Each
 * batch is whole or absent, and a call that is known changes nothing: an import that was interrupted is started again.
 */
import { randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import path from 'node:path';
import type { Command } from 'commander';
import { importOptions } from '../app-sla-commands.ts';
import type { ImportOrigin } from '../control/sla-commands.ts';
import { SidecarError } from '../errors.ts';
import { importCalls, type ImportedCall, type ImportLine, type ImportSummary } from '../sla/import.ts';
import type { Context } from './context.ts';
import { askDaemon, bodyOf } from './control-client.ts';
import { takeSignals } from './signals.ts';
import { isRunning } from './source.ts';
import { plainText, type Terminal } from './terminal.ts';

const PROGRESS_EVERY_MS = 200;
/** Calls of a batch while nobody else writes: each batch costs an fsync. */
const OWNED_BATCH_CALLS = 10_000;

interface ImportCommandOptions {
  source: string;
  host?: string;
  skipBad: boolean;
  check: boolean;
  json?: boolean;
}

/** Adds the command. */
export function addImport(program: Command, context: () => Context): void {
  program
    .command('import')
    .description('calls to Kling recorded elsewhere, one JSON object a line; importing twice changes nothing')
    .argument('<file>', 'JSON lines: { time, method, path, status | error, … }')
    .option('--source <name>', 'who recorded them; part of the calls’ identity', 'import')
    .option(
      '--host <host>',
      'the host they were made to, for lines that do not say (default: the upstream’s)',
    )
    .option('--skip-bad', 'leave bad lines out, naming them', false)
    .option('--check', 'only check the file', false)
    .option('--json', 'print JSON')
    .action((file: string, options: ImportCommandOptions) => runImport(context(), file, options));
}

/** Takes batches of an import to where they are kept. */
interface Sink {
  /** Calls of a batch, where the usual few are too few. */
  batchCalls?: number;
  write(calls: ImportedCall[], lines: ImportLine[]): Promise<number>;
  /** Ends the import. */
  end(): Promise<void>;
  close(): Promise<void>;
}

async function runImport(context: Context, file: string, options: ImportCommandOptions): Promise<void> {
  const { terminal } = context;
  const target = path.resolve(terminal.cwd, file);
  const bytes = await sizeOf(target);
  const checked = await pass(context, { target, bytes, options, verb: 'checked' });
  if (options.check) {
    print(context, checked, { options, verb: 'can be imported' });
    return;
  }
  const sink = await openSink(context, { file: path.basename(file), options });
  const signals = takeSignals();
  let isStopped = false;
  void signals.stopped.then(() => (isStopped = true));
  try {
    const write: Sink['write'] = (calls, lines) => {
      if (isStopped)
        throw new SidecarError('bad_usage', 'Interrupted: run the same import again to finish it.');
      return sink.write(calls, lines);
    };
    const { batchCalls } = sink;
    const summary = await pass(context, { target, bytes, options, verb: 'imported', write, batchCalls });
    await sink.end();
    print(context, summary, { options, verb: 'imported' });
  } finally {
    signals.release();
    await sink.close();
  }
}

async function sizeOf(target: string): Promise<number> {
  try {
    const { size } = await stat(target);
    return size;
  } catch (cause) {
    throw new SidecarError('bad_usage', `${target} cannot be read.`, { cause });
  }
}

interface Pass {
  target: string;
  bytes: number;
  options: ImportCommandOptions;
  verb: string;
  write?: Sink['write'];
  batchCalls?: number | undefined;
}

/** Reads the file once, writing its calls where `write` is given. */
async function pass(context: Context, asked: Pass): Promise<ImportSummary> {
  const { terminal } = context;
  const { target, bytes, options, verb, write, batchCalls } = asked;
  const { source, host = null, skipBad } = options;
  const stream = createReadStream(target);
  const progress = progressOn(terminal, () => `${verb} ${percent(stream.bytesRead, bytes)}`);
  try {
    return await importCalls(stream, {
      ...importOptions(context.loaded().config, { source, host, now: terminal.clock.now() }),
      skipBad,
      onProgress: progress.tell,
      ...(write ? { write } : {}),
      ...(batchCalls === undefined ? {} : { batchCalls }),
    });
  } finally {
    stream.destroy();
    progress.end();
  }
}

function percent(part: number, whole: number): string {
  return `${whole === 0 ? 100 : Math.floor((part / whole) * 100)} %`;
}

function progressOn(
  terminal: Terminal,
  text: () => string,
): { tell(summary: ImportSummary): void; end(): void } {
  let shownTick = -Infinity;
  return {
    tell({ lines }) {
      const tick = terminal.clock.monotonic();
      if (!terminal.isErrTerminal || tick - shownTick < PROGRESS_EVERY_MS) return;
      shownTick = tick;
      terminal.err(`\r${text()}, ${lines} lines\u001b[K`);
    },
    end() {
      if (terminal.isErrTerminal && shownTick !== -Infinity) terminal.err('\r\u001b[K');
    },
  };
}

async function openSink(
  context: Context,
  { file, options }: { file: string; options: ImportCommandOptions },
): Promise<Sink> {
  const origin: ImportOrigin = { run: randomUUID(), source: options.source, actor: 'cli', file };
  return (await isRunning(context)) ? daemonSink(context, origin, options) : storeSink(context, origin);
}

function daemonSink(context: Context, origin: ImportOrigin, { host }: ImportCommandOptions): Sink {
  const post = async (lines: ImportLine[], isLast: boolean): Promise<number> => {
    const body = { ...origin, ...(host === undefined ? {} : { host }), lines, isLast };
    const reply = await askDaemon(context, { method: 'POST', path: '/v1/import', body });
    if (!reply)
      throw new SidecarError('ledger_unavailable', 'The sidecar stopped during the import: run it again.');
    return (bodyOf(reply) as { imported: number }).imported;
  };
  return {
    write: (_calls, lines) => post(lines, false),
    end: async () => void (await post([], true)),
    close: () => Promise.resolve(),
  };
}

async function storeSink(context: Context, origin: ImportOrigin): Promise<Sink> {
  const { openOwned } = await import('./offline.ts');
  const owned = await openOwned(context.loaded().config, context.terminal.clock);
  const { sla } = owned.commands;
  return {
    batchCalls: OWNED_BATCH_CALLS,
    write: (calls) => sla.importCalls(calls, origin, false),
    end: async () => void (await sla.importCalls([], origin, true)),
    close: () => owned.close(),
  };
}

function print(
  { terminal }: Context,
  summary: ImportSummary,
  { options, verb }: { options: ImportCommandOptions; verb: string },
): void {
  if (options.json) {
    terminal.out(`${JSON.stringify(summary, null, 2)}\n`);
    return;
  }
  const { lines, imported, known, bad, badLines } = summary;
  terminal.out(
    `${lines} lines: ${imported} calls ${verb}, ${known} known already, ${bad} bad lines left out.\n`,
  );
  for (const { line, problem } of badLines) terminal.out(`  line ${line}: ${plainText(problem)}\n`);
  if (bad > badLines.length) terminal.out(`  and ${bad - badLines.length} more\n`);
}
