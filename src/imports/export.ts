/**
 * Exports: the journal's calls as lines that `import` reads, so that the records of several sidecars merge.
 *
 * **Invariant**: a line holds the journal's fields and the blame in force; another store that imports it counts the
 * call in the same window and class. No body, prompt or secret: the journal has none.
 */
import { toCall, type CallColumns } from '../calls/call-table.ts';
import type { CallRecord } from '../calls/call.ts';
import type { Place } from '../calls/cursor.ts';
import type { Blame } from '../calls/outcome.ts';
import { defineRead } from '../store/operation.ts';
import type { Ms } from '../units.ts';

export interface ExportPage {
  lines: string[];
  /** The last call given; null if none is left. */
  next: Place | null;
}

/** Reads the calls of a time range, oldest first, as lines without a line feed. */
export const readExportPage = defineRead(
  'imports.readExportPage',
  async (tx, args: { start: Ms; end: Ms; after: Place | null; limit: number }): Promise<ExportPage> => {
    const after = args.after ?? { at: args.start, id: '' };
    const rows = await tx.all<CallColumns & { blame: Blame | null; source: string }>(
      `SELECT c.*, (SELECT u.blame FROM sla_unreachable u WHERE u.call_id = c.id) AS blame,
         (SELECT s.source FROM sla_self s) AS source
       FROM calls c WHERE c.at >= ? AND (c.at > ? OR c.id > ?) AND c.at < ? ORDER BY c.at, c.id LIMIT ?`,
      after.at,
      after.at,
      after.id,
      args.end,
      args.limit,
    );
    const last = rows.at(-1);
    return {
      lines: rows.map((row) => exportLine(toCall(row), row)),
      next: last && rows.length === args.limit ? { at: last.at, id: last.id } : null,
    };
  },
);

/** Writes a call as a line of an import. */
export function exportLine(call: CallRecord, known: { blame: Blame | null; source: string }): string {
  const { evidence } = call;
  const isAnswered = call.status !== null;
  return JSON.stringify({
    time: new Date(call.at).toISOString(),
    method: call.method,
    path: call.route.startsWith('/') ? call.route : `/${call.route}`,
    ...(isAnswered
      ? { status: call.status }
      : { error: evidence?.cause ?? call.errorClass ?? call.outcome, outcome: call.outcome }),
    ...(call.outcome === 'unreachable' ? { blame: known.blame ?? 'unknown' } : {}),
    latencyMs: call.durationMs,
    requestId: call.requestId,
    ...given({
      code: call.code,
      klingRequestId: call.klingRequestId,
      taskId: call.taskId,
      tag: call.tag,
      errorClass: call.errorClass,
      date: evidence?.date,
      server: evidence?.server,
      via: evidence?.via,
      cause: evidence?.cause,
    }),
    app: call.app,
    attempt: call.attempt,
    origin: call.origin,
    route: call.route,
    host: call.host,
    id: call.id,
    source: known.source,
  });
}

function given(fields: Record<string, string | number | null | undefined>): Record<string, string | number> {
  const entries = Object.entries(fields).filter(([, value]) => value !== null && value !== undefined);
  return Object.fromEntries(entries) as Record<string, string | number>;
}
