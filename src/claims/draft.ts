/**
 * Drafting: a closed month's claim as a folder of documents, `YYYY-MM/rN`, and its row.
 *
 * **Invariant**: a folder is written under a temporary name and then renamed, so that it is whole or absent; a draft
 * that was killed leaves a folder whose name begins with a dot, which the next draft removes. A folder that somebody
 * edited is set aside, never overwritten.
 */
import { mkdir, mkdtemp, open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { SidecarError } from '../errors.ts';
import type { Ledger } from '../outbox/ledger.ts';
import { closeMonth, readMonth, type StoredMonthQuestion } from '../sla/month-table.ts';
import { addMonths, dayOf, monthOf } from '../sla/period.ts';
import type { SlaMonth } from '../sla/month.ts';
import type { Store } from '../store/store.ts';
import type { Ms } from '../units.ts';
import type { ClaimSettings, NothingDue } from './claim-case.ts';
import type { Claim } from './claim.ts';
import { listClaims, readDraftRevision, readGranted, recordDraft, withdrawDrafts } from './claim-table.ts';
import { latestDay } from './deadlines.ts';
import { composeClaim } from './compose.ts';
import type { ClaimFile, Composed, ComposedClaim } from './documents.ts';
import { leftOutText, type LeftOutHost } from './left-out.ts';
import { formatMoney, smallestUnit } from './money.ts';

/** What a draft is made from. */
export interface DraftRequest {
  /** The month and zone, narrowed to the hosts that may enter a claim. */
  question: StoredMonthQuestion;
  settings: ClaimSettings;
  /** Where `YYYY-MM/rN` goes, absolute. */
  directory: string;
  /** Who wants it, and why: kept in the audit. */
  order: { actor: string; reason: string };
}

export interface DraftDeps {
  store: Pick<Store, 'read' | 'write'>;
  ledger: Pick<Ledger, 'run'>;
}

export type DraftResult = {
  /** Calls that were left out by their host. */
  leftOut: readonly LeftOutHost[];
} &
  /** Nothing may be claimed, so nothing was written; if the month had a draft, it was withdrawn. */
  (
    | { kind: 'nothing_due'; measured: SlaMonth; message: string }
    /** A voucher was granted already: no other claim is written. */
    | { kind: 'granted'; measured: SlaMonth; message: string; revision: number }
    | {
        kind: 'drafted';
        measured: SlaMonth;
        claim: Omit<ComposedClaim, 'files'>;
        revision: number;
        folder: string;
        /** False if this very draft existed. */
        isNew: boolean;
      }
  );

/** Running drafts by month's folder: a second draft waits, so that neither removes the other's folder as a leftover. */
const underWay = new Map<string, Promise<unknown>>();

/**
 * Drafts a month's claim, closing the month first.
 * @throws SidecarError `bad_usage` if the month is not over.
 */
export async function draftClaim(deps: DraftDeps, request: DraftRequest): Promise<DraftResult> {
  const key = join(request.directory, request.question.month);
  const before = underWay.get(key) ?? Promise.resolve();
  const draft = before.catch(() => undefined).then(() => draftAlone(deps, request));
  underWay.set(key, draft);
  try {
    return await draft;
  } finally {
    if (underWay.get(key) === draft) underWay.delete(key);
  }
}

async function draftAlone({ store, ledger }: DraftDeps, request: DraftRequest): Promise<DraftResult> {
  const { question, settings, directory } = request;
  const whole = await store.read(readMonth, { ...question, hosts: null });
  if (whole.live !== null) {
    throw new SidecarError(
      'bad_usage',
      `${question.month} is not over: it ends at ${whole.end ?? '-'}. A claim is drafted for months that are over.`,
    );
  }
  if (whole.recorded) await store.write(closeMonth, { measured: whole, at: question.now });
  const composed = await store.read(composeClaim, { question, settings });
  const { measured, claim, leftOut } = composed;
  const { month } = question;
  const granted = await store.read(readGranted, { month });
  if (granted) return alreadyGranted(granted, composed);
  if (!claim) {
    const message = explainNothing(measured, composed.nothingDue);
    const withdrawal = { month, note: message, actor: request.order.actor, at: question.now };
    await ledger.run(withdrawDrafts, withdrawal);
    const sentence = [message, leftOutText(leftOut)].filter((text) => text !== '').join(' ');
    return { kind: 'nothing_due', measured, message: sentence, leftOut };
  }
  const { files, ...drafted } = claim;
  const revision = await store.read(readDraftRevision, { month: question.month, manifest: drafted.manifest });
  const monthFolder = join(directory, question.month);
  const folder = join(monthFolder, `r${revision}`);
  await writeFolder(monthFolder, `r${revision}`, files);
  const { manifest, reading, percent, asked, currency, earliest, latest } = drafted;
  const row = { manifest, reading, percent, asked, currency, earliest, latest };
  const { isNew } = await ledger.run(recordDraft, {
    claim: { month: question.month, revision, folder, ...row, draftedAt: question.now },
    order: request.order,
  });
  return { kind: 'drafted', measured, leftOut, claim: drafted, revision, folder, isNew };
}

/** Says that a voucher was granted, and whether the month says the same today. */
function alreadyGranted(granted: Claim, { measured, leftOut, claim }: Composed): DraftResult {
  const { month, revision, currency, voucherCode } = granted;
  const amount =
    granted.granted === null ? '' : ` of ${formatMoney(granted.granted, currency ?? '')}`.trimEnd();
  const code = voucherCode === null ? '' : ` (code ${voucherCode})`;
  const isSame = claim?.manifest === granted.manifest;
  const numbers = isSame
    ? 'Its documents are the same today.'
    : `Today the month would be worth ${claim ? `${claim.percent} % of the fee` : 'nothing'}, by ${claim ? 'other documents' : 'its numbers'}.`;
  const message = `A voucher${amount}${code} was granted for ${month}, by revision ${revision}: no other claim is drafted. ${numbers}`;
  return { kind: 'granted', measured, message, leftOut, revision };
}

/** Says with the numbers why nothing may be claimed. */
export function explainNothing(measured: SlaMonth, why: NothingDue): string {
  return why.kind === 'kept' ? explainKept(measured) : explainFee(measured, why);
}

/** The commitment was broken, and the fee leaves nothing to ask for. */
function explainFee(measured: SlaMonth, { kind, fee, line }: Exclude<NothingDue, { kind: 'kept' }>): string {
  const money = (micros: number): string => formatMoney(micros, fee.currency);
  const why = {
    no_fee: `the fee of the month was ${money(fee.amount)}`,
    paid_by_vouchers: `vouchers paid all of the month's fee of ${money(fee.amount)}, and a voucher is capped by what they did not pay`,
    below_smallest_unit: `of a fee of ${money(fee.amount)}, of which vouchers paid ${money(fee.paidByVoucher)}, that is less than ${money(smallestUnit(fee.currency))}`,
  };
  return (
    `Nothing is due for ${measured.month}: availability was ${line.availability} %, below the committed ` +
    `${measured.commitment} %, which is worth ${line.percent} % of the monthly service fee; but ${why[kind]}.`
  );
}

function explainKept(measured: SlaMonth): string {
  const { received, contract } = measured.readings;
  if (received.availability === null || contract.availability === null) {
    const why =
      measured.days === 0 ? 'no term covers it, so it has no service period' : 'nothing was recorded';
    return `Nothing is due for ${measured.month}: ${why}.`;
  }
  return (
    `Nothing is due for ${measured.month}: availability was ${received.availability} % (answers only) and ` +
    `${contract.availability} % (with requests that never arrived), not below the committed ${measured.commitment} %. ` +
    `Sum of error rates ${contract.sumErrorRates}, divided by ${measured.windows.divisor}; ` +
    `of ${measured.windows.total} windows ${measured.windows.withTraffic} with traffic, ${measured.windows.withErrors} with errors, ` +
    `${measured.windows.notObserved} in which no sidecar ran.`
  );
}

/** How many months back to look; months that can no longer be filed are left out by their dates. */
const CATCH_UP_MONTHS = 3;

/** Lists the months that are over by the grace time, may still be filed, and have no claim yet; oldest first. */
export async function monthsToDraft(
  store: Pick<Store, 'read'>,
  at: { now: Ms; timeZone: string; closeAfterMs: Ms },
): Promise<string[]> {
  const claims = await store.read(listClaims, { month: null });
  const drafted = new Set(claims.map((claim) => claim.month));
  const present = monthOf(at.now - at.closeAfterMs, at.timeZone);
  const today = dayOf(at.now, at.timeZone);
  return Array.from({ length: CATCH_UP_MONTHS }, (_, index) =>
    addMonths(present, index - CATCH_UP_MONTHS),
  ).filter((month) => !drafted.has(month) && today <= latestDay(month));
}

async function writeFolder(parent: string, name: string, files: readonly ClaimFile[]): Promise<void> {
  await mkdir(parent, { recursive: true, mode: 0o700 });
  await removeLeftovers(parent);
  const folder = join(parent, name);
  const present = await compareFolder(folder, files);
  if (present === 'same') return;
  const temporary = await mkdtemp(join(parent, `.${name}-`));
  for (const file of files) await writeDurably(join(temporary, file.name), file.text);
  if (present === 'different') await rename(folder, await freeName(parent, `${name}.edited`));
  await rename(temporary, folder);
  await syncFolder(parent);
}

async function removeLeftovers(parent: string): Promise<void> {
  for (const entry of await readdir(parent)) {
    if (/^\.r\d+-/.test(entry)) await rm(join(parent, entry), { recursive: true });
  }
}

async function compareFolder(
  folder: string,
  files: readonly ClaimFile[],
): Promise<'absent' | 'same' | 'different'> {
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw error;
  });
  if (names === null) return 'absent';
  for (const { name, text } of files) {
    if (!names.includes(name)) return 'different';
    if ((await readFile(join(folder, name), 'utf8')) !== text) return 'different';
  }
  return 'same';
}

async function freeName(parent: string, wanted: string): Promise<string> {
  const taken = new Set(await readdir(parent));
  let name = wanted;
  for (let number = 2; taken.has(name); number += 1) name = `${wanted}-${number}`;
  return join(parent, name);
}

async function writeDurably(path: string, text: string): Promise<void> {
  const file = await open(path, 'wx', 0o600);
  try {
    await file.writeFile(text, 'utf8');
    await file.sync();
  } finally {
    await file.close();
  }
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
