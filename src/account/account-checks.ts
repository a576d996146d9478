/** What `doctor` finds of the account: what Kling's reads said, and its packs. */
import { notOk, ok, type Check } from '../check.ts';
import { countText, dayText, durationText, sentence } from '../phrases.ts';
import type { Ms } from '../units.ts';
import type { AccountRead, Pack, Wallet } from './account.ts';
import { decimalText } from './row-credits.ts';

const DAY_MS = 86_400_000;
/** Ledgers are read every six hours and packs every hour: what is this old has been missed. */
const STALE_MS = 13 * 3_600_000;
const EXPIRY_MS = 14 * DAY_MS;

/** What is read of the account: the list of packs, and each ledger. */
type What = 'packs' | Wallet;
/** How far each list was read. */
export type Reads = Record<What, AccountRead>;

const NAMES: Readonly<Record<What, string>> = {
  packs: 'the list of packs',
  package: 'the ledger of units',
  balance: 'the ledger of money',
};

/** Checks that packs and ledgers were read lately; `isOn` is `account.poll`. */
export function checkReads(reads: Reads, at: { isOn: boolean; isRunning: boolean; now: Ms }): Check[] {
  const checks: Check[] = [];
  if (!at.isOn) {
    const finding = 'account.poll is off: packs and Kling’s ledgers are not read.';
    const advice = 'Set account.poll to true: the reads are free, and show spending that budgets do not see.';
    checks.push(notOk('note', 'account', finding, advice));
  }
  const all = ['packs', 'package', 'balance'] as const;
  const unread = all.filter((what) => reads[what].readAt === null && reads[what].problem === null);
  if (at.isOn && unread.length > 0) {
    const advice = 'A running sidecar reads the account within a minute of its start.';
    checks.push(notOk('note', 'account', `Kling has not been asked yet for ${namesOf(unread)}.`, advice));
  }
  for (const what of all) checks.push(...checkRead(what, reads[what], at));
  if (checks.length > 0) return checks;
  const oldest = Math.min(...Object.values(reads).map(({ readAt }) => readAt ?? 0));
  return [ok('account', `Packs and both ledgers were read, the oldest ${agoText(at.now - oldest)}.`)];
}

function checkRead(
  what: What,
  { readAt, problem }: AccountRead,
  { isOn, isRunning, now }: { isOn: boolean; isRunning: boolean; now: Ms },
): Check[] {
  const last = readAt === null ? 'never read' : `last read ${agoText(now - readAt)}`;
  if (problem !== null) {
    const finding = sentence(`Kling did not give ${NAMES[what]} (${last}): ${problem}`);
    const advice = 'It is tried again within the hour; see whether the key may read the account.';
    return [notOk('warn', 'account', finding, advice)];
  }
  if (!isOn || readAt === null || now - readAt < STALE_MS) return [];
  const finding = `What is known of ${NAMES[what]} is old: it was ${last}.`;
  if (isRunning) return [notOk('warn', 'account', finding, 'Look at the sidecar’s log.')];
  return [notOk('note', 'account', finding, 'Start the sidecar: it reads the account.')];
}

/** Names lists and ledgers in a sentence. */
export function namesOf(what: readonly What[]): string {
  return new Intl.ListFormat('en').format(what.map((one) => NAMES[one]));
}

function agoText(ageMs: Ms): string {
  return `${durationText(ageMs)} ago`;
}

/** Checks that packs have units left, and some days to use them. */
export function checkPacks(packs: readonly Pack[], read: Pick<AccountRead, 'readAt'>, now: Ms): Check[] {
  if (read.readAt === null) {
    const advice = 'See the lines on the account.';
    return [notOk('note', 'packs', 'They are not known: Kling’s list was never read.', advice)];
  }
  const valid = packs.filter(({ invalidAt }) => invalidAt > now);
  if (valid.length === 0) {
    const pays = 'creates are paid from the balance, or refused by Kling with code 1102';
    const finding =
      packs.length === 0 ? `The account has no pack: ${pays}.` : `No pack is valid any more: ${pays}.`;
    const advice = 'Buy a pack, or see that the balance is meant to pay.';
    return [notOk(packs.length === 0 ? 'note' : 'warn', 'packs', finding, advice)];
  }
  const bad = valid.flatMap((pack) => checkPack(pack, now));
  if (bad.length > 0) return bad;
  return [
    ok('packs', `${countText(valid.length, 'pack')} with units left: ${valid.map(packText).join(', ')}.`),
  ];
}

function checkPack(pack: Pack, now: Ms): Check[] {
  if (pack.status === 'runOut' || pack.remaining === 0) {
    return [
      notOk('warn', 'packs', `${pack.name} has run out.`, 'Buy another, or see what pays in its place.'),
    ];
  }
  const leftMs = pack.invalidAt - now;
  if (leftMs > EXPIRY_MS) return [];
  const finding = `${packText(pack)}, which expire in ${durationText(leftMs)} (${dayText(pack.invalidAt)}).`;
  return [notOk('warn', 'packs', finding, 'Use them before, or buy the next pack in time.')];
}

function packText({ name, remaining, total }: Pack): string {
  if (remaining === null) return `${name} with an unknown rest`;
  return `${name} with ${decimalText(remaining)}${total === null ? '' : ` of ${decimalText(total)}`} units`;
}
