/**
 * Verifies the ledger: every counter against the holds it counts, every hold against its entries and its task.
 *
 * **Invariant**: reads the entries as the truth and recomputes everything else from them; repairs nothing.
 */
import { counterIds } from '../budget/hold.ts';
import { defineRead, type Tx } from '../store/operation.ts';
import type { MilliCredits } from '../units.ts';
import type { HoldState } from '../words.ts';

export interface Verification {
  ok: boolean;
  counters: number;
  holds: number;
  entries: number;
  /** One sentence each, the first {@link PROBLEMS_MAX}. */
  problems: string[];
}

const PROBLEMS_MAX = 100;
/** Holds read at a time: the history may be longer than memory. */
const PAGE_ROWS = 2000;

interface HoldColumns {
  id: string;
  credits: MilliCredits;
  settled_credits: MilliCredits;
  state: HoldState;
  counters: string;
}

interface EntryColumns {
  hold_id: string;
  kind: 'hold' | 'settle' | 'release' | 'write_off' | 'adjust';
  credits: MilliCredits;
}

interface Sum {
  settled: MilliCredits;
  held: MilliCredits;
}

const STATE_OF_END = { settle: 'settled', release: 'released', write_off: 'written_off' } as const;

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

/** Recomputes the ledger and says what does not agree. */
export const verifyLedger = defineRead(
  'ledger.verifyLedger',
  async (tx: Tx, _args: Record<string, never>): Promise<Verification> => {
    const findings = new Findings();
    let lastId = '';
    for (;;) {
      const holds = await tx.all<HoldColumns>(
        `SELECT id, credits, settled_credits, state, counters FROM holds WHERE id > ? ORDER BY id LIMIT ${PAGE_ROWS}`,
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
  holds: HoldColumns[],
  range: { after: string; to: string },
): Promise<void> {
  const entries = await tx.all<EntryColumns>(
    'SELECT hold_id, kind, credits FROM entries WHERE hold_id > ? AND hold_id <= ? ORDER BY hold_id, seq',
    range.after,
    range.to,
  );
  const byHold = Map.groupBy(entries, (entry) => entry.hold_id);
  findings.holds += holds.length;
  findings.entries += entries.length;
  for (const hold of holds) {
    const sum = checkHold(findings, hold, byHold.get(hold.id) ?? []);
    for (const id of counterIds(hold.counters)) {
      const total = findings.sums.get(id) ?? { settled: 0, held: 0 };
      findings.sums.set(id, { settled: total.settled + sum.settled, held: total.held + sum.held });
    }
  }
}

/** Gives what the entries of a hold say that it holds and has settled. */
function checkHold(findings: Findings, hold: HoldColumns, entries: EntryColumns[]): Sum {
  const firsts = entries.filter((entry) => entry.kind === 'hold');
  const ends = entries.filter((entry) => entry.kind in STATE_OF_END);
  const [first] = firsts;
  const [end] = ends;
  if (firsts.length !== 1) findings.report(`hold ${hold.id} has ${firsts.length} first entries`);
  else if (first?.credits !== hold.credits) {
    findings.report(`hold ${hold.id} holds ${hold.credits}, its first entry says ${first?.credits}`);
  }
  if (ends.length > 1) findings.report(`hold ${hold.id} has ended ${ends.length} times`);
  const state =
    end && end.kind in STATE_OF_END ? STATE_OF_END[end.kind as keyof typeof STATE_OF_END] : 'held';
  if (state !== hold.state) findings.report(`hold ${hold.id} is ${hold.state}, its entries say ${state}`);
  let settled = 0;
  for (const entry of entries) {
    if (entry.kind !== 'hold') settled += entry.credits;
  }
  if (settled !== hold.settled_credits) {
    findings.report(`hold ${hold.id} has settled ${hold.settled_credits}, its entries say ${settled}`);
  }
  return { settled, held: end ? 0 : (first?.credits ?? 0) };
}

async function checkCounters(tx: Tx, findings: Findings): Promise<number> {
  const counters = await tx.all<Sum & { id: string }>('SELECT id, settled, held FROM budget_counters');
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
  await check(
    'SELECT t.id FROM tasks t LEFT JOIN holds h ON h.id = t.hold_id WHERE h.id IS NULL OR h.task_id <> t.id',
    (id) => `task ${id} belongs to no hold`,
  );
  await check(
    `SELECT h.id FROM holds h LEFT JOIN tasks t ON t.id = h.task_id
     WHERE h.task_id IS NOT NULL AND (t.id IS NULL OR t.hold_id <> h.id)`,
    (id) => `hold ${id} names a task that is not its own`,
  );
  await check(
    `SELECT t.id FROM holds h JOIN tasks t ON t.id = h.task_id
     WHERE h.state = 'held' AND t.state IN ('succeeded', 'failed')`,
    (id) => `task ${id} has ended and its hold has not`,
  );
  await check(
    'SELECT e.hold_id AS id FROM entries e LEFT JOIN holds h ON h.id = e.hold_id WHERE h.id IS NULL',
    (id) => `an entry names hold ${id}, which does not exist`,
  );
}
