/**
 * `import FILE`: calls to Kling that were recorded elsewhere become part of the journal and its months.
 *
 * The whole file is read once to check it; only then is anything written. Beside a running sidecar the lines go through
 * its control plane, which writes them between its own work; while none runs the store is written itself. A call is
 * there with its count or not at all, and one that is known changes nothing: an interrupted import is started again.
 */
import { randomUUID } from 'node:crypto';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { importOptions } from '../app/sla-commands.ts';
import type { ImportOrigin } from '../control/sla-commands.ts';
import { SidecarError } from '../errors.ts';
import type { ColumnMap } from '../imports/csv-file.ts';
import { IMPORT_FORMATS, type ImportFormat } from '../imports/formats.ts';
import { importCalls, type ImportSummary } from '../imports/import.ts';
import { LINE_KEYS, type LineKey } from '../imports/line-keys.ts';
import { actorOption, type Context } from './context.ts';
import { openInput, type ImportInput } from './import-input.ts';
import { printReport, warnOfHosts } from './import-report.ts';
import { openSink, type Sink } from './import-sink.ts';
import { mayShowProgress } from './progress.ts';
import { takeSignals } from './signals.ts';
import type { Terminal } from './terminal.ts';

const PROGRESS_EVERY_MS = 200;
const DAY_MS = 86_400_000;
/** Characters of a file's name that the audit keeps, its end. */
const FILE_NAME_CHARS = 500;

interface ImportCommandOptions {
  source: string;
  host?: string;
  format: ImportFormat;
  columns?: ColumnMap;
  skipBad: boolean;
  check: boolean;
  json?: boolean;
}

/** Adds the command. */
export function addImport(program: Command, context: () => Context): void {
  program
    .command('import')
    .description('calls to Kling that other programs recorded; importing twice changes nothing')
    .argument('<file>', 'JSON lines, an nginx access log, HAR or CSV, also as gzip; - is standard input')
    .option(
      '--source <name>',
      'who recorded them, one name for each recorder; part of the calls’ identity',
      'import',
    )
    .option(
      '--host <host>',
      'the host they were made to, for lines that do not say (default: the upstream’s)',
    )
    .addOption(
      new Option('--format <format>', 'of the file; auto recognises it')
        .choices(IMPORT_FORMATS)
        .default('auto'),
    )
    .addOption(actorOption())
    .option('--columns <map>', 'what columns of a CSV mean: time=started,path=url', columnsArgument)
    .option('--skip-bad', 'leave bad lines out, naming them', false)
    .option('--check', 'only check the file', false)
    .option('--json', 'print JSON')
    .action((file: string, options: ImportCommandOptions) => runImport(context(), file, options));
}

function columnsArgument(text: string): ColumnMap {
  const pairs = text.split(',').map((pair): [string, LineKey] => {
    const [key = '', column = ''] = pair.split(/=(.*)/s);
    const known = LINE_KEYS.find((one) => one === key.trim());
    if (known !== undefined && column.trim() !== '') return [column.trim(), known];
    throw new InvalidArgumentError(
      `KEY=COLUMN pairs are wanted, separated by commas; keys are ${LINE_KEYS.join(', ')}.`,
    );
  });
  return Object.fromEntries(pairs);
}

async function runImport(context: Context, file: string, options: ImportCommandOptions): Promise<void> {
  const { terminal } = context;
  terminal.giveWay?.();
  const input = await openInput(terminal, file);
  try {
    const checked = await pass(context, { input, options, verb: 'checked' });
    warnOfHosts(context, checked);
    const { source } = options;
    const told = { file: input.name, source, earlierFiles: [] };
    const wantsJson = options.json === true;
    if (options.check)
      printReport(context, { ...told, summary: checked, verb: 'can be imported' }, wantsJson);
    else
      printReport(
        context,
        { ...told, ...(await write(context, input, options)), verb: 'imported' },
        wantsJson,
      );
  } finally {
    await input.remove();
  }
}

/** Writes the calls of a file that was checked. */
async function write(
  context: Context,
  input: ImportInput,
  options: ImportCommandOptions,
): Promise<{ summary: ImportSummary; earlierFiles: readonly string[] }> {
  const { source, host } = options;
  const origin: ImportOrigin = {
    run: randomUUID(),
    source,
    actor: context.actor,
    file: input.name.slice(-FILE_NAME_CHARS),
  };
  const sink = await openSink(context, origin, host);
  const signals = takeSignals(context.terminal);
  let isStopped = false;
  void signals.stopped.then(() => (isStopped = true));
  const onBatch = (): void => {
    if (!isStopped) return;
    throw new SidecarError('bad_usage', 'Interrupted: run the same import again to finish it.');
  };
  try {
    const summary = await pass(context, { input, options, verb: 'imported', run: sink.run, onBatch });
    return { summary, earlierFiles: await sink.end() };
  } finally {
    signals.release();
    await sink.close();
  }
}

interface Pass {
  input: ImportInput;
  options: ImportCommandOptions;
  verb: string;
  /** Where the calls are written; absent for a check. */
  run?: Sink['run'];
  /** Called after each batch; may end the import. */
  onBatch?: () => void;
}

/** Reads the file once. */
async function pass(context: Context, asked: Pass): Promise<ImportSummary> {
  const { terminal } = context;
  const { input, options, verb, run, onBatch } = asked;
  const { source, host = null, skipBad, format, columns = {} } = options;
  const { config } = context.loaded();
  const now = terminal.clock.now();
  const opened = input.open();
  const progress = progressOn(terminal, () => `${verb} ${percent(opened.bytesRead(), input.bytes)}`);
  try {
    return await importCalls(opened.chunks, {
      ...importOptions(config, { source, host, now }),
      ...run,
      format,
      columns,
      stripPrefixes: config.listen.stripPrefixes,
      skipBad,
      keptFrom: now - config.store.callRetentionDays * DAY_MS,
      onProgress(summary) {
        progress.tell(summary);
        onBatch?.();
      },
    });
  } finally {
    opened.close();
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
      if (!mayShowProgress(terminal) || tick - shownTick < PROGRESS_EVERY_MS) return;
      shownTick = tick;
      terminal.err(`\r${text()}, ${lines} lines\u001b[K`);
    },
    end() {
      if (shownTick !== -Infinity) terminal.err('\r\u001b[K');
    },
  };
}
