/** Every open hold and task, read once for the sums that a running process keeps (`money-sums.ts`). */
import { FROM_IN_DOUBT } from '../budget/hold-table.ts';
import { defineRead, defineWrite, type Tx } from '../store/operation.ts';
import { IS_LOST } from '../tasks/lost-table.ts';
import { IS_OPEN } from '../tasks/stuck-limits.ts';
import type { MilliCredits, Ms, Product } from '../units.ts';
import type { OperationWord } from '../words.ts';
import type { OpenState } from './status.ts';
import { selectHoldsElsewhere, selectUsed, type HoldElsewhere, type UsedUpstream } from './use-upstream.ts';

export interface OpenWork {
  openHolds: number;
  heldCredits: MilliCredits;
  doubts: { holdId: string; credits: MilliCredits; since: Ms | null }[];
  /** Without lost ones. */
  tasks: OpenTasks[];
  /** The holds of lost tasks that Kling has not ended. */
  lost: string[];
  /** Null if none was ever put in use. */
  inUse: UsedUpstream | null;
  elsewhere: HoldElsewhere[];
}

/** The open tasks of an operation in a state. */
export interface OpenTasks {
  product: Product;
  state: OpenState;
  operation: OperationWord;
  weight: number;
  /** When each was made. */
  createdAt: Ms[];
}

/** Reads the open holds and tasks as they are. */
export const openWork = defineRead('ledger.openWork', (tx: Tx, _args: Record<string, never>) =>
  readOpenWork(tx),
);

/** As {@link openWork}, between two writes: its result comes after the facts of all earlier ones and before those of all later ones. */
export const openWorkInOrder = defineWrite(
  'ledger.openWorkInOrder',
  (tx: Tx, _args: Record<string, never>) => readOpenWork(tx),
  { scope: 'exclusive' },
);

async function readOpenWork(tx: Tx): Promise<OpenWork> {
  const held = await tx.get<{ holds: number; credits: MilliCredits | null }>(
    `SELECT COUNT(*) AS holds, SUM(credits) AS credits FROM creates WHERE state = 'held'`,
  );
  const doubts = await tx.all<OpenWork['doubts'][number]>(
    `SELECT id AS "holdId", credits, doubt_since AS since ${FROM_IN_DOUBT}`,
  );
  return {
    openHolds: held?.holds ?? 0,
    heldCredits: held?.credits ?? 0,
    doubts,
    tasks: await readOpenTasks(tx),
    lost: (await tx.all<{ id: string }>(`SELECT c.id FROM creates c WHERE ${IS_LOST} ORDER BY c.id`)).map(
      ({ id }) => id,
    ),
    inUse: await selectUsed(tx),
    elsewhere: await selectHoldsElsewhere(tx),
  };
}

async function readOpenTasks(tx: Tx): Promise<OpenTasks[]> {
  const rows = await tx.all<Omit<OpenTasks, 'createdAt'> & { at: Ms }>(
    `SELECT c.product, c.task_state AS state, c.operation, c.weight, c.task_created_at AS at FROM creates c
     WHERE ${IS_OPEN} ORDER BY c.id`,
  );
  const groups = new Map<string, OpenTasks>();
  for (const { product, state, operation, weight, at } of rows) {
    const key = `${product} ${state} ${operation}`;
    let group = groups.get(key);
    if (!group) groups.set(key, (group = { product, state, operation, weight: 0, createdAt: [] }));
    group.weight += weight;
    group.createdAt.push(at);
  }
  return [...groups.values()];
}
