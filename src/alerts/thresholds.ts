/**
 * What the threshold of each rule that has one means: its unit, and the numbers that make sense. The config refuses others,
 * and docs/alerts.md shows them.
 */
import type { RULES, RuleWord } from './rule-words.ts';

export type ThresholdUnit = 'share' | 'credits' | 'hours' | 'minutes' | 'days' | 'reads' | 'MiB';

export interface Threshold {
  readonly unit: ThresholdUnit;
  /** Both inclusive. */
  readonly min: number;
  readonly max: number;
  /** What the number says, for editors and the page: continues "The rule fires where …". */
  readonly fires: string;
}

export type RuleWithThreshold = {
  [Word in RuleWord]: (typeof RULES)[Word] extends { threshold: number } ? Word : never;
}[RuleWord];

export const THRESHOLDS: Readonly<Record<RuleWithThreshold, Threshold>> = {
  budget_forecast: {
    unit: 'hours',
    min: 0.25,
    max: 168,
    fires: 'a budget will be used up within so many hours, and before its window ends',
  },
  credits_refused: {
    unit: 'credits',
    min: 0.001,
    max: 1_000_000_000,
    fires: 'at least so many credits of creates were refused in 10 minutes',
  },
  failure_rate: {
    unit: 'share',
    min: 0.001,
    max: 1,
    fires: 'more than this share of the requests to Kling fails, two 5-minute windows in a row',
  },
  sla_at_risk: {
    unit: 'share',
    min: 0.01,
    max: 1,
    fires: 'at least this share of the month’s error budget is used; a fast burn fires without it',
  },
  holds_in_doubt: {
    unit: 'minutes',
    min: 1,
    max: 1440,
    fires: 'a create is in doubt for longer than this',
  },
  deduction_differs: {
    unit: 'share',
    min: 0.001,
    max: 10,
    fires: 'what Kling deducts differs from the holds by more than this share of them',
  },
  price_stale: {
    unit: 'days',
    min: 1,
    max: 3650,
    fires: 'the price list is older than this',
  },
  pack_nearly_empty: {
    unit: 'days',
    min: 0.25,
    max: 90,
    fires: 'the packs of a product will be empty within so many days at the pace of the last week',
  },
  pack_expires: {
    unit: 'days',
    min: 1,
    max: 90,
    fires: 'a pack ends within so many days with units that will be lost, and once more on its last day',
  },
  queue_saturated: {
    unit: 'share',
    min: 0.05,
    max: 1,
    fires: 'more than this share of the queue’s places is taken by creates of one pool',
  },
  poll_loop: {
    unit: 'reads',
    min: 2,
    max: 100_000,
    fires: 'an app asked for one open task more often than this',
  },
  disk_low: {
    unit: 'share',
    min: 0.001,
    max: 0.9,
    fires: 'less than this share of the store’s disk is free',
  },
  wal_large: {
    unit: 'MiB',
    min: 16,
    max: 1_048_576,
    fires: 'the store’s write-ahead log is larger than this',
  },
};

/** Gives what a rule's threshold means; null where it has none. */
export function thresholdOf(rule: RuleWord): Threshold | null {
  return (THRESHOLDS as Partial<Record<RuleWord, Threshold>>)[rule] ?? null;
}
