/** Orders to the process as a whole, reload and stop: who gave them goes into the audit. */
import type { Clock } from '../clock.ts';
import type { AppHost } from '../control/commands.ts';
import type { Order } from '../control/order.ts';
import { SidecarError } from '../errors.ts';
import { recordOrder } from '../ledger/audit.ts';
import type { Store } from '../store/store.ts';
import type { Ms } from '../units.ts';

/** Records that config and secrets were read again and taken. */
export async function noteReload(
  store: Pick<Store, 'write'>,
  order: Order,
  { changed, at }: { changed: readonly string[]; at: Ms },
): Promise<void> {
  const after = changed.length === 0 ? 'nothing changed' : `changed: ${changed.join(', ')}`;
  await store.write(recordOrder, { at, ...order, action: 'reload', subject: 'config', before: null, after });
}

/** Records the order, then begins to stop; the caller is answered while requests in flight are finished. */
export async function stopOnOrder(
  { store, clock, host }: { store: Pick<Store, 'write'>; clock: Clock; host: AppHost | null },
  order: Order,
): Promise<void> {
  const process = hostOf(host);
  const row = { at: clock.now(), ...order, action: 'stop', subject: 'sidecar', before: null, after: null };
  await store.write(recordOrder, row);
  process.stop(`ordered by ${order.actor}`);
}

/** Gives the process around the app. @throws SidecarError `bad_usage` if the app is a part of another program. */
export function hostOf(host: AppHost | null): AppHost {
  if (host) return host;
  throw new SidecarError(
    'bad_usage',
    'This sidecar is a part of another program, such as the demo: end that one.',
  );
}
