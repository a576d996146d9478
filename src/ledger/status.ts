/** The state of money in a few numbers: the freeze, doubts, open tasks. */
import { defineRead, type Tx } from '../store/operation.ts';
import type { MilliCredits, Ms, Product } from '../units.ts';
import { IS_OPEN, stuckCondition, type StuckLimits } from '../tasks/stuck-limits.ts';
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
  /** The number of these that were made before each of the asked instants; empty where none was asked. */
  madeBefore: number[];
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

/** An instant, the ages from which tasks are stuck (without them none is), and the instants before which tasks are counted. */
export interface StatusArgs {
  at: Ms;
  stuck?: StuckLimits;
  /** At most {@link MADE_BEFORE_MAX}. */
  madeBefore?: readonly Ms[];
}

/** The most instants of a question: each is a column of its statement. */
const MADE_BEFORE_MAX = 8;

interface HeldColumns {
  open_holds: number;
  held_credits: MilliCredits | null;
  doubts: number | null;
  doubt_credits: MilliCredits | null;
  oldest: Ms | null;
}

function columnOf(place: number): string {
  return `made_before_${place}`;
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
    const instants = (args.madeBefore ?? []).slice(0, MADE_BEFORE_MAX);
    const counts = instants.map((_, place) => columnOf(place));
    const rows = await tx.all<Omit<OpenTaskCount, 'madeBefore'> & Record<string, unknown>>(
      `SELECT c.product, c.task_state AS state, COUNT(*) AS tasks,
         SUM(CASE WHEN ${stuck.sql} THEN 1 ELSE 0 END) AS stuck, SUM(c.weight) AS weight${counts
           .map((name) => `, SUM(CASE WHEN c.task_created_at < ? THEN 1 ELSE 0 END) AS ${name}`)
           .join('')}
       FROM creates c WHERE ${IS_OPEN}
       GROUP BY c.product, c.task_state ORDER BY c.product, c.task_state`,
      ...stuck.values,
      ...instants,
    );
    const openTasks = rows.map(({ product, state, tasks, stuck: stuckTasks, weight, ...made }) => ({
      product,
      state,
      tasks,
      stuck: stuckTasks,
      weight,
      madeBefore: counts.map((name) => Number(made[name])),
    }));
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
