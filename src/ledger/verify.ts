/**
 * Verifies the ledger: every counter against the creates that name it, every create against its end, adjustments and task.
 *
 * **Invariant**: it counts only rows of creates and adjustments, and repairs nothing.
 */
import { counterIds } from '../budget/hold.ts';
import { defineRead, type Tx } from '../store/operation.ts';
import type { MilliCredits } from '../units.ts';
import type { HoldState } from '../words.ts';
import { waitsForLedger } from './deduction-wait.ts';

export interface Verification {
  ok: boolean;
  counters: number;
  holds: number;
  entries: number;
  /** One sentence each, the first {@link PROBLEMS_MAX}. */
  problems: string[];
}

const PROBLEMS_MAX = 100;
/** The number of holds in one read: the history may be larger than memory. */
const PAGE_ROWS = 2000;

interface CreateColumns {
  id: string;
  credits: MilliCredits;
  settled_credits: MilliCredits;
  state: HoldState;
  end_credits: MilliCredits | null;
  counters: string;
}

interface Adjusted {
  hold_id: string;
  count: number;
  credits: MilliCredits;
}

interface Sum {
  settled: MilliCredits;
  held: MilliCredits;
}

class Findings {
  readonly sums = new Map<string, Sum>();
  readonly problems: string[] = [];
  found = 0;
  holds = 0;
  entries = 0;

  report(problem: string): void {
    this.found += 1;
    if (this.problems.length < PROBLEMS_MAX) this.problems.push(problem);
  }
}

/** Counts the ledger again and gives the problems. */
export const verifyLedger = defineRead(
  'ledger.verifyLedger',
  async (tx: Tx, _args: Record<string, never>): Promise<Verification> => {
    const findings = new Findings();
    let lastId = '';
    for (;;) {
      const holds = await tx.all<CreateColumns>(
        `SELECT id, credits, settled_credits, state, end_credits, counters FROM creates
         WHERE id > ? ORDER BY id LIMIT ${PAGE_ROWS}`,
        lastId,
      );
      const nextId = holds.at(-1)?.id;
      if (nextId === undefined) break;
      await checkPage(tx, findings, holds, { after: lastId, to: nextId });
      lastId = nextId;
    }
    const counters = await checkCounters(tx, findings);
    await checkOrphans(tx, findings);
    const { holds, entries, problems, found } = findings;
    return { ok: found === 0, counters, holds, entries, problems };
  },
);

async function checkPage(
  tx: Tx,
  findings: Findings,
  holds: CreateColumns[],
  range: { after: string; to: string },
): Promise<void> {
  const rows = await tx.all<Adjusted>(
    `SELECT hold_id, COUNT(*) AS count, SUM(credits) AS credits FROM adjustments
     WHERE hold_id > ? AND hold_id <= ? GROUP BY hold_id ORDER BY hold_id`,
    range.after,
    range.to,
  );
  const adjusted = new Map(rows.map((row) => [row.hold_id, row]));
  findings.holds += holds.length;
  for (const hold of holds) {
    const sum = checkHold(findings, hold, adjusted.get(hold.id));
    for (const id of counterIds(hold.counters)) {
      const total = findings.sums.get(id) ?? { settled: 0, held: 0 };
      findings.sums.set(id, { settled: total.settled + sum.settled, held: total.held + sum.held });
    }
  }
}

/** Gives the held and settled credits of a create, by its end and its adjustments. */
function checkHold(findings: Findings, hold: CreateColumns, adjusted: Adjusted | undefined): Sum {
  const isHeld = hold.state === 'held';
  const settled = (hold.end_credits ?? 0) + (adjusted?.credits ?? 0);
  // The hold, its end, each adjustment.
  findings.entries += (isHeld ? 1 : 2) + (adjusted?.count ?? 0);
  if (isHeld && adjusted) findings.report(`hold ${hold.id} is adjusted and has not ended`);
  if (settled !== hold.settled_credits)
    findings.report(`hold ${hold.id} has settled ${hold.settled_credits}, its entries say ${settled}`);
  return { settled, held: isHeld ? hold.credits : 0 };
}

async function checkCounters(tx: Tx, findings: Findings): Promise<number> {
  const counters = await tx.all<Sum & { id: string }>(
    'SELECT id, settled, held FROM budget_counters ORDER BY id',
  );
  for (const counter of counters) {
    const sum = findings.sums.get(counter.id) ?? { settled: 0, held: 0 };
    findings.sums.delete(counter.id);
    if (sum.settled === counter.settled && sum.held === counter.held) continue;
    findings.report(
      `counter ${counter.id} has settled ${counter.settled} and held ${counter.held}, ` +
        `its holds say ${sum.settled} and ${sum.held}`,
    );
  }
  for (const id of findings.sums.keys())
    findings.report(`counter ${id} is named by holds and does not exist`);
  return counters.length;
}

async function checkOrphans(tx: Tx, findings: Findings): Promise<void> {
  const check = async (sql: string, tell: (id: string) => string): Promise<void> => {
    for (const { id } of await tx.all<{ id: string }>(`${sql} LIMIT ${PROBLEMS_MAX}`))
      findings.report(tell(id));
  };
  const mayWait = await waitsForLedger(tx);
  const ended = mayWait ? "task_state = 'failed'" : "(task_state = 'succeeded' OR task_state = 'failed')";
  await check(
    `SELECT task_id AS id FROM creates WHERE state = 'held' AND ${ended} ORDER BY id`,
    (id) => `task ${id} has ended and its hold has not`,
  );
  await check(
    `SELECT a.hold_id AS id FROM adjustments a LEFT JOIN creates h ON h.id = a.hold_id
     WHERE h.id IS NULL ORDER BY a.hold_id`,
    (id) => `an adjustment names hold ${id}, which does not exist`,
  );
}
