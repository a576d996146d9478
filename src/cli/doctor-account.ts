/** What `doctor` finds of the account: what Kling's reads said, packs, and spending that is not ours. */
import type { AccountRead, Millionths, Pack, Wallet } from '../account/account.ts';
import { readAccount } from '../account/account-table.ts';
import type { Config } from '../config/config.ts';
import {
  spendingElsewhere,
  type ElsewhereSum,
  type SpendingElsewhere,
} from '../ledger/spending-elsewhere.ts';
import type { ReadOnlyStore } from '../store/sqlite/read-only-store.ts';
import type { Ms } from '../units.ts';
import { counted, dayText, durationText, ok, sentence, tell, type Check } from './doctor-check.ts';

const DAY_MS = 86_400_000;
/** Ledgers are read every six hours and packs every hour: what is this old has been missed. */
const STALE_MS = 13 * 3_600_000;
const EXPIRY_MS = 14 * DAY_MS;
const COMPARED_MS = 30 * DAY_MS;
const MILLION = 1_000_000;

type What = 'packs' | Wallet;
type Reads = Record<What, AccountRead>;

const NAMES: Readonly<Record<What, string>> = {
  packs: 'the list of packs',
  package: 'the ledger of units',
  balance: 'the ledger of money',
};

/** Checks the account as it was read from Kling. */
export async function checkAccount(
  store: Pick<ReadOnlyStore, 'read'>,
  { config, now, isRunning }: { config: Config; now: Ms; isRunning: boolean },
): Promise<Check[]> {
  const { packs, reads } = await store.read(readAccount, {});
  const elsewhere = await store.read(spendingElsewhere, { from: now - COMPARED_MS, at: now });
  return [
    ...checkReads(reads, { isOn: config.account.poll, isRunning, now }),
    ...checkPacks(packs, reads.packs, now),
    checkElsewhere(elsewhere, reads),
  ];
}

function checkReads(reads: Reads, at: { isOn: boolean; isRunning: boolean; now: Ms }): Check[] {
  const checks: Check[] = [];
  if (!at.isOn) {
    const finding = 'account.poll is off: packs and Kling’s ledgers are not read.';
    const advice = 'Set account.poll to true: the reads are free, and show spending that budgets do not see.';
    checks.push(tell('note', 'account', finding, advice));
  }
  const all = ['packs', 'package', 'balance'] as const;
  const unread = all.filter((what) => reads[what].readAt === null && reads[what].problem === null);
  if (at.isOn && unread.length > 0) {
    const advice = 'A running sidecar reads the account within a minute of its start.';
    checks.push(tell('note', 'account', `Kling has not been asked yet for ${namesOf(unread)}.`, advice));
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
    return [tell('warn', 'account', finding, advice)];
  }
  if (!isOn || readAt === null || now - readAt < STALE_MS) return [];
  const finding = `What is known of ${NAMES[what]} is old: it was ${last}.`;
  if (isRunning) return [tell('warn', 'account', finding, 'Look at the sidecar’s log.')];
  return [tell('note', 'account', finding, 'Start the sidecar: it reads the account.')];
}

function namesOf(what: readonly What[]): string {
  return new Intl.ListFormat('en').format(what.map((one) => NAMES[one]));
}

function agoText(ageMs: Ms): string {
  return `${durationText(ageMs)} ago`;
}

/** Checks that packs have units left, and some days to use them. */
export function checkPacks(packs: readonly Pack[], read: Pick<AccountRead, 'readAt'>, now: Ms): Check[] {
  if (read.readAt === null) {
    const advice = 'See the lines on the account.';
    return [tell('note', 'packs', 'They are not known: Kling’s list was never read.', advice)];
  }
  const valid = packs.filter(({ invalidAt }) => invalidAt > now);
  if (valid.length === 0) {
    const pays = 'creates are paid from the balance, or refused by Kling with code 1102';
    const finding =
      packs.length === 0 ? `The account has no pack: ${pays}.` : `No pack is valid any more: ${pays}.`;
    const advice = 'Buy a pack, or see that the balance is meant to pay.';
    return [tell(packs.length === 0 ? 'note' : 'warn', 'packs', finding, advice)];
  }
  const told = valid.flatMap((pack) => checkPack(pack, now));
  if (told.length > 0) return told;
  return [
    ok('packs', `${counted(valid.length, 'pack')} with units left: ${valid.map(packText).join(', ')}.`),
  ];
}

function checkPack(pack: Pack, now: Ms): Check[] {
  if (pack.status === 'runOut' || pack.remaining === 0) {
    return [
      tell('warn', 'packs', `${pack.name} has run out.`, 'Buy another, or see what pays in its place.'),
    ];
  }
  const leftMs = pack.invalidAt - now;
  if (leftMs > EXPIRY_MS) return [];
  const finding = `${packText(pack)}, which expire in ${durationText(leftMs)} (${dayText(pack.invalidAt)}).`;
  return [tell('warn', 'packs', finding, 'Use them before, or buy the next pack in time.')];
}

function packText({ name, remaining, total }: Pack): string {
  if (remaining === null) return `${name} with an unknown rest`;
  return `${name} with ${quantity(remaining)}${total === null ? '' : ` of ${quantity(total)}`} units`;
}

function checkElsewhere(found: SpendingElsewhere, reads: Reads): Check {
  const name = 'other spending';
  if (found.tasks > 0) return tellElsewhere(name, found);
  const unread = (['package', 'balance'] as const).filter((wallet) => reads[wallet].readAt === null);
  if (unread.length > 0) {
    const finding = `Whether others spend is not known: Kling has not given ${namesOf(unread)}.`;
    return tell('note', name, finding, 'See the lines on the account.');
  }
  const { since } = found;
  const until = Math.min(reads.package.readAt ?? 0, reads.balance.readAt ?? 0, found.until);
  if (since === null || until <= since) {
    const why = since === null ? 'no sidecar has run on this store' : 'the store is too young';
    const advice = 'Run doctor again when the sidecar has run for a day.';
    return tell('note', name, `Whether others spend is not known: ${why}.`, advice);
  }
  const span = `from ${new Date(since).toISOString()} to ${new Date(until).toISOString()}`;
  return ok(name, `Every charge ${span} is of a task that this store knows.`);
}

function tellElsewhere(
  name: string,
  { since, tasks, sums, lastAt, taskIds, keys }: SpendingElsewhere,
): Check {
  const span = `from ${dayText(since ?? 0)} to ${dayText(lastAt ?? 0)}`;
  return tell(
    'warn',
    name,
    `Kling charged ${sums.map(sumText).join(' and ')} for ${counted(tasks, 'task')} ${span} that this store does not know ` +
      `(such as ${taskIds.join(', ')}${keysText(keys)}). Another program or another sidecar spends from this account: budgets do not see it.`,
    'Find the program whose key made them and point it at this sidecar; until then lower the budgets by what it spends.',
  );
}

function keysText(keys: readonly string[]): string {
  return keys.length === 0 ? '' : `; made with ${keys.map((name) => `the key "${name}"`).join(', ')}`;
}

function sumText({ wallet, product, currency, amount }: ElsewhereSum): string {
  if (wallet === 'balance') return `${quantity(amount)} ${currency ?? 'of an unnamed currency'}`;
  return `${quantity(amount)} ${product === null ? '' : `${product} `}units`;
}

function quantity(millionths: Millionths): string {
  return String(millionths / MILLION);
}
