/**
 * The outbox as rows: facts that somebody must hear, from the transaction that made them true until every receiver
 * heard them.
 *
 * **Invariant**: a fact and the change that it reports are committed together or not at all. A delivery is marked after
 * the receiver took the fact, so a crash in between repeats it and never loses it.
 */
import type { Fact } from '../facts.ts';
import { defineRead, defineWrite, type FactWrite, type Tx, type WriteOptions } from '../store/operation.ts';
import type { Ms } from '../units.ts';
import { factsOf } from './ledger.ts';
import { dedupeKeyOf, isHeard, type HeardFact } from './heard-facts.ts';

/**
 * Defines a write whose result carries facts: those that somebody must hear are kept in the outbox by the same
 * transaction. Every operation that gives facts is defined by it, and run by `Ledger.run` alone, which publishes them.
 */
export function defineFactWrite<A, R extends object>(
  name: string,
  run: (tx: Tx, args: A) => Promise<R>,
  { usual, toPublish, ...options }: WriteOptions<A, R> & Pick<FactWrite<A, R>, 'toPublish'>,
): FactWrite<A, R> {
  const runAndKeep = async (tx: Tx, args: A): Promise<R> => {
    const result = await run(tx, args);
    await keepFacts(tx, factsOf(result));
    return result;
  };
  const atOnce: WriteOptions<A, R>['usual'] = usual && ((tx, args) => withoutHeard(name, usual(tx, args)));
  return {
    ...defineWrite(name, runAndKeep, { ...options, ...(atOnce && { usual: atOnce }) }),
    givesFacts: true,
    ...(toPublish && { toPublish }),
  };
}

/** The usual case of an operation is one of which nobody must hear. */
function withoutHeard<R extends object>(name: string, result: R | undefined): R | undefined {
  if (result && factsOf(result).some(isHeard))
    throw new Error(`the usual case of ${name} gave a fact that somebody must hear`);
  return result;
}

/** Keeps the facts that somebody must hear, except those whose key is known. */
export async function keepFacts(tx: Tx, facts: readonly Fact[]): Promise<void> {
  for (const fact of facts) if (isHeard(fact)) await keep(tx, fact);
}

async function keep(tx: Tx, fact: HeardFact): Promise<void> {
  const key = dedupeKeyOf(fact);
  if (key !== null && !(await takeKey(tx, key, fact.at))) return;
  const row = await tx.get<{ id: number }>(
    'INSERT INTO outbox (dedupe_key, kind, fact, created_at) VALUES (?, ?, ?, ?) RETURNING id',
    key,
    fact.kind,
    JSON.stringify(fact),
    fact.at,
  );
  await tx.run(
    `INSERT INTO outbox_deliveries (outbox_id, receiver, state, next_at)
     SELECT ?, name, 'waiting', ? FROM outbox_receivers`,
    row?.id ?? null,
    fact.at,
  );
}

/** Remembers a key for ever; false if it was known. */
export async function takeKey(tx: Tx, key: string, at: Ms): Promise<boolean> {
  const sql = 'INSERT INTO outbox_keys (key, at) VALUES (?, ?) ON CONFLICT (key) DO NOTHING';
  return (await tx.run(sql, key, at)) > 0;
}

/** Returns whether a key is known. */
export async function isKeyTaken(tx: Tx, key: string): Promise<boolean> {
  return (await tx.get('SELECT 1 AS known FROM outbox_keys WHERE key = ?', key)) !== undefined;
}

export interface WaitingFact {
  /** Grows with time; the same id twice means the same fact twice. */
  id: number;
  fact: HeardFact;
  /** Deliveries that failed so far. */
  attempts: number;
}

export interface Waiting {
  /** Due now, oldest first. */
  due: WaitingFact[];
  /** When the next refused fact is due; null if there is none. */
  nextAt: Ms | null;
}

