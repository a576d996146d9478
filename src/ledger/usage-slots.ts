/**
 * Sums of usage by slots: a quarter of an hour that is over is summed once, so that a question about a month of a million creates
 * reads some thousand rows. Days of every zone begin at such an instant (IANA time zone database, read 2026-11-28: no zone has had
 * another offset since 1972).
 *
 * A slot is summed two hours after its end, beside requests. A create that changes later, or is added later, makes its slot stale: a
 * trigger notes it, questions read that slot's creates themselves, and the next pass sums it again.
 *
 * **Invariant**: sums by slots are the sums by creates (test/ledger/usage-slots.test.ts). Nothing decides about money by them.
 */
import { COUNTED } from '../budget/hold-list.ts';
import { defineWrite, type Migration, type Tx } from '../store/operation.ts';
import type { Ms } from '../units.ts';

export const SLOT_MS: Ms = 900_000;
/** By then most tasks have ended, so that few slots are summed again. */
const LAG_MS: Ms = 7_200_000;

/** What a group of creates is summed to. */
export const SUMS = `COUNT(*) AS tasks, SUM(settled_credits) AS credits,
       SUM(CASE WHEN state = 'held' THEN credits ELSE 0 END) AS held_credits,
       SUM(CASE WHEN state = 'held' THEN 0 ELSE credits END) AS estimated_credits`;

export const usageSlotMigrations: readonly Migration[] = [
  {
    id: '270-usage-slots',
    sqlite: `
CREATE TABLE usage_slots (
  slot INTEGER NOT NULL,
  app TEXT NOT NULL,
  operation TEXT NOT NULL,
  model TEXT,
  mode TEXT,
  tag TEXT,
  tasks INTEGER NOT NULL,
  credits INTEGER NOT NULL,
  held_credits INTEGER NOT NULL,
  estimated_credits INTEGER NOT NULL
) STRICT;
CREATE INDEX usage_slots_slot ON usage_slots (slot);
CREATE TABLE usage_stale (slot INTEGER PRIMARY KEY) STRICT;
CREATE TABLE usage_summed (id INTEGER PRIMARY KEY CHECK (id = 1), slot INTEGER NOT NULL) STRICT;
INSERT INTO usage_summed (id, slot) VALUES (1, 0);
CREATE TRIGGER creates_usage_added AFTER INSERT ON creates
WHEN NEW.at < (SELECT slot FROM usage_summed) * ${SLOT_MS}
BEGIN INSERT OR IGNORE INTO usage_stale (slot) VALUES (NEW.at / ${SLOT_MS}); END;
CREATE TRIGGER creates_usage_changed AFTER UPDATE OF state, settled_credits ON creates
WHEN OLD.at < (SELECT slot FROM usage_summed) * ${SLOT_MS}
BEGIN INSERT OR IGNORE INTO usage_stale (slot) VALUES (OLD.at / ${SLOT_MS}); END;
CREATE TRIGGER creates_usage_found AFTER UPDATE OF task_id ON creates
WHEN OLD.state = 'released' AND OLD.at < (SELECT slot FROM usage_summed) * ${SLOT_MS}
BEGIN INSERT OR IGNORE INTO usage_stale (slot) VALUES (OLD.at / ${SLOT_MS}); END;
`,
  },
];

export interface SumSlotsArgs {
  now: Ms;
  /** Creates of one piece; a slot with more is one piece. */
  rowsMax: number;
}

/** Sums the next slots that are over; `more` asks for another piece. */
export const sumUsageSlots = defineWrite(
  'ledger.sumUsageSlots',
  async (tx: Tx, { now, rowsMax }: SumSlotsArgs): Promise<{ more: boolean }> => {
    const stale = await tx.get<{ slot: number }>('SELECT slot FROM usage_stale ORDER BY slot LIMIT 1');
    if (stale) {
      await tx.run('DELETE FROM usage_slots WHERE slot = ?', stale.slot);
      await sumSlots(tx, stale.slot, stale.slot + 1);
      await tx.run('DELETE FROM usage_stale WHERE slot = ?', stale.slot);
      return { more: true };
    }
    const end = Math.floor((now - LAG_MS) / SLOT_MS);
    const from = await summedTo(tx);
    if (end <= from) return { more: false };
    const next = await nextSlots(tx, { from, end, rowsMax });
    if (next) await sumSlots(tx, next.from, next.to);
    await tx.run('UPDATE usage_summed SET slot = ?', next?.to ?? end);
    return { more: next !== null && next.to < end };
  },
  { scope: 'exclusive', isPlain: () => true },
);

/** Gives the first slot that is not summed. */
export async function summedTo(tx: Tx): Promise<number> {
  return (await tx.get<{ slot: number }>('SELECT slot FROM usage_summed'))?.slot ?? 0;
}

/** Gives the next slots with creates, of about `rowsMax`; null if there are no creates before `end`. */
async function nextSlots(
  tx: Tx,
  { from, end, rowsMax }: { from: number; end: number; rowsMax: number },
): Promise<{ from: number; to: number } | null> {
  const between = 'FROM creates WHERE at >= ? AND at < ? ORDER BY at LIMIT 1';
  const span = [from * SLOT_MS, end * SLOT_MS];
  const first = await tx.get<{ at: Ms }>(`SELECT at ${between}`, ...span);
  if (!first) return null;
  const last = await tx.get<{ at: Ms }>(`SELECT at ${between} OFFSET ?`, ...span, rowsMax);
  const firstSlot = Math.floor(first.at / SLOT_MS);
  const to = last ? Math.max(firstSlot + 1, Math.floor(last.at / SLOT_MS)) : end;
  return { from: firstSlot, to };
}

async function sumSlots(tx: Tx, from: number, to: number): Promise<void> {
  await tx.run(
    `INSERT INTO usage_slots (slot, app, operation, model, mode, tag, tasks, credits, held_credits, estimated_credits)
     SELECT at / ${SLOT_MS}, app, operation, model, mode, tag, ${SUMS}
     FROM creates WHERE ${COUNTED} AND at >= ? AND at < ?
     GROUP BY at / ${SLOT_MS}, app, operation, model, mode, tag`,
    from * SLOT_MS,
    to * SLOT_MS,
  );
}
