/**
 * Sums of usage by slots: a quarter of an hour that is over is summed once, so that a question about a month of a million creates
 * reads some thousand rows. Days of every zone begin at such an instant (IANA time zone database, read 2026-11-28: no zone has had
 * another offset since 1972). Hours are summed of quarters, and eights of hours of hours: most zones' days begin at these too.
 *
 * A slot is summed two hours after its end, beside requests. A create that changes later, or is added later, makes its slots stale: a
 * trigger notes it, questions read what a stale slot is made of, and the next pass sums it again.
 *
 * **Invariant**: sums by slots are the sums by creates (test/ledger/usage-slots.test.ts). Nothing decides about money by them. Quarters
 * are summed at least as far as hours, and these as far as eights of hours.
 */
import { COUNTED } from '../budget/hold-list.ts';
import { defineWrite, type Migration, type Tx } from '../store/operation.ts';
import type { Ms } from '../units.ts';

/** The lengths of slots; each is a multiple of the one before. */
export const SLOT_SIZES_MS = [900_000, 3_600_000, 28_800_000] as const;
const [QUARTER_MS] = SLOT_SIZES_MS;
/** The shortest slot. */
export const SLOT_MS: Ms = QUARTER_MS;
/** By then most tasks have ended, so that few slots are summed again. */
const LAG_MS: Ms = 7_200_000;
/** So many creates of a piece are one slot of a larger size: it has as many rows as there are different creates. */
const CREATES_A_SLOT = 200;

/** What a group of creates is summed to. */
export const SUMS = `COUNT(*) AS tasks, SUM(settled_credits) AS credits,
       SUM(CASE WHEN state = 'held' THEN credits ELSE 0 END) AS held_credits,
       SUM(CASE WHEN state = 'held' THEN 0 ELSE credits END) AS estimated_credits`;
/** What a group of slots is summed to. */
export const SLOT_SUMS = `SUM(tasks) AS tasks, SUM(credits) AS credits, SUM(held_credits) AS held_credits,
       SUM(estimated_credits) AS estimated_credits`;

/** The condition that a row of a trigger is in a slot that was summed. */
function isSummed(row: 'NEW' | 'OLD'): string {
  return `${row}.at < (SELECT slot FROM usage_summed WHERE size = ${QUARTER_MS}) * ${QUARTER_MS}`;
}

function noteStale(row: 'NEW' | 'OLD'): string {
  return `INSERT OR IGNORE INTO usage_stale (size, slot)
  SELECT size, ${row}.at / size FROM usage_summed WHERE ${row}.at < slot * size;`;
}

