/** Claims as rows. Every mark leaves an audit row; no revision is deleted or changed but for its state and details. */
import { recordAudit } from '../budget/audit-table.ts';
import { SidecarError } from '../errors.ts';
import type { Fact } from '../facts.ts';
import { defineFactWrite } from '../outbox/outbox-table.ts';
import { defineRead, defineWrite, type Migration, type Tx } from '../store/operation.ts';
import type { Ms } from '../units.ts';
import { checkStep, type Claim, type ClaimDetails, type ClaimState } from './claim.ts';

export const claimMigrations: readonly Migration[] = [
  {
    id: '060-claims',
    sqlite: `
CREATE TABLE claims (
  month TEXT NOT NULL,
  revision INTEGER NOT NULL CHECK (revision >= 1),
  state TEXT NOT NULL CHECK (state IN ('draft', 'filed', 'acknowledged', 'granted', 'rejected', 'expired')),
  folder TEXT NOT NULL,
  manifest TEXT NOT NULL,
  reading TEXT NOT NULL CHECK (reading IN ('received', 'contract')),
  percent INTEGER NOT NULL CHECK (percent > 0),
  asked INTEGER,
  currency TEXT,
  earliest TEXT NOT NULL,
  latest TEXT NOT NULL,
  drafted_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  ticket TEXT,
  voucher_code TEXT,
  granted INTEGER,
  voucher_expires TEXT,
  PRIMARY KEY (month, revision)
) STRICT, WITHOUT ROWID;
`,
  },
];

const COLUMNS =
  'month, revision, state, folder, manifest, reading, percent, asked, currency, earliest, latest, ' +
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

/** Gives the revision that a draft with this manifest has or would get: the last one's own when it is the same. */
export const readDraftRevision = defineRead(
  'claims.readDraftRevision',
  async (tx, args: { month: string; manifest: string }): Promise<number> => {
    const last = await lastClaim(tx, args.month);
    if (!last) return 1;
    return last.manifest === args.manifest ? last.revision : last.revision + 1;
  },
);

/** Who wants it, and why: for the audit. */
interface Order {
  actor: string;
  reason: string;
}

/** What a draft is recorded with; its state and details follow from its being new. */
export type NewClaim = Omit<Claim, keyof ClaimDetails | 'state' | 'updatedAt'>;

/** Records a draft whose documents are on disk; one that is recorded already changes nothing. */
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
    if (inserted === 0) return { isNew: false, facts: [] };
    await recordAudit(tx, {
      at: claim.draftedAt,
      actor: order.actor,
      action: 'claim.draft',
      subject: `${claim.month}/r${claim.revision}`,
      before: null,
      after: `draft, ${claim.percent} % by ${claim.reading}`,
      reason: order.reason,
    });
    const { month, revision, percent, folder, draftedAt: at } = claim;
    return { isNew: true, facts: [{ kind: 'claim_drafted', month, revision, percent, folder, at }] };
  },
);

export interface MarkArgs {
  month: string;
  /** Null marks the month's last revision. */
  revision: number | null;
  state: ClaimState;
  /** What is null stays as it is. */
  details: ClaimDetails;
  actor: string;
  reason: string;
  at: Ms;
}

/**
 * Takes a claim a step on, or adds details to it.
 * @throws SidecarError `not_found` where there is no such claim, `bad_usage` where the step is not allowed.
 */
export const markClaim = defineWrite('claims.mark', async (tx, args: MarkArgs): Promise<Claim> => {
  const before = await findClaim(tx, args);
  checkStep(before.state, args.state);
  const { ticket, voucherCode, granted, voucherExpires } = args.details;
  await tx.run(
    'UPDATE claims SET state = ?, updated_at = ?, ticket = COALESCE(?, ticket), ' +
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
  return after;
});

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
    `there is no claim for ${args.month}${which}; 'claim list' shows those there are, 'claim draft' makes one.`,
  );
}

function lastClaim(tx: Tx, month: string): Promise<Claim | undefined> {
  return tx.get<Claim>(`SELECT ${COLUMNS} FROM claims WHERE month = ? ORDER BY revision DESC LIMIT 1`, month);
}

function shown(claim: Claim): string {
  const { state, ticket, voucherCode, granted, voucherExpires } = claim;
  return JSON.stringify({ state, ticket, voucherCode, granted, voucherExpires });
}
