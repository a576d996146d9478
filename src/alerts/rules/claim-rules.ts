/** The rules about claims, by the facts of the claims' job. */
import type { Rule } from '../rule.ts';
import { claimDue, claimMissed, voucherEnds } from './claim-deadlines.ts';
import { claimOpen } from './claim-open.ts';
import { claimWithdrawn } from './claim-withdrawn.ts';

export const claimRules: readonly Rule[] = [claimOpen, claimDue, claimMissed, claimWithdrawn, voucherEnds];
