/** The state of money in a few numbers: the freeze, doubts, open tasks. */
import { defineRead, type Tx } from '../store/operation.ts';
import type { MilliCredits, Ms, Product } from '../units.ts';
import { stuckCondition, type StuckLimits } from '../tasks/stuck-limits.ts';
import type { TaskState } from '../words.ts';
import { readFreeze, type FreezeState } from './freeze.ts';
import { selectHoldsElsewhere, sumElsewhere, type HoldsElsewhere } from './use-upstream.ts';

/** A state of a task that has not ended. */
export type OpenState = Extract<TaskState, 'submitted' | 'processing'>;

export interface OpenTaskCount {
  product: Product;
  state: OpenState;
  tasks: number;
  /** The number of these that are stuck; 0 where nobody asked for it. */
  stuck: number;
  /** Slots of Kling's concurrency limit that they take. */
  weight: number;
}

export interface MoneyStatus {
  frozen: FreezeState | null;
  openHolds: number;
  heldCredits: MilliCredits;
  inDoubtHolds: number;
  inDoubtCredits: MilliCredits;
  /** The beginning of the oldest doubt; null if there is none. */
  oldestDoubtSince: Ms | null;
  openTasks: OpenTaskCount[];
  /** Open holds of upstreams that are not in use. */
  elsewhere: HoldsElsewhere[];
}

/** An instant, and the ages from which tasks are stuck; without them none is. */
export interface StatusArgs {
  at: Ms;
  stuck?: StuckLimits;
}

interface HeldColumns {
  open_holds: number;
  held_credits: MilliCredits | null;
  doubts: number | null;
  doubt_credits: MilliCredits | null;
  oldest: Ms | null;
}

/** Gives the state of money at an instant by a look at every open row. A running sidecar keeps the sums (`money-sums.ts`). */
export const moneyStatus = defineRead(
  'ledger.moneyStatus',
  async (tx: Tx, args: StatusArgs): Promise<MoneyStatus> => {
    const held = await tx.get<HeldColumns>(
      `SELECT COUNT(*) AS open_holds, SUM(credits) AS held_credits, SUM(in_doubt) AS doubts,
         SUM(in_doubt * credits) AS doubt_credits, MIN(CASE WHEN in_doubt = 1 THEN doubt_since END) AS oldest
       FROM creates WHERE state = 'held'`,
    );
    const stuck = args.stuck ? stuckCondition(args.stuck, args.at) : { sql: '0 = 1', values: [] };
    const openTasks = await tx.all<OpenTaskCount>(
      `SELECT c.product, c.task_state AS state, COUNT(*) AS tasks,
         SUM(CASE WHEN ${stuck.sql} THEN 1 ELSE 0 END) AS stuck, SUM(c.weight) AS weight
       FROM creates c WHERE c.task_state IN ('submitted', 'processing')
       GROUP BY c.product, c.task_state ORDER BY c.product, c.task_state`,
      ...stuck.values,
    );
    return {
      frozen: await readFreeze(tx),
      openHolds: held?.open_holds ?? 0,
      heldCredits: held?.held_credits ?? 0,
      inDoubtHolds: held?.doubts ?? 0,
      inDoubtCredits: held?.doubt_credits ?? 0,
      oldestDoubtSince: held?.oldest ?? null,
      openTasks,
      elsewhere: sumElsewhere(await selectHoldsElsewhere(tx)),
    };
  },
);
