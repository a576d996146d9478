/**
 * The shapes of claims: questions, orders and answers; the rules of `schemas.ts` apply here too.
 */
import { z } from '@hono/zod-openapi';
import { CLAIM_STATES, MARKED_STATES } from '../claims/claim.ts';
import { actorField, reasonField, writtenText } from './questions.ts';
import { instant as time } from './schema-parts.ts';
import { decimal } from './sla-schemas.ts';

/** The largest number of a revision that may be asked for. */
const REVISION_MAX = 1_000_000;

export const revisionQuery = z.strictObject({
  revision: z.coerce.number().pipe(z.int().min(1).max(REVISION_MAX)).optional().openapi({
    type: 'integer',
    description:
      'Absent: the one that counts, which is a granted one, else one that is valid, else the last.',
  }),
});
export const draftBody = z
  .strictObject({ reason: reasonField.default('asked for'), actor: actorField })
  .openapi('DraftBody');
export const markBody = z
  .strictObject({
    state: z.enum(MARKED_STATES),
    revision: z.int().min(1).optional().describe('Absent: the month’s last one.'),
    ticket: writtenText(200).optional(),
    voucherCode: writtenText(200).optional(),
    amount: z
      .union([z.string().regex(/^\d{1,9}(\.\d{1,6})?$/, { error: 'an amount such as 120.50' }), z.number()])
      .transform(String)
      .optional()
      .openapi({ type: 'string', example: '120.50' })
      .describe('The granted amount.'),
    expires: z.iso.date().optional().describe('The day on which the voucher ends.'),
    reason: reasonField.default('noted by hand'),
    actor: actorField,
  })
  .openapi('MarkBody');

const filing = z
  .enum(['early', 'open', 'late'])
  .describe('Whether today is before, within or after the filing dates.');
const claimFiling = z
  .enum(['early', 'open', 'late', 'closed'])
  .describe(
    'Whether today is before, within or after the filing dates; closed if this revision is not to be filed any more.',
  );
const claim = z
  .object({
    month: z.string(),
    revision: z.int(),
    state: z.enum(CLAIM_STATES),
    note: z.string().nullable().describe('Why a draft was superseded or withdrawn.'),
    filing: claimFiling,
    earliest: z.iso.date(),
    latest: z.iso.date().describe('The last day on which it may be filed, inclusive.'),
    daysLeft: z.int().describe('Days from today to that day: 0 on it, below 0 after it.'),
    percent: z.int().describe('Of the monthly service fee.'),
    asked: z.number().nullable().describe('Null if no source knows the fee.'),
    currency: z.string().nullable(),
    reading: z.enum(['received', 'contract']),
    folder: z.string(),
    manifest: z.string().describe('SHA-256 of manifest.sha256.'),
    ticket: z.string().nullable(),
    voucherCode: z.string().nullable(),
    granted: z.number().nullable(),
    voucherExpires: z.string().nullable(),
    draftedAt: time,
    updatedAt: time,
  })
  .openapi('Claim');
export const claimsAnswer = z
  .object({ claims: z.array(claim).describe('Newest month and revision first.') })
  .openapi('ClaimsAnswer');
const dates = z.object({
  fifthWorkday: z.iso.date(),
  earliest: z.iso.date(),
  latest: z.iso.date(),
  isEstimated: z.boolean().describe('Whether the calendar has no data for that year.'),
  calendar: z.string(),
  calendarSource: z.string(),
  calendarSourceZh: z.string().describe('The same in Chinese.'),
});
export const claimAnswer = z
  .object({ month: z.string(), filing, dates, claims: z.array(claim) })
  .openapi('ClaimAnswer');
export const draftAnswer = z
  .object({
    due: z.boolean(),
    message: z.string(),
    isNew: z.boolean().describe('False if the same draft existed, or nothing is due.'),
    claim: claim.nullable(),
    availability: z.object({
      received: decimal.nullable(),
      contract: decimal.nullable(),
      commitment: z.string(),
    }),
  })
  .openapi('DraftAnswer');

const letter = z.object({
  file: z.string().describe('The file’s name in the folder.'),
  markdown: z.string().describe('The letter as it is on the disk.'),
  isAsDrafted: z
    .boolean()
    .describe('Whether the manifest of the draft has this very text; false after an edit.'),
});
export const lettersAnswer = z
  .object({
    month: z.string(),
    revision: z.int(),
    state: z.enum(CLAIM_STATES),
    folder: z.string(),
    documents: z
      .array(z.object({ name: z.string(), bytes: z.int().nullable().describe('Null: it is missing.') }))
      .describe('The files that the manifest lists, and the manifest itself.'),
    letters: z.object({ en: letter, zh: letter }),
  })
  .openapi('ClaimLetters');

export type ClaimsAnswer = z.output<typeof claimsAnswer>;
export type ClaimRow = z.output<typeof claim>;
export type ClaimAnswer = z.output<typeof claimAnswer>;
export type DraftAnswer = z.output<typeof draftAnswer>;
export type LettersAnswer = z.output<typeof lettersAnswer>;
export type MarkBody = z.output<typeof markBody>;
