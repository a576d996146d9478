/** Checks of `doctor`: whether the ledger agrees, whether spending is frozen, and holds that nobody resolves. */
import { notOk, ok, type Check } from '../check.ts';
import { countText, durationText, sentence } from '../phrases.ts';
import type { Ms } from '../units.ts';
import type { Verification } from './verify.ts';

/** Checks that a verification found no problem. */
export function checkBooks({ ok: agrees, counters, holds, entries, problems }: Verification): Check {
  const what = `${countText(holds, 'hold')}, ${entries} entries and ${countText(counters, 'counter')}`;
  if (agrees) return ok('ledger', `${what} agree.`);
  const more = problems.length > 1 ? `, and ${problems.length - 1} more` : '';
  const advice = 'Freeze spending, see ledger verify, and restore the last backup that agrees.';
  return notOk('fail', 'ledger', `${what} do not agree: ${problems[0]}${more}.`, advice);
}

/** Checks that spending is not frozen; `since` is in ISO 8601. */
export function checkFreeze(freeze: { since: string; actor: string; reason: string } | null): Check {
  if (freeze === null) return ok('freeze', 'Spending is not frozen.');
  const finding = `Spending is frozen since ${freeze.since} by ${freeze.actor}: ${freeze.reason}`;
  return notOk('warn', 'freeze', sentence(finding), 'When its reason is gone: unfreeze --reason TEXT.');
}

/** Holds in doubt: their number, their sum in credits, and the begin of the oldest doubt, in ISO 8601. */
export interface DoubtsSeen {
  inDoubtHolds: number;
  inDoubtCredits: number;
  oldestDoubtSince: string | null;
}

/** Checks that no hold is in doubt. */
export function checkDoubts({ inDoubtHolds, inDoubtCredits, oldestDoubtSince }: DoubtsSeen, now: Ms): Check {
  if (inDoubtHolds === 0) return ok('doubts', 'No hold is in doubt.');
  const age =
    oldestDoubtSince === null ? '' : `, the oldest for ${durationText(now - Date.parse(oldestDoubtSince))}`;
  return notOk(
    'warn',
    'doubts',
    `${countText(inDoubtHolds, 'hold')} of ${inDoubtCredits} credits: nobody knows whether Kling took the create${age}.`,
    'They are looked up while a sidecar runs; holds list --in-doubt shows those that wait for holds release or write-off.',
  );
}

/** Warns of open holds of an upstream that is not in use. */
export function heldElsewhereCheck({
  upstream,
  holds,
  credits,
}: {
  upstream: string;
  holds: number;
  credits: number;
}): Check {
  return notOk(
    'warn',
    'upstream',
    `${countText(holds, 'open hold')} of ${credits} credits ${holds === 1 ? 'belongs' : 'belong'} to ${upstream}, which is not ` +
      'in use: nobody asks there for what became of them.',
    'Put that upstream or key back, or look into its console: then holds release or write-off. Where only the key of the ' +
      'same account changed, put the old one back, name the account in auth.account, reload, and change the key again.',
  );
}
