/** What the control plane may order and ask about availability and claims, over a store that may be written or not. */
import { draftRequest, filingDates, monthQuestion } from './app-claims.ts';
import { markClaim } from './claims/claim-table.ts';
import { draftClaim } from './claims/draft.ts';
import type { Clock } from './clock.ts';
import type { Config } from './config/config.ts';
import type { ClaimCommands, ImportOrigin, SlaCommands } from './control/sla-commands.ts';
import { SidecarError } from './errors.ts';
import { routesWith, type RouteTable } from './kling/routes.ts';
import { recordOrder } from './ledger/audit.ts';
import { correctBlame } from './sla/blame-table.ts';
import { addExclusion, withdrawExclusion } from './sla/exclusion-table.ts';
import type { ImportOptions } from './sla/import-line.ts';
import { importBatch } from './sla/journal.ts';
import { dayOf, monthOf } from './sla/period.ts';
import type { Store } from './store/store.ts';
import type { Ms } from './units.ts';

export interface SlaCommandsDeps {
  clock: Clock;
  config: () => Config;
  reader: Pick<Store, 'read'>;
  /** Null where the store was opened for reading alone: orders are refused. */
  writer: Pick<Store, 'write'> | null;
}

/** Imports of which the audit has the beginning and not yet the end; a client that dies leaves one behind. */
const OPEN_IMPORTS_MAX = 100;

/** Makes the commands of availability. */
export function slaCommands(deps: SlaCommandsDeps): SlaCommands {
  const { clock, config } = deps;
  const imported = new Map<string, number>();
  const at = (): number => clock.now();
  const store = (): Pick<Store, 'write'> => writerOf(deps);
  return {
    question: (month) => monthQuestion(config(), month, at()),
    currentMonth: () => monthOf(at(), config().sla.timeZone),
    importOptions: (source, host) => importOptions(config(), { source, host, now: at() }),
    async importCalls(calls, origin, isLast) {
      const isFirst = !imported.has(origin.run);
      if (isFirst) await recordImport(deps, origin, 'begun');
      if (isFirst && imported.size >= OPEN_IMPORTS_MAX) imported.clear();
      const fresh = calls.length === 0 ? 0 : await store().write(importBatch, calls);
      const sum = (imported.get(origin.run) ?? 0) + fresh;
      imported.set(origin.run, sum);
      if (isLast) {
        imported.delete(origin.run);
        await recordImport(deps, origin, `${sum} new calls`);
      }
      return fresh;
    },
    exclude: (exclusion, actor) => store().write(addExclusion, { ...exclusion, actor, at: at() }),
    withdraw: (id, order) => store().write(withdrawExclusion, { id, ...order, at: at() }),
    blame: (correction, actor) => store().write(correctBlame, { ...correction, actor, at: at() }),
  };
}

/** Makes the commands of claims. */
export function claimCommands(deps: SlaCommandsDeps): ClaimCommands {
  const { clock, config, reader } = deps;
  return {
    today: () => dayOf(clock.now(), config().sla.timeZone),
    dates: (month) => filingDates(config(), month),
    async draft(month, order) {
      const { write } = writerOf(deps);
      const request = draftRequest(config(), { month, now: clock.now(), order });
      return draftClaim({ read: (operation, args) => reader.read(operation, args), write }, request);
    },
    async mark(mark) {
      return writerOf(deps).write(markClaim, { ...mark, at: clock.now() });
    },
  };
}

function writerOf({ writer }: SlaCommandsDeps): Pick<Store, 'write'> {
  if (writer) return { write: (operation, args) => writer.write(operation, args) };
  throw new SidecarError('daemon_required', 'This needs a running sidecar: kling-sidecar start.');
}

async function recordImport(deps: SlaCommandsDeps, origin: ImportOrigin, after: string): Promise<void> {
  await writerOf(deps).write(recordOrder, {
    at: deps.clock.now(),
    actor: origin.actor,
    action: 'sla.import',
    subject: origin.source,
    before: null,
    after,
    reason: `import of ${origin.file}`,
  });
}

/** How the lines of an import are read: the configured upstream is the host of those that name none. */
export function importOptions(
  config: Config,
  { source, host, now }: { source: string; host: string | null; now: Ms },
): ImportOptions {
  return {
    source,
    host: host ?? new URL(config.upstream.baseUrl).host,
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
