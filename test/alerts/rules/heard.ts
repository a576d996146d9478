/** The facts that real operations left for the alerts, and what the rules find in them. */
import type { Findings } from '../../../src/alerts/alert.ts';
import { ALERT_RECEIVER, createFactReceiver } from '../../../src/alerts/fact-receiver.ts';
import type { AlertSettings } from '../../../src/alerts/settings.ts';
import { markDeliveries, waitingFacts } from '../../../src/outbox/outbox-table.ts';
import type { MemoryStore } from '../../ledger/memory-store.ts';
import { settingsOf } from '../making.ts';

/** Takes the facts that wait for the alerts; gives what the rules found in them, in order. */
export async function takeHeard(
  store: MemoryStore,
  settings: AlertSettings = settingsOf(),
): Promise<Pick<Findings, 'found' | 'over'>> {
  const all = { found: [] as Findings['found'][number][], over: [] as Findings['over'][number][] };
  const receiver = createFactReceiver({
    settings: () => settings,
    take: async ({ found, over }) => {
      all.found.push(...found);
      all.over.push(...over);
    },
  });
  const asked = { receiver: ALERT_RECEIVER, at: Number.MAX_SAFE_INTEGER, limit: 1_000 };
  const { due } = await store.run(waitingFacts, asked);
  for (const { fact, id } of due) await receiver.deliver(fact, id);
  const delivered = due.map(({ id }) => id);
  await store.run(markDeliveries, { receiver: ALERT_RECEIVER, at: 0, delivered, failed: [] });
  return all;
}
