/**
 * Claims as rows. Every mark and every end of a draft leaves an audit row; no revision is deleted, and only its
 * state, its note and its details change.
 */
import { recordAudit } from '../budget/audit-table.ts';
import { SidecarError } from '../errors.ts';
import type { Fact } from '../facts.ts';
import { defineFactWrite } from '../outbox/outbox-table.ts';
import { defineRead, defineWrite, type Tx } from '../store/operation.ts';
import type { Ms } from '../units.ts';
import { checkStep, type Claim, type ClaimDetails, type MarkedState } from './claim.ts';
import { formatMoney, smallestUnit } from './money.ts';

const COLUMNS =
  'month, revision, state, note, folder, manifest, reading, percent, asked, currency, earliest, latest, ' +
  'drafted_at AS "draftedAt", updated_at AS "updatedAt", ticket, voucher_code AS "voucherCode", granted, ' +
  'voucher_expires AS "voucherExpires"';

/** Lists claims, newest month first, or those of one month. */
export const listClaims = defineRead(
  'claims.list',
  (tx, args: { month: string | null }): Promise<Claim[]> => {
    const where = args.month === null ? '' : 'WHERE month = ? ';
    const values = args.month === null ? [] : [args.month];
    return tx.all<Claim>(
      `SELECT ${COLUMNS} FROM claims ${where}ORDER BY month DESC, revision DESC`,
      ...values,
    );
  },
);

/** Gives the revision of a draft with this manifest: the last revision if its manifest is equal, else the next number. */
export const readDraftRevision = defineRead(
  'claims.readDraftRevision',
  async (tx, args: { month: string; manifest: string }): Promise<number> => {
    const last = await lastClaim(tx, args.month);
    if (!last) return 1;
    return last.manifest === args.manifest ? last.revision : last.revision + 1;
  },
);

/** Gives the revision of a month for which a voucher was granted. */
export const readGranted = defineRead(
  'claims.readGranted',
  async (tx, args: { month: string }): Promise<Claim | null> =>
    (await tx.get<Claim>(
      `SELECT ${COLUMNS} FROM claims WHERE month = ? AND state = 'granted' ORDER BY revision DESC LIMIT 1`,
      args.month,
    )) ?? null,
);

/** Who wants it, and why: for the audit. */
interface Order {
  actor: string;
  reason: string;
}

/** The fields that a draft is recorded with; the recording sets its state and details. */
export type NewClaim = Omit<Claim, keyof ClaimDetails | 'state' | 'note' | 'updatedAt'>;

/**
 * Records a draft whose documents are on disk, and supersedes the month's other drafts. A draft that is recorded already
 * changes nothing; a withdrawn one becomes a draft again.
 */
export const recordDraft = defineFactWrite(
  'claims.recordDraft',
  async (tx: Tx, args: { claim: NewClaim; order: Order }): Promise<{ isNew: boolean; facts: Fact[] }> => {
    const { claim, order } = args;
    const inserted = await tx.run(
      'INSERT INTO claims (month, revision, state, folder, manifest, reading, percent, asked, currency, earliest, ' +
        'latest, drafted_at, updated_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ' +
        'ON CONFLICT (month, revision) DO NOTHING',
      claim.month,
      claim.revision,
      'draft',
      claim.folder,
      claim.manifest,
      claim.reading,
      claim.percent,
      claim.asked,
      claim.currency,
      claim.earliest,
      claim.latest,
      claim.draftedAt,
      claim.draftedAt,
    );
    const { month, revision, percent, folder, draftedAt: at } = claim;
    const isReopened = inserted === 0 && (await reopen(tx, { month, revision, at }));
    if (inserted === 0 && !isReopened) return { isNew: false, facts: [] };
    await recordAudit(tx, {
      at,
      actor: order.actor,
      action: 'claim.draft',
      subject: `${month}/r${revision}`,
      before: isReopened ? 'withdrawn' : null,
      after: `draft, ${percent} % by ${claim.reading}`,
      reason: order.reason,
    });
    const newer = { actor: order.actor, note: `revision ${revision} replaced it` };
    await endDrafts(tx, { month, except: revision, state: 'superseded', at, ...newer });
    const fact = { kind: 'claim_drafted', month, revision, percent, folder, at } as const;
    return { isNew: true, facts: [isReopened ? { ...fact, isReopened } : fact] };
  },
  { scope: 'exclusive' },
);

async function reopen(tx: Tx, draft: { month: string; revision: number; at: Ms }): Promise<boolean> {
  const changed = await tx.run(
    "UPDATE claims SET state = 'draft', note = NULL, updated_at = ? WHERE month = ? AND revision = ? AND state = 'withdrawn'",
    draft.at,
    draft.month,
    draft.revision,
  );
  return changed > 0;
}