/** Gives a receiver's facts that are due at an instant, and when the next is. */
export const waitingFacts = defineRead(
  'outbox.waiting',
  async (tx: Tx, args: { receiver: string; at: Ms; limit: number }): Promise<Waiting> => {
    const rows = await tx.all<{ id: number; fact: string; attempts: number }>(
      `SELECT o.id, o.fact, d.attempts FROM outbox_deliveries d JOIN outbox o ON o.id = d.outbox_id
       WHERE d.receiver = ? AND d.state = 'waiting' AND (d.attempts = 0 OR d.next_at <= ?)
       ORDER BY d.outbox_id LIMIT ?`,
      args.receiver,
      args.at,
      args.limit,
    );
    const next = await tx.get<{ next_at: Ms | null }>(
      `SELECT MIN(next_at) AS next_at FROM outbox_deliveries
       WHERE receiver = ? AND state = 'waiting' AND attempts > 0 AND next_at > ?`,
      args.receiver,
      args.at,
    );
    const due = rows.map(({ id, fact, attempts }) => ({ id, fact: JSON.parse(fact) as HeardFact, attempts }));
    return { due, nextAt: next?.next_at ?? null };
  },
);

/** The number of facts that a receiver has not taken, and since when the oldest waits. */
export interface OutboxBacklog {
  receiver: string;
  waiting: number;
  oldestAt: Ms | null;
}

/** Gives the backlog of every receiver, in the order of their names. */
export const outboxBacklog = defineRead('outbox.backlog', (tx: Tx): Promise<OutboxBacklog[]> =>
  tx.all<OutboxBacklog>(
    `SELECT r.name AS receiver, COUNT(d.outbox_id) AS waiting, MIN(o.created_at) AS "oldestAt"
     FROM outbox_receivers r
     LEFT JOIN outbox_deliveries d ON d.receiver = r.name AND d.state = 'waiting'
     LEFT JOIN outbox o ON o.id = d.outbox_id
     GROUP BY r.name ORDER BY r.name`,
  ),
);

export interface MarkDeliveriesArgs {
  receiver: string;
  at: Ms;
  delivered: number[];
  /** Not taken by the receiver: due again at `nextAt`. */
  failed: { id: number; nextAt: Ms }[];
}

/** Marks the facts that a receiver took, and sets the time of the next try for the others. */
export const markDeliveries = defineWrite(
  'outbox.markDeliveries',
  async (tx: Tx, args: MarkDeliveriesArgs): Promise<void> => {
    for (const id of args.delivered) {
      await tx.run(
        `UPDATE outbox_deliveries SET state = 'delivered', attempts = attempts + 1, delivered_at = ?
         WHERE outbox_id = ? AND receiver = ? AND state = 'waiting'`,
        args.at,
        id,
        args.receiver,
      );
    }
    for (const { id, nextAt } of args.failed) {
      await tx.run(
        `UPDATE outbox_deliveries SET attempts = attempts + 1, next_at = ?
         WHERE outbox_id = ? AND receiver = ? AND state = 'waiting'`,
        nextAt,
        id,
        args.receiver,
      );
    }
  },
  { scope: 'own' },
);

/** Facts dropped in one transaction, so that no create waits long for it. */
const DROPPED_ROWS_MAX = 1000;

/** Drops facts that are older than an instant and that every receiver took; their keys stay. */
export const dropDelivered = defineWrite(
  'outbox.dropDelivered',
  async (tx: Tx, args: { before: Ms }): Promise<{ dropped: number; more: boolean }> => {
    const dropped = await tx.run(
      `DELETE FROM outbox WHERE id IN (SELECT id FROM outbox WHERE created_at < ? AND NOT EXISTS (
         SELECT 1 FROM outbox_deliveries d WHERE d.outbox_id = outbox.id AND d.state = 'waiting') LIMIT ?)`,
      args.before,
      DROPPED_ROWS_MAX,
    );
    return { dropped, more: dropped === DROPPED_ROWS_MAX };
  },
  { scope: 'exclusive' },
);
