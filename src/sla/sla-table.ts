/**
 * The counts of availability in the store.
 *
 * An attempt is counted by {@link countCalls} in the transaction that journals it, under the exclusions in force and
 * with the blame known at that moment. Later records (a control check, a correction, an exclusion) move
 * counts between columns or slices in their own transaction.
 *
 * **Invariant**: at every commit, `sla_windows` equals the counts by the journal, `sla_unreachable` and the exclusions;
 * `sla verify` recomputes it. Never counts a call that was journalled before: the caller counts new rows only.
 */
import type { CallRecord } from '../calls/call.ts';
import { classOf, proofOf, type Blame } from '../calls/outcome.ts';
import type { Tx } from '../store/operation.ts';
import { blameFor, type BlameBasis } from './blame-table.ts';
import { originOf, sliceOf } from './counts.ts';
import { exclusionSpans } from './exclusion-table.ts';
import { spansHold } from './window.ts';
import { addCall, addSlice, SliceTally } from './window-table.ts';

/** A newly journalled call, with its recorder's blame if it was recorded elsewhere. */
export interface CountedCall {
  call: CallRecord;
  blame?: Blame | null;
}

/**
 * Counts one newly journalled call in its window, within the transaction that journals it, in the row of `writer`: the instance.
 *
 * It runs with every request: one statement, except for attempts that never arrived, whose blame is looked up.
 */
export async function countCall(tx: Tx, call: CallRecord, writer: string): Promise<void> {
  const blame = call.outcome === 'unreachable' ? await insertUnreachable(tx, { call }) : 'unknown';
  await addCall(tx, call, { name: classOf(call, blame), writer });
}

/** Counts newly journalled calls in their windows, in rows of `writer`, each written once. */
export async function countCalls(tx: Tx, calls: readonly CountedCall[], writer: string): Promise<void> {
  if (calls.length === 0) return;
  let start = Infinity;
  let end = -Infinity;
  for (const { call } of calls) {
    start = Math.min(start, call.at);
    end = Math.max(end, call.at);
  }
  const excluded = await exclusionSpans(tx, { start, end: end + 1 });
  const tally = new SliceTally();
  for (const counted of calls) {
    const { call } = counted;
    const blame = call.outcome === 'unreachable' ? await insertUnreachable(tx, counted) : 'unknown';
    tally.countsOf(sliceOf(call, spansHold(excluded, call.at)))[classOf(call, blame)] += 1;
  }
  for (const slice of tally.slices) await addSlice(tx, slice, writer);
}

async function insertUnreachable(tx: Tx, { call, blame }: CountedCall): Promise<Blame> {
  const endedAt = Math.ceil(call.at + call.durationMs);
  const proof = proofOf(call.errorClass);
  const known: { blame: Blame; basis: BlameBasis } = await blameFor(tx, {
    at: call.at,
    endedAt,
    recorded: blame ?? null,
    proof,
  });
  await tx.run(
    'INSERT INTO sla_unreachable (call_id, at, ended_at, host, origin, retry, blame, basis, proof) ' +
      'VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)',
    call.id,
    call.at,
    endedAt,
    call.host,
    originOf(call),
    Number(call.attempt > 1),
    known.blame,
    known.basis,
    proof,
  );
  return known.blame;
}
