/**
 * Instances: the running sidecars of one database, each with a generation that is raised at every start, and a lease.
 *
 * A row of a create names its instance and generation. A start takes over the open creates of its own instance's earlier
 * generations, and of instances whose lease has run out. It raises their generation: if such an instance was only paused, its next
 * create is refused, since its rows are in doubt by now. What it learns about its creates is still recorded.
 *
 * **Invariant**: no instance puts creates in doubt of another one that keeps its lease.
 */
import type { Owner } from '../budget/hold.ts';
import { storeName } from '../sla/store-name.ts';
import { defineWrite, type Tx } from '../store/operation.ts';
import type { Ms } from '../units.ts';

/** How long an instance keeps its creates without a renewal; it renews every {@link RENEW_MS}. */
export const LEASE_MS: Ms = 180_000;
export const RENEW_MS: Ms = 60_000;

export interface StartInstanceArgs {
  /** Null: the name of the store itself, whose one instance owns the file. */
  instance: string | null;
  at: Ms;
}

/** Begins the next generation of an instance. */
export const startInstance = defineWrite(
  'ledger.startInstance',
  async (tx: Tx, { instance, at }: StartInstanceArgs): Promise<Owner> => {
    const name = instance ?? (await storeName(tx));
    const row = await tx.get<{ generation: number }>(
      `INSERT INTO instances (id, generation, started_at, lease_until) VALUES (?, 1, ?, ?)
       ON CONFLICT (id) DO UPDATE SET generation = instances.generation + 1, started_at = excluded.started_at,
         lease_until = excluded.lease_until
       RETURNING generation`,
      name,
      at,
      at + LEASE_MS,
    );
    return { instance: name, generation: row?.generation ?? 1 };
  },
  { scope: 'own' },
);

/** Notes that a generation ended by a stop, with every caller answered. */
export const stopInstance = defineWrite(
  'ledger.stopInstance',
  async (tx: Tx, { owner }: { owner: Owner }): Promise<void> => {
    const { instance, generation } = owner;
    await tx.run('UPDATE instances SET stopped_generation = ? WHERE id = ?', generation, instance);
  },
  { scope: 'own' },
);

/** Renews an instance's lease; `isOwner` is false if another instance has taken over its creates. */
export const renewLease = defineWrite(
  'ledger.renewLease',
  async (tx: Tx, { owner, at }: { owner: Owner; at: Ms }): Promise<{ isOwner: boolean }> => {
    const renewed = await tx.run(
      'UPDATE instances SET lease_until = ? WHERE id = ? AND generation = ?',
      at + LEASE_MS,
      owner.instance,
      owner.generation,
    );
    return { isOwner: renewed > 0 };
  },
  { scope: 'own' },
);
