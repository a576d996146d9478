/**
 * `import FILE.jsonl`: calls to Kling that were recorded elsewhere become part of the journal and its months.
 *
 * The whole file is read once to check it; only then is anything written. Beside a running sidecar the lines go through
 * its control plane, which writes them between its own work; while none runs the store is written itself. A call is
 * there with its count or not at all, and one that is known changes nothing: an interrupted import is started again.
 */
import { randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import path from 'node:path';
import type { Command } from 'commander';
import { importOptions } from '../app-sla-commands.ts';
import type { ImportOrigin } from '../control/sla-commands.ts';
import { SidecarError } from '../errors.ts';
import { importCalls, type ImportLine, type ImportRun, type ImportSummary } from '../imports/import.ts';
import type { Context } from './context.ts';
import { askDaemon, bodyOf } from './control-client.ts';
import { takeSignals } from './signals.ts';
import { isRunning } from './source.ts';
import { plainText, type Terminal } from './terminal.ts';

const PROGRESS_EVERY_MS = 200;
const DAY_MS = 86_400_000;
/** Characters of a batch's lines where they go nowhere: batches end by their calls. */
const OWNED_BATCH_CHARS = 20_000_000;

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
  run: Pick<ImportRun, 'write' | 'send' | 'batchCalls' | 'batchChars'>;
  /** Ends the import. */
  end(): Promise<void>;
  close(): Promise<void>;
}

async function runImport(context: Context, file: string, options: ImportCommandOptions): Promise<void> {
  const { terminal } = context;
  terminal.giveWay?.();
  const target = path.resolve(terminal.cwd, file);
  const bytes = await sizeOf(target);
  const checked = await pass(context, { target, bytes, options, verb: 'checked' });
  if (options.check) {
    print(context, checked, { options, verb: 'can be imported' });
    return;
  }
  const sink = await openSink(context, { file: path.basename(file), options });
  const signals = takeSignals(terminal);
  let isStopped = false;
  void signals.stopped.then(() => (isStopped = true));
  const onBatch = (): void => {
    if (!isStopped) return;
    throw new SidecarError('bad_usage', 'Interrupted: run the same import again to finish it.');
  };
  try {
    const { run } = sink;
    const summary = await pass(context, { target, bytes, options, verb: 'imported', run, onBatch });
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
  /** Where the calls are written; absent for a check. */
  run?: Sink['run'];
  /** Told after each batch; may end the import. */
  onBatch?: () => void;
}

/** Reads the file once. */
async function pass(context: Context, asked: Pass): Promise<ImportSummary> {
  const { terminal } = context;
  const { target, bytes, options, verb, run, onBatch } = asked;
  const { source, host = null, skipBad } = options;
  const { config } = context.loaded();
  const now = terminal.clock.now();
  const stream = createReadStream(target);
  const progress = progressOn(terminal, () => `${verb} ${percent(stream.bytesRead, bytes)}`);
  try {
    return await importCalls(stream, {
      ...importOptions(config, { source, host, now }),
      ...run,
      skipBad,
      keptFrom: now - config.store.callRetentionDays * DAY_MS,
      onProgress(summary) {
        progress.tell(summary);
        onBatch?.();
      },
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
  let batches = 0;
  const post = async (lines: ImportLine[], isLast: boolean): Promise<number> => {
    const seq = batches;
    batches += 1;
    const body = { ...origin, ...(host === undefined ? {} : { host }), lines, seq, isLast };
    const reply = await askDaemon(context, { method: 'POST', path: '/v1/import', body });
    if (!reply)
      throw new SidecarError('ledger_unavailable', 'The sidecar stopped during the import: run it again.');
    return (bodyOf(reply) as { imported: number }).imported;
  };
  return {
    run: { send: (lines) => post(lines, false) },
    end: async () => void (await post([], true)),
    close: () => Promise.resolve(),
  };
}

async function storeSink(context: Context, origin: ImportOrigin): Promise<Sink> {
  const { openOwned, OWNED_AT_ONCE } = await import('./offline.ts');
  const owned = await openOwned(context.loaded().config, context.terminal.clock);
  const { sla } = owned.commands;
  return {
    run: {
      batchCalls: OWNED_AT_ONCE,
      batchChars: OWNED_BATCH_CHARS,
      write: (calls) => sla.importCalls(calls, origin, { isLast: false }),
    },
    end: async () => void (await sla.importCalls([], origin, { isLast: true })),
    close: () => owned.close(),
  };
}

function print(
  context: Context,
  summary: ImportSummary,
  { options, verb }: { options: ImportCommandOptions; verb: string },
): void {
  const { terminal } = context;
  const { lines, imported, known, bad, badLines, oldestAt } = summary;
  if (options.json) {
    const oldest = oldestAt === null ? null : new Date(oldestAt).toISOString();
    terminal.out(`${JSON.stringify({ ...summary, oldestAt: oldest }, null, 2)}\n`);
    return;
  }
  terminal.out(
    `${lines} lines: ${imported} calls ${verb}, ${known} known already, ${bad} bad lines left out.\n`,
  );
  for (const { line, problem } of badLines) terminal.out(`  line ${line}: ${plainText(problem)}\n`);
  if (bad > badLines.length) terminal.out(`  and ${bad - badLines.length} more\n`);
  const warning = retentionWarning(context, summary);
  if (warning !== null) terminal.out(`${warning}\n`);
}

/** Says what becomes of calls that are older than what the journal keeps; null where none are. */
function retentionWarning({ terminal, loaded }: Context, summary: ImportSummary): string | null {
  const { olderThanRetention, oldestAt } = summary;
  if (olderThanRetention === 0 || oldestAt === null) return null;
  const days = loaded().config.store.callRetentionDays;
  const wanted = Math.floor((terminal.clock.now() - oldestAt) / DAY_MS) + 1;
  return (
    `${olderThanRetention} calls are older than store.callRetentionDays (${days}): their counts stay in their months, ` +
    'but a running sidecar drops their rows within a day, and calls export, claims’ requests.csv and sla verify no ' +
    `longer have them. To keep the rows, set store.callRetentionDays to more than ${wanted} before that; rows that ` +
    'were dropped cannot be imported again.'
  );
}
