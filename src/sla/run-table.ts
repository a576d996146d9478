/** The rows of sidecars' runs: when a sidecar observed. */
import { newId } from '../ids.ts';
import { defineWrite, type Tx } from '../store/operation.ts';
import type { Ms } from '../units.ts';
import { HEARTBEAT_GAP_MS } from './observed.ts';
import type { Span } from './window.ts';

/**
 * Records that a sidecar is running: extends its run, or begins a new one if there is none, if the last
 * heartbeat is too long ago, or if the clock went back.
 * @returns the id for the next heartbeat.
 */
export const recordHeartbeat = defineWrite(
  'sla.recordHeartbeat',
  async (tx, args: { runId: string | null; at: Ms }): Promise<string> => {
    const { runId, at } = args;
    if (runId !== null) {
      const extended = await tx.run(
        'UPDATE sla_runs SET last_at = ? WHERE id = ? AND last_at <= ? AND last_at >= ?',
        at,
        runId,
        at,
        at - HEARTBEAT_GAP_MS,
      );
      if (extended > 0) return runId;
    }
    const id = newId('run', at);
    await tx.run('INSERT INTO sla_runs (id, started_at, last_at) VALUES (?, ?, ?)', id, at, at);
    return id;
  },
  { scope: 'own' },
);

/** Reads the runs that touch a span, in order of their starts. */
export function selectRuns(tx: Tx, span: Span): Promise<Span[]> {
  return tx.all<Span>(
    'SELECT started_at AS start, last_at AS "end" FROM sla_runs ' +
      'WHERE last_at >= ? AND started_at < ? ORDER BY started_at, last_at',
    span.start,
    span.end,
  );
}
