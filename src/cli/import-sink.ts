/**
 * Where imported calls go: through the control plane of a running sidecar, which writes them between its own work, else
 * into the store itself.
 */
import type { ImportedBatch, ImportOrigin } from '../control/sla-commands.ts';
import { SidecarError } from '../errors.ts';
import type { ImportLine, ImportRun } from '../imports/import.ts';
import type { Context } from './context.ts';
import { askDaemon, bodyOf } from './control-client.ts';
import { isRunning } from './source.ts';

/** Takes batches of an import to where they are kept. */
export interface Sink {
  run: Pick<ImportRun, 'write' | 'send'>;
  /** Ends the import; gives the files that were imported with the same source before it began. */
  end(): Promise<readonly string[]>;
  close(): Promise<void>;
}

/** Opens the running sidecar, else the store. @throws SidecarError as the store's opening does. */
export async function openSink(
  context: Context,
  origin: ImportOrigin,
  host: string | undefined,
): Promise<Sink> {
  return (await isRunning(context)) ? daemonSink(context, origin, host) : storeSink(context, origin);
}

function daemonSink(context: Context, origin: ImportOrigin, host: string | undefined): Sink {
  let batches = 0;
  const post = async (lines: ImportLine[], isLast: boolean): Promise<ImportedBatch> => {
    const seq = batches;
    batches += 1;
    const body = { ...origin, ...(host === undefined ? {} : { host }), lines, seq, isLast };
    const reply = await askDaemon(context, { method: 'POST', path: '/v1/import', body });
    if (!reply)
      throw new SidecarError('ledger_unavailable', 'The sidecar stopped during the import: run it again.');
    const { imported, earlierFiles = [] } = bodyOf(reply) as Partial<ImportedBatch>;
    return { imported: imported ?? 0, earlierFiles };
  };
  return {
    run: { send: async (lines) => (await post(lines, false)).imported },
    end: async () => (await post([], true)).earlierFiles,
    close: () => Promise.resolve(),
  };
}

async function storeSink(context: Context, origin: ImportOrigin): Promise<Sink> {
  const { openOwned } = await import('./offline.ts');
  const owned = await openOwned(context.loaded().config, context.terminal.clock);
  const { sla } = owned.commands;
  return {
    run: {
      // Each piece of 500 calls is a commit of its own (imports/import-table.ts); larger ones cost memory and save little.
      write: async (calls) => (await sla.importCalls(calls, origin, { isLast: false })).imported,
    },
    end: async () => (await sla.importCalls([], origin, { isLast: true })).earlierFiles,
    close: () => owned.close(),
  };
}
