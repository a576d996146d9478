/**
 * The job `retention`: drops records that are older than the config allows.
 *
 * It drops calls, previews of prompts, answers that need not be given again, traces, Kling's deductions, delivered facts,
 * alerts that are over, and callbacks. The ledger, the windows of availability, months, claims and the audit stay for ever.
 *
 * **Invariant**: it drops nothing that an open claim needs ({@link neededCalls}), and nothing by a clock that was not
 * compared with Kling's. It works in small pieces at background priority, so that no create waits for it.
 */
import { purgeDeductions } from '../account/account-table.ts';
import { dropOldAlerts } from '../alerts/alert-retention.ts';
import { dropHoldTraces } from '../budget/hold-trace-table.ts';
import { purgeOld } from '../ledger/purge.ts';
import { neededCalls } from '../claims/needed-calls.ts';
import { idFloor } from '../ids.ts';
import { dropDelivered } from '../outbox/outbox-table.ts';
import type { Store } from '../store/store.ts';
import { dropCallbacks } from '../tasks/relay-table.ts';
import type { Ms } from '../units.ts';

const DAY_MS = 86_400_000;
/** Days that facts of the outbox and alerts are kept after every receiver has them. */
const HEARD_DAYS = 30;
/** Days for which the trace of a create is kept for links; no task takes longer. */
const TRACE_DAYS = 30;
/** Days for which callbacks and what was relayed are kept: their addresses are valid as long. */
const CALLBACK_DAYS = 45;
/** Rows of a piece while requests wait for the writer, and while none wait. */
const ROWS_WHILE_BUSY = 50;
const ROWS_WHILE_IDLE = 1000;

export interface RetentionSettings {
  callRetentionDays: number;
  promptRetentionDays: number;
  /** The zone of the claims' months. */
  timeZone: string;
}

/** The number of dropped records of each kind. */
export type Dropped = Readonly<Record<string, number>>;

/** Drops records that are too old at an instant, until none is left or the signal aborts; gives what it dropped. */
export async function dropOld(
  store: Pick<Store, 'read' | 'background'>,
  settings: RetentionSettings,
  { at, signal }: { at: Ms; signal: AbortSignal },
): Promise<Dropped> {
  const { callRetentionDays, promptRetentionDays, timeZone } = settings;
  const kept = await store.read(neededCalls, { at, timeZone });
  const callsBefore = at - callRetentionDays * DAY_MS;
  const heardBefore = at - HEARD_DAYS * DAY_MS;
  const tracesBefore = at - Math.min(callRetentionDays, TRACE_DAYS) * DAY_MS;
  // A ledger of Kling's has a single known range: if a claim needs a part of it, all newer rows stay too.
  const deductionsBefore = Math.min(callsBefore, kept[0]?.start ?? callsBefore);
  const callbacksBefore = idFloor('hold', at - CALLBACK_DAYS * DAY_MS);
  const sums: Record<string, number> = {};
  const add = (kind: string, count: number): void => void (sums[kind] = (sums[kind] ?? 0) + count);
  for (let more = true; more && !signal.aborted;) {
    const { more: hasOld, ...old } = await store.background(purgeOld, (isBusy) => ({
      at,
      callRetentionDays,
      promptRetentionDays,
      kept,
      rowsMax: isBusy ? ROWS_WHILE_BUSY : ROWS_WHILE_IDLE,
    }));
    for (const [kind, count] of Object.entries(old)) add(kind, count);
    const traces = await store.background(dropHoldTraces, () => ({ before: tracesBefore }));
    const deductions = await store.background(purgeDeductions, () => ({ before: deductionsBefore }));
    const facts = await store.background(dropDelivered, () => ({ before: heardBefore }));
    const alerts = await store.background(dropOldAlerts, () => ({ before: heardBefore }));
    add('traces', traces.dropped);
    add('deductions', deductions.deductions);
    add('facts', facts.dropped);
    const callbacks = await store.background(dropCallbacks, () => ({ beforeId: callbacksBefore }));
    add('alerts', alerts.dropped);
    add('callbacks', callbacks.dropped);
    more = hasOld || [traces, deductions, facts, alerts, callbacks].some((dropped) => dropped.more);
  }
  return sums;
}