/** Ends the drafts of a month that no longer hold; gives their revisions. */
async function endDrafts(
  tx: Tx,
  end: {
    month: string;
    /** A revision that stays unchanged; null ends all. */
    except: number | null;
    state: 'superseded' | 'withdrawn';
    note: string;
    actor: string;
    at: Ms;
  },
): Promise<number[]> {
  const { month, except, state, note, actor, at } = end;
  const drafts = await tx.all<{ revision: number }>(
    "SELECT revision FROM claims WHERE month = ? AND state = 'draft' AND revision <> ? ORDER BY revision",
    month,
    except ?? 0,
  );
  for (const { revision } of drafts) {
    await tx.run(
      'UPDATE claims SET state = ?, note = ?, updated_at = ? WHERE month = ? AND revision = ?',
      state,
      note,
      at,
      month,
      revision,
    );
    await recordAudit(tx, {
      at,
      actor,
      action: `claim.${state}`,
      subject: `${month}/r${revision}`,
      before: 'draft',
      after: state,
      reason: note,
    });
  }
  return drafts.map(({ revision }) => revision);
}

/** Withdraws a month's draft because nothing is due any more; gives the revisions that were drafts. */
export const withdrawDrafts = defineFactWrite(
  'claims.withdrawDrafts',
  async (
    tx: Tx,
    args: { month: string; note: string; actor: string; at: Ms },
  ): Promise<{ revisions: number[]; facts: Fact[] }> => {
    const { month, note: why, at } = args;
    const revisions = await endDrafts(tx, { ...args, except: null, state: 'withdrawn' });
    const facts = revisions.map((revision): Fact => ({ kind: 'claim_withdrawn', month, revision, why, at }));
    return { revisions, facts };
  },
  { scope: 'exclusive' },
);

export interface MarkArgs {
  month: string;
  /** Null marks the month's last revision. */
  revision: number | null;
  state: MarkedState;
  /** Fields that are null stay unchanged. */
  details: ClaimDetails;
  actor: string;
  reason: string;
  at: Ms;
}

/**
 * Moves a claim to its next state, or adds details to it.
 * @throws SidecarError `not_found` if there is no such claim, `bad_usage` if the step is not allowed.
 */
export const markClaim = defineWrite(
  'claims.mark',
  async (tx, args: MarkArgs): Promise<Claim> => {
    const before = await findClaim(tx, args);
    checkStep(before.state, args.state);
    checkGranted(before, args.details);
    const { ticket, voucherCode, granted, voucherExpires } = args.details;
    await tx.run(
      'UPDATE claims SET state = ?, note = NULL, updated_at = ?, ticket = COALESCE(?, ticket), ' +
        'voucher_code = COALESCE(?, voucher_code), granted = COALESCE(?, granted), ' +
        'voucher_expires = COALESCE(?, voucher_expires) WHERE month = ? AND revision = ?',
      args.state,
      args.at,
      ticket,
      voucherCode,
      granted,
      voucherExpires,
      before.month,
      before.revision,
    );
    const after = await findClaim(tx, { month: before.month, revision: before.revision });
    await recordAudit(tx, {
      at: args.at,
      actor: args.actor,
      action: 'claim.mark',
      subject: `${before.month}/r${before.revision}`,
      before: shown(before),
      after: shown(after),
      reason: args.reason,
    });
    if (args.state === 'granted') {
      const end = {
        except: null,
        state: 'superseded',
        note: `revision ${before.revision} was granted`,
      } as const;
      await endDrafts(tx, { month: before.month, ...end, actor: args.actor, at: args.at });
    }
    return after;
  },
  { scope: 'exclusive' },
);

/** Refuses a granted amount that the claim's currency cannot pay. */
function checkGranted({ currency }: Claim, { granted }: ClaimDetails): void {
  if (currency === null || granted === null || granted % smallestUnit(currency) === 0) return;
  throw new SidecarError(
    'bad_usage',
    `the amount granted is finer than ${formatMoney(smallestUnit(currency), currency)}, the smallest amount of ${currency}.`,
  );
}

async function findClaim(tx: Tx, args: { month: string; revision: number | null }): Promise<Claim> {
  const found =
    args.revision === null
      ? await lastClaim(tx, args.month)
      : await tx.get<Claim>(
          `SELECT ${COLUMNS} FROM claims WHERE month = ? AND revision = ?`,
          args.month,
          args.revision,
        );
  if (found) return found;
  const which = args.revision === null ? '' : ` revision ${args.revision}`;
  throw new SidecarError(
    'not_found',
    `there is no claim for ${args.month}${which}; 'claim list' shows the existing claims, 'claim draft' makes one.`,
  );
}

function lastClaim(tx: Tx, month: string): Promise<Claim | undefined> {
  return tx.get<Claim>(`SELECT ${COLUMNS} FROM claims WHERE month = ? ORDER BY revision DESC LIMIT 1`, month);
}

function shown(claim: Claim): string {
  const { state, ticket, voucherCode, granted, voucherExpires } = claim;
  return JSON.stringify({ state, ticket, voucherCode, granted, voucherExpires });
}
