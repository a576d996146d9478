/** The state of each channel by its name: when it may be tried again, its last answer, and whether it is in the config. */
import { defineWrite, type Tx } from '../store/operation.ts';
import type { Ms } from '../units.ts';

/** Gives every channel of the config a row, and drops the deliveries that wait for removed ones. */
export async function applyChannels(tx: Tx, channels: readonly string[], at: Ms): Promise<void> {
  const known = await tx.all<{ name: string; removedAt: Ms | null }>(
    'SELECT name, removed_at AS "removedAt" FROM alert_channels ORDER BY name',
  );
  const removedAt = new Map(known.map((row) => [row.name, row.removedAt]));
  for (const name of channels) {
    if (removedAt.get(name) !== null) await addChannel(tx, name);
  }
  for (const row of known) {
    if (row.removedAt === null && !channels.includes(row.name)) await removeChannel(tx, row.name, at);
  }
}

async function addChannel(tx: Tx, name: string): Promise<void> {
  await tx.run(
    `INSERT INTO alert_channels (name) VALUES (?)
     ON CONFLICT (name) DO UPDATE SET removed_at = NULL, dropped = 0, tried_at = NULL, next_at = NULL`,
    name,
  );
}

async function removeChannel(tx: Tx, name: string, at: Ms): Promise<void> {
  const dropped = await tx.run(
    "UPDATE alert_deliveries SET state = 'dropped' WHERE channel = ? AND state = 'waiting'",
    name,
  );
  await tx.run(
    "UPDATE alert_messages SET state = 'dropped', ended_at = ? WHERE channel = ? AND state = 'open'",
    at,
    name,
  );
  await tx.run('UPDATE alert_channels SET removed_at = ?, dropped = ? WHERE name = ?', at, dropped, name);
}

/** Sets the channels of the store to those of the config: deliveries that wait for a removed channel are dropped. */
export const useChannels = defineWrite(
  'alerts.useChannels',
  (tx: Tx, args: { channels: readonly string[]; at: Ms }): Promise<void> =>
    applyChannels(tx, args.channels, args.at),
  { scope: 'exclusive' },
);

/** Records the result of a test message; `error` is null if the receiver took it. */
export const noteTest = defineWrite(
  'alerts.noteTest',
  async (tx: Tx, args: { channel: string; at: Ms; error: string | null }): Promise<void> => {
    await tx.run(
      `INSERT INTO alert_channels (name, tested_at, test_error) VALUES (?, ?, ?)
       ON CONFLICT (name) DO UPDATE SET tested_at = excluded.tested_at, test_error = excluded.test_error`,
      args.channel,
      args.at,
      args.error,
    );
  },
  { scope: 'own' },
);
