/**
 * Orders about availability and claims: to the running sidecar, or on the store itself while none runs.
 *
 * Such orders concern the past and no money of a create, so that somebody who only imports another gateway's log can
 * exclude, draft and mark without a sidecar. **Invariant**: the store is owned while it is changed; beside a running
 * sidecar the order goes through its control plane.
 */
import { SidecarError } from '../errors.ts';
import { checkMonth, monthOf } from '../sla/period.ts';
import type { Context } from './context.ts';
import { askDaemon, bodyOf, type Ask } from './control-client.ts';
import { isRunning, signed } from './source.ts';

/** Gives an order and its answer's body. @throws SidecarError as the control plane or the store says. */
export async function slaOrder(context: Context, question: Ask): Promise<unknown> {
  const ask = signed(context, question);
  if (await isRunning(context)) {
    const reply = await askDaemon(context, ask);
    if (!reply) throw new SidecarError('ledger_unavailable', 'The sidecar stopped while it was asked.');
    return bodyOf(reply);
  }
  const { openOwned } = await import('./offline.ts');
  const { config } = context.loaded();
  const owned = await openOwned(config, context.terminal.clock);
  try {
    return bodyOf(await owned.answer(ask));
  } finally {
    await owned.close();
  }
}

/** Gives the month named, else the present one in the agreement's zone. @throws SidecarError `bad_usage`. */
export function monthArgument(context: Context, month: string | undefined): string {
  const { timeZone } = context.loaded().config.sla;
  const now = context.terminal.clock.now();
  return month === undefined ? monthOf(now, timeZone) : checkMonth(month, { now, timeZone });
}
