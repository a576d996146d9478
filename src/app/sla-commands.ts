/** What the control plane may order and ask about availability and claims, over a store that may be written or not. */
import { markClaim } from '../claims/claim-table.ts';
import { draftRequest, filingDates } from '../claims/draft-request.ts';
import { reviewDrafts } from '../claims/draft-review.ts';
import { draftClaim, type DraftDeps } from '../claims/draft.ts';
import type { Clock } from '../clock.ts';
import type { Config } from '../config/config.ts';
import type { Order } from '../control/order.ts';
import type { ClaimCommands, ImportedBatch, ImportOrigin, SlaCommands } from '../control/sla-commands.ts';
import { SidecarError } from '../errors.ts';
import { routesWith, type RouteTable } from '../kling/routes.ts';
import { importOrder, listImportedFiles, recordOrder } from '../ledger/audit.ts';
import type { Ledger } from '../outbox/ledger.ts';
import { correctBlame } from '../sla/blame-table.ts';
import { addExclusion, withdrawExclusion } from '../sla/exclusion-table.ts';
import type { ImportedCall } from '../imports/import.ts';
import type { ImportOptions } from '../imports/import-line.ts';
import { importInPieces } from '../imports/import-table.ts';
import { OrderedRun } from '../imports/ordered-run.ts';
import { normalHost } from '../sla/host.ts';
import { monthQuestion } from '../sla/month-question.ts';
import { checkMonth, dayOf, monthOf } from '../sla/period.ts';
import type { Store } from '../store/store.ts';
import type { Ms } from '../units.ts';

export interface SlaCommandsDeps {
  clock: Clock;
  config: () => Config;
  reader: Pick<Store, 'read'>;
  /** Null if the store was opened for reading alone: orders are refused. */
  writer: SlaWriter | null;
}

/** Where orders are written, with the facts that they make true. */
export interface SlaWriter {
  store: Pick<Store, 'write' | 'background'>;
  ledger: Pick<Ledger, 'run'>;
}

/** Imports of which the audit has the beginning and not yet the end; a client that dies leaves one behind. */
const OPEN_IMPORTS_MAX = 100;

/** Makes the commands of availability. */
export function slaCommands(deps: SlaCommandsDeps): SlaCommands {
  const { clock, config } = deps;
  const runs = new Map<string, OrderedRun>();
  const at = (): number => clock.now();
  const store = (): Pick<Store, 'write'> => writerOf(deps).store;
  return {
    question: (month) => monthQuestion(config(), askedMonth(deps, month), at()),
    currentMonth: () => monthOf(at(), config().sla.timeZone),
    importOptions: (source, host) => importOptions(config(), { source, host, now: at() }),
    importCalls: (calls, origin, place) => importBatchOf({ deps, runs }, calls, { origin, ...place }),
    async exclude(exclusion, actor) {
      const added = await store().write(addExclusion, { ...exclusion, actor, at: at() });
      await review(deps, { actor, reason: `exclusion ${added.id} was entered` });
      return added;
    },
    async withdraw(id, order) {
      await store().write(withdrawExclusion, { id, ...order, at: at() });
      await review(deps, { actor: order.actor, reason: `exclusion ${id} was withdrawn` });
    },
    async blame(correction, actor) {
      const corrected = await store().write(correctBlame, { ...correction, actor, at: at() });
      await review(deps, { actor, reason: `blame was corrected by ${corrected.id}` });
      return corrected;
    },
  };
}

/**
 * Reviews the drafts of claims after an order. A failure, as of a folder that cannot be written, does not fail the order,
 * which is done: it is kept in the audit, the hourly job tries again, and doctor looks at the folder.
 */
async function review(deps: SlaCommandsDeps, order: Order): Promise<void> {
  const { clock, config } = deps;
  const drafting = draftDeps(deps);
  try {
    await reviewDrafts({ ...drafting, config: config(), order }, clock.now());
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    const row = { action: 'claim.review', subject: 'drafts', before: null, after: `failed: ${why}` };
    await drafting.store.write(recordOrder, { at: clock.now(), ...order, ...row });
  }
}

/** Reads with the reader and writes with the writer. */
function draftDeps(deps: SlaCommandsDeps): DraftDeps {
  const { store, ledger } = writerOf(deps);
  return {
    store: {
      read: (operation, args) => deps.reader.read(operation, args),
      write: (operation, args) => store.write(operation, args),
    },
    ledger,
  };
}

