/** Checks of `doctor`: spending from the account that this store does not know. */
import { namesOf, type Reads } from '../account/account-checks.ts';
import { decimalText } from '../account/row-credits.ts';
import { notOk, ok, type Check } from '../check.ts';
import { countText, dayText } from '../phrases.ts';
import type { Ms } from '../units.ts';
import type { ElsewhereSum, SpendingElsewhere } from './spending-elsewhere.ts';

/** How far back deductions are compared. */
export const COMPARED_MS: Ms = 30 * 86_400_000;

/** Checks that Kling charged no task that this store does not know; `reads` is the state of the known ledgers. */
export function checkOtherSpending(found: SpendingElsewhere, reads: Reads): Check {
  const name = 'other spending';
  if (found.tasks > 0) return unknownCharges(name, found);
  const unread = (['package', 'balance'] as const).filter((wallet) => reads[wallet].readAt === null);
  if (unread.length > 0) {
    const finding = `Whether others spend is not known: Kling has not given ${namesOf(unread)}.`;
    return notOk('note', name, finding, 'See the lines on the account.');
  }
  const { since } = found;
  const until = Math.min(reads.package.readAt ?? 0, reads.balance.readAt ?? 0, found.until);
  if (since === null || until <= since) {
    const why = since === null ? 'no sidecar has run on this store' : 'the store is too young';
    const advice = 'Run doctor again when the sidecar has run for a day.';
    return notOk('note', name, `Whether others spend is not known: ${why}.`, advice);
  }
  const span = `from ${new Date(since).toISOString()} to ${new Date(until).toISOString()}`;
  return ok(name, `Every charge ${span} is of a task that this store knows.`);
}

function unknownCharges(
  name: string,
  { since, tasks, sums, lastAt, taskIds, keys }: SpendingElsewhere,
): Check {
  const span = `from ${dayText(since ?? 0)} to ${dayText(lastAt ?? 0)}`;
  return notOk(
    'warn',
    name,
    `Kling charged ${sums.map(sumText).join(' and ')} for ${countText(tasks, 'task')} ${span} that this store does not know ` +
      `(such as ${taskIds.join(', ')}${keysText(keys)}). Another program or another sidecar spends from this account: budgets do not see it.`,
    'Find the program whose key made them and point it at this sidecar; until then lower the budgets by what it spends.',
  );
}

function keysText(keys: readonly string[]): string {
  return keys.length === 0 ? '' : `; made with ${keys.map((name) => `the key "${name}"`).join(', ')}`;
}

function sumText({ wallet, product, currency, amount }: ElsewhereSum): string {
  if (wallet === 'balance') return `${decimalText(amount)} ${currency ?? 'of an unnamed currency'}`;
  return `${decimalText(amount)} ${product === null ? '' : `${product} `}units`;
}