export const usageSlotMigrations: readonly Migration[] = [
  {
    id: '270-usage-slots',
    sqlite: `
CREATE TABLE usage_slots (
  size INTEGER NOT NULL,
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
CREATE INDEX usage_slots_slot ON usage_slots (size, slot);
CREATE TABLE usage_stale (size INTEGER NOT NULL, slot INTEGER NOT NULL, PRIMARY KEY (size, slot)) STRICT, WITHOUT ROWID;
CREATE TABLE usage_summed (size INTEGER PRIMARY KEY, slot INTEGER NOT NULL) STRICT;
INSERT INTO usage_summed (size, slot) VALUES ${SLOT_SIZES_MS.map((size) => `(${size}, 0)`).join(', ')};
CREATE TRIGGER creates_usage_added AFTER INSERT ON creates WHEN ${isSummed('NEW')}
BEGIN ${noteStale('NEW')} END;
CREATE TRIGGER creates_usage_changed AFTER UPDATE OF state, settled_credits ON creates WHEN ${isSummed('OLD')}
BEGIN ${noteStale('OLD')} END;
CREATE TRIGGER creates_usage_found AFTER UPDATE OF task_id ON creates WHEN OLD.state = 'released' AND ${isSummed('OLD')}
BEGIN ${noteStale('OLD')} END;
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
  async (tx: Tx, args: SumSlotsArgs): Promise<{ more: boolean }> => {
    const stale = await tx.get<Stale>('SELECT size, slot FROM usage_stale ORDER BY size, slot LIMIT 1');
    if (stale) {
      await sumAgain(tx, stale);
      return { more: true };
    }
    let end = Math.floor((args.now - LAG_MS) / QUARTER_MS);
    for (const [place, size] of SLOT_SIZES_MS.entries()) {
      const made = SLOT_SIZES_MS[place - 1] ?? null;
      if (made !== null) end = Math.floor(((await summedTo(tx, made)) * made) / size);
      const from = await summedTo(tx, size);
      if (end <= from) continue;
      const next = await (made === null
        ? nextQuarters(tx, { from, end }, args)
        : nextSlots(tx, { from, end, size, made }, args));
      if (next) await sumSlots(tx, { size, ...next });
      await tx.run('UPDATE usage_summed SET slot = ? WHERE size = ?', next?.to ?? end, size);
      return { more: true };
    }
    return { more: false };
  },
  { scope: 'exclusive', isPlain: () => true },
);

interface Stale {
  size: Ms;
  slot: number;
}

/** The smaller ones come first, so that a larger one is summed of sums that are right. */
async function sumAgain(tx: Tx, { size, slot }: Stale): Promise<void> {
  await tx.run('DELETE FROM usage_slots WHERE size = ? AND slot = ?', size, slot);
  await sumSlots(tx, { size, from: slot, to: slot + 1 });
  await tx.run('DELETE FROM usage_stale WHERE size = ? AND slot = ?', size, slot);
}

/** Gives the first slot of a size that is not summed. */
export async function summedTo(tx: Tx, size: Ms): Promise<number> {
  return (await tx.get<{ slot: number }>('SELECT slot FROM usage_summed WHERE size = ?', size))?.slot ?? 0;
}

interface Slots {
  from: number;
  /** Exclusive. */
  to: number;
}

/** Gives the next quarters with creates, of about `rowsMax`; null if there are no creates before `end`. */
async function nextQuarters(
  tx: Tx,
  { from, end }: { from: number; end: number },
  { rowsMax }: SumSlotsArgs,
): Promise<Slots | null> {
  const between = 'FROM creates WHERE at >= ? AND at < ? ORDER BY at LIMIT 1';
  const span = [from * QUARTER_MS, end * QUARTER_MS];
  const first = await tx.get<{ at: Ms }>(`SELECT at ${between}`, ...span);
  if (!first) return null;
  const last = await tx.get<{ at: Ms }>(`SELECT at ${between} OFFSET ?`, ...span, rowsMax);
  const firstSlot = Math.floor(first.at / QUARTER_MS);
  return { from: firstSlot, to: last ? Math.max(firstSlot + 1, Math.floor(last.at / QUARTER_MS)) : end };
}

/** Gives the next slots of a larger size with creates; null if there are none before `end`. */
async function nextSlots(
  tx: Tx,
  { from, end, size, made }: { from: number; end: number; size: Ms; made: Ms },
  { rowsMax }: SumSlotsArgs,
): Promise<Slots | null> {
  const ratio = size / made;
  const first = await tx.get<{ slot: number }>(
    'SELECT slot FROM usage_slots WHERE size = ? AND slot >= ? AND slot < ? ORDER BY slot LIMIT 1',
    made,
    from * ratio,
    end * ratio,
  );
  if (!first) return null;
  const firstSlot = Math.floor(first.slot / ratio);
  const count = Math.max(1, Math.floor(rowsMax / CREATES_A_SLOT / ratio));
  return { from: firstSlot, to: Math.min(end, firstSlot + count) };
}

/** Sums slots of creates, or of the slots of the next smaller size. */
async function sumSlots(tx: Tx, { size, from, to }: Slots & { size: Ms }): Promise<void> {
  const made = SLOT_SIZES_MS[SLOT_SIZES_MS.findIndex((each) => each === size) - 1];
  const source =
    made === undefined
      ? {
          start: 'at',
          sums: SUMS,
          where: `creates WHERE ${COUNTED} AND at >= ? AND at < ?`,
          values: [from * size, to * size],
        }
      : {
          start: `slot * ${made}`,
          sums: SLOT_SUMS,
          where: 'usage_slots WHERE size = ? AND slot >= ? AND slot < ?',
          values: [made, (from * size) / made, (to * size) / made],
        };
  await tx.run(
    `INSERT INTO usage_slots (size, slot, app, operation, model, mode, tag, tasks, credits, held_credits, estimated_credits)
     SELECT ${size}, ${source.start} / ${size}, app, operation, model, mode, tag, ${source.sums}
     FROM ${source.where}
     GROUP BY ${source.start} / ${size}, app, operation, model, mode, tag`,
    ...source.values,
  );
}
