/** The `claims` section of the config: who claims, what was invoiced, where drafts go. */
import { z } from 'zod';
import { plainSection } from '../config-section.ts';
import type { PackPrice } from './billing-fee.ts';
import { MONTH_FORM } from '../sla/period.ts';
import { decimalsOf, smallestUnit, toMicros } from './money.ts';
import type { FeeSources } from './fee.ts';

const money = z
  .union([z.number().min(0).max(999_999_999), z.string()])
  .transform(String)
  .refine((text) => toMicros(text) !== undefined, {
    error: 'an amount such as 1234.56, at most 9 digits before and after the point',
  });

const currencyCode = z
  .string()
  .regex(/^[A-Z]{3}$/, { error: 'a currency code such as "USD"' })
  .default('USD');

interface Paid {
  amount: string;
  paidByVoucher: string;
  currency: string;
}

/** Refuses a voucher part above the amount, and more decimals than the currency has. */
function checkPaid(paid: Paid, context: z.RefinementCtx): void {
  const { amount, paidByVoucher } = paid;
  const refuse = (path: keyof Paid, message: string, suggestion: string): void =>
    context.addIssue({ code: 'custom', path: [path], message, params: { suggestion } });
  if ((toMicros(paidByVoucher) ?? 0) > (toMicros(amount) ?? 0)) {
    refuse(
      'paidByVoucher',
      `a part that is not above its amount, ${amount}`,
      'exchange the two, or correct one',
    );
  }
  const places = decimalsOf(paid.currency);
  const allowed = places === 0 ? 'no decimals' : `at most ${places} decimals`;
  for (const path of ['amount', 'paidByVoucher'] as const) {
    if ((toMicros(paid[path]) ?? 0) % smallestUnit(paid.currency) !== 0) {
      refuse(path, `an amount with ${allowed} in ${paid.currency}`, 'round it, or correct the currency');
    }
  }
}

const fee = z
  .strictObject({
    amount: money.describe('The monthly service fee of the account, from the invoice.'),
    paidByVoucher: money.default('0').describe('The part of it that vouchers paid.'),
    currency: currencyCode,
    source: z.string().min(1).max(200).optional().describe('The invoice’s number, for the letter.'),
  })
  .superRefine(checkPaid);

const packPrice = z
  .strictObject({
    pack: z.string().min(1).max(200).describe('The pack’s id or name, as Kling lists it.'),
    amount: money.describe('What the whole pack cost.'),
    paidByVoucher: money.default('0').describe('The part of it that vouchers paid.'),
    currency: currencyCode,
  })
  .superRefine(checkPaid);

export const claimsSection = z
  .strictObject({
    directory: z.string().min(1).default('data/claims').describe('Where drafts are written.'),
    claimant: z
      .strictObject({
        accountId: z.string().min(1).max(200).nullable().default(null),
        company: z.string().min(1).max(200).nullable().default(null),
        contact: z
          .string()
          .min(1)
          .max(200)
          .nullable()
          .default(null)
          .describe('How Kling answers: a mail address or a phone number.'),
        signatory: z
          .string()
          .min(1)
          .max(200)
          .nullable()
          .default(null)
          .describe('The person who signs the letter.'),
      })
      .prefault({}),
    fees: z
      .record(z.string().regex(MONTH_FORM, { error: 'a month such as "2026-10"' }), fee)
      .default({})
      .describe('Invoiced fees by month.'),
    packs: z
      .array(packPrice)
      .max(1000)
      .readonly()
      .default([])
      .describe('What packs cost: each unit that Kling deducts then counts at its share of the price.'),
    hosts: z
      .array(z.string().regex(/^[A-Za-z0-9][A-Za-z0-9.-]*$/, { error: 'a host name without port' }))
      .max(100)
      .readonly()
      .default([])
      .describe('Hosts beside Kling’s own whose calls enter a claim.'),
    calendarFile: z
      .string()
      .min(1)
      .nullable()
      .default(null)
      .describe('JSON with years, holidays and workdays that replace those of the built-in calendar.'),
  })
  .prefault({});

export type ClaimsConfig = z.output<typeof claimsSection>;

/** Gives a month's invoice as the fee's first source; null if none was entered. */
export function invoiceOf(config: ClaimsConfig, month: string): FeeSources['invoice'] {
  const entered = config.fees[month];
  if (!entered) return null;
  return {
    amount: toMicros(entered.amount) ?? 0,
    paidByVoucher: toMicros(entered.paidByVoucher) ?? 0,
    currency: entered.currency,
    source: entered.source ?? null,
  };
}

/** Gives what packs cost, in millionths. */
export function packPricesOf({ packs }: ClaimsConfig): PackPrice[] {
  return packs.map(({ pack, amount, paidByVoucher, currency }) => ({
    pack,
    amount: toMicros(amount) ?? 0,
    paidByVoucher: toMicros(paidByVoucher) ?? 0,
    currency,
  }));
}

export const claimsConfig = plainSection(claimsSection, (claims, absolute) => ({
  ...claims,
  directory: absolute(claims.directory),
  calendarFile: claims.calendarFile === null ? null : absolute(claims.calendarFile),
}));
