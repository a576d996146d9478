/** Whether Kling's ledgers are read, as the store must know it: a task without a deduction waits for them, or has our price. */
import type { AppParts } from './parts.ts';
import { settleByLedgers } from '../asking/settle-by-ledgers.ts';
import type { Config } from '../config/config.ts';
import { noteLedgersAreRead } from '../ledger/deduction-wait.ts';

/** Notes it at a start and at a reload. Once they are not read, what waited for them is settled with our price. */
export async function noteLedgers(
  { store, ledger, upstream, dated }: Pick<AppParts, 'store' | 'ledger' | 'upstream' | 'dated'>,
  { jobs, price }: Config,
): Promise<void> {
  const areRead = jobs.crons.ledgers !== null;
  await store.write(noteLedgersAreRead, { areRead });
  if (areRead) return;
  const { host, account, fingerprint } = upstream.line;
  await settleByLedgers(ledger, { at: dated.now(), price, upstream: { host, account, fingerprint } });
}