/** Makes the commands of claims. */
export function claimCommands(deps: SlaCommandsDeps): ClaimCommands {
  const { clock, config } = deps;
  return {
    today: () => dayOf(clock.now(), config().sla.timeZone),
    dates: (month) => filingDates(config(), askedMonth(deps, month)),
    async draft(asked, order) {
      const month = askedMonth(deps, asked);
      const request = draftRequest(config(), { month, now: clock.now(), order });
      return draftClaim(draftDeps(deps), request);
    },
    async mark(mark) {
      const month = askedMonth(deps, mark.month);
      return writerOf(deps).store.write(markClaim, { ...mark, month, at: clock.now() });
    },
  };
}

/** Checks a month that a caller names. @throws SidecarError `bad_usage`. */
function askedMonth({ clock, config }: SlaCommandsDeps, month: string): string {
  return checkMonth(month, { now: clock.now(), timeZone: config().sla.timeZone });
}

/** Finds an import that is under way, or begins one; those that nobody went on with for the longest time are forgotten. */
function runOf(runs: Map<string, OrderedRun>, name: string, clock: Clock): OrderedRun {
  const run = runs.get(name) ?? new OrderedRun(clock);
  runs.delete(name);
  runs.set(name, run);
  for (const oldest of runs.keys()) {
    if (runs.size <= OPEN_IMPORTS_MAX) break;
    runs.delete(oldest);
  }
  return run;
}

interface ImportPlace {
  origin: ImportOrigin;
  isLast: boolean;
  seq?: number | undefined;
}

/** Writes a batch of an import when those before it are written. */
async function importBatchOf(
  { deps, runs }: { deps: SlaCommandsDeps; runs: Map<string, OrderedRun> },
  calls: readonly ImportedCall[],
  { origin, isLast, seq }: ImportPlace,
): Promise<ImportedBatch> {
  const run = runOf(runs, origin.run, deps.clock);
  try {
    return await run.inOrder(seq, async () => {
      if (!run.isBegun) await beginImport(deps, origin, run);
      const fresh = await importInPieces(writerOf(deps).store, calls);
      run.imported += fresh;
      if (isLast) await recordImport(deps, origin, `${run.imported} new calls`);
      if (isLast && run.imported > 0) {
        await review(deps, { actor: origin.actor, reason: `calls of ${origin.file} were imported` });
      }
      return { imported: fresh, earlierFiles: run.earlierFiles };
    });
  } finally {
    if ((isLast || run.isFailed) && runs.get(origin.run) === run) runs.delete(origin.run);
  }
}

function writerOf({ writer }: SlaCommandsDeps): SlaWriter {
  if (writer) return writer;
  throw new SidecarError('daemon_required', 'This needs a running sidecar: kling-sidecar start.');
}

async function beginImport(deps: SlaCommandsDeps, origin: ImportOrigin, run: OrderedRun): Promise<void> {
  run.earlierFiles = await deps.reader.read(listImportedFiles, { source: origin.source });
  await recordImport(deps, origin, 'begun');
  run.isBegun = true;
}

async function recordImport(deps: SlaCommandsDeps, origin: ImportOrigin, after: string): Promise<void> {
  const { source, file, actor } = origin;
  await writerOf(deps).store.write(
    recordOrder,
    importOrder({ source, file, actor, at: deps.clock.now(), after }),
  );
}

/**
 * How the lines of an import are read: the configured upstream is the host of those that name none.
 * @throws SidecarError `bad_usage` if the host given is none.
 */
export function importOptions(
  config: Config,
  { source, host, now }: { source: string; host: string | null; now: Ms },
): ImportOptions {
  const given = host ?? config.upstream.baseUrl;
  const normal = normalHost(given);
  if (normal === null) {
    throw new SidecarError(
      'bad_usage',
      `'${given}' is no host; write a name such as api-singapore.klingai.com, without a path.`,
    );
  }
  return {
    source,
    host: normal,
    now,
    routeOf: routeOf(routesWith(config.pricing.overrides)),
  };
}

/** Finds our template for a recorded method and path. */
function routeOf(routes: RouteTable): (method: string, path: string) => string {
  return (method, path) => {
    const found = routes.find(method, path);
    return found.kind === 'match' ? found.route.template : 'unmatched';
  };
}
