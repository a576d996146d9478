/**
 * The versions of the agreement: the commitment, and the compensation for a month below it.
 *
 * **Invariant**: a version is data: name, day of effect, hash of the text, commitment and tiers. The version in force on
 * the first day of a service period counts for it (article 4: changes are announced 30 days ahead).
 */
import { SidecarError } from '../errors.ts';
import { compare, fromDecimal, type Fraction } from './fraction.ts';

/** A tier: below this availability the voucher is this share of the fee (SLA, 3.1). */
export interface Tier {
  /** Per cent as a decimal, `99.90`; an availability of exactly this is not below. */
  below: string;
  /** Per cent of the monthly service fee, above 0 and at most 100. */
  percent: number;
}

export interface Agreement {
  name: string;
  /** The first day on which it counts, `YYYY-MM-DD`. */
  effectiveFrom: string;
  /** SHA-256 of the text, in hex. */
  textSha256: string;
  /** Per cent as a decimal, `99.90`. */
  commitment: string;
  /** Any order; the lowest `below` that applies decides. */
  tiers: readonly Tier[];
  /** The most that a voucher may be, in per cent of the fee less the part that vouchers paid. */
  capPercent: number;
}

/**
 * The known versions. One text has been published so far ("Kling AI Service Level Agreement (SLA)", read
 * 2026-09-20); it names no day of effect, so it counts for every day until a later one is configured.
 */
export const KLING_AGREEMENTS: readonly Agreement[] = [
  {
    name: 'Kling AI SLA as read 2026-09-20',
    effectiveFrom: '2024-01-01',
    textSha256: 'a76347751b82a3d2c2b7cfd33c2036905c9597a0fcb6c7ee4ed1c25f20b910e3',
    commitment: '99.90',
    tiers: [
      { below: '99.90', percent: 10 },
      { below: '99.00', percent: 25 },
      { below: '95.00', percent: 50 },
    ],
    capPercent: 50,
  },
];

/** Picks the version in force on a day; before the first one, the first one. */
export function agreementOn(day: string, versions: readonly Agreement[]): Agreement {
  const ordered = [...versions].sort((a, b) => a.effectiveFrom.localeCompare(b.effectiveFrom));
  const inForce = ordered.filter((version) => version.effectiveFrom <= day).at(-1) ?? ordered[0];
  if (!inForce) throw new SidecarError('config_invalid', 'sla.agreements names no version of the agreement.');
  return inForce;
}

/** Reads a per cent decimal of an agreement as a ratio, `99.90` as 999/1000. */
export function ratioOf(percent: string): Fraction {
  const value = fromDecimal(percent);
  if (!value) {
    throw new SidecarError('config_invalid', `'${percent}' is no percentage; write a decimal such as 99.90.`);
  }
  return { num: value.num, den: value.den * 100n };
}

/** Returns whether an availability (a ratio) is below the commitment; an equal one is not. */
export function isBreached(availability: Fraction, agreement: Agreement): boolean {
  return compare(availability, ratioOf(agreement.commitment)) < 0;
}

/** Gives the per cent of the fee that an availability (a ratio) is worth; 0 if no tier applies. */
export function compensationPercent(availability: Fraction, agreement: Agreement): number {
  const applying = agreement.tiers.filter((tier) => compare(availability, ratioOf(tier.below)) < 0);
  return applying.reduce((most, tier) => Math.max(most, tier.percent), 0);
}
