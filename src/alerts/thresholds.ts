/**
 * The threshold of each rule that has one: its unit and its bounds. The config refuses other numbers,
 * and docs/alerts.md shows the bounds.
 */
import type { RULES, RuleWord } from './rule-words.ts';

export type ThresholdUnit =
  'share' | 'credits' | 'hours' | 'minutes' | 'days' | 'reads' | 'creates' | 'callbacks' | 'MiB';

export interface Threshold {
  readonly unit: ThresholdUnit;
  /** Both inclusive. */
  readonly min: number;
  readonly max: number;
}

export type RuleWithThreshold = {
  [Word in RuleWord]: (typeof RULES)[Word] extends { threshold: number } ? Word : never;
}[RuleWord];

export const THRESHOLDS: Readonly<Record<RuleWithThreshold, Threshold>> = {
  budget_forecast: {
    unit: 'hours',
    min: 0.25,
    max: 168,
  },
  credits_refused: {
    unit: 'credits',
    min: 0.001,
    max: 1_000_000_000,
  },
  failure_rate: {
    unit: 'share',
    min: 0.001,
    max: 1,
  },
  breaker_open: {
    unit: 'minutes',
    min: 1,
    max: 1440,
  },
  sla_at_risk: {
    unit: 'share',
    min: 0.01,
    max: 1,
  },
  results_expiring: {
    unit: 'hours',
    min: 1,
    max: 720,
  },
  callbacks_refused: {
    unit: 'callbacks',
    min: 1,
    max: 1_000_000,
  },
  holds_in_doubt: {
    unit: 'minutes',
    min: 1,
    max: 1440,
  },
  deduction_differs: {
    unit: 'share',
    min: 0.001,
    max: 10,
  },
  ledger_drift: {
    unit: 'credits',
    min: 0.001,
    max: 1_000_000_000,
  },
  price_stale: {
    unit: 'days',
    min: 1,
    max: 3650,
  },
  pack_nearly_empty: {
    unit: 'days',
    min: 0.25,
    max: 90,
  },
  pack_expires: {
    unit: 'days',
    min: 1,
    max: 90,
  },
  queue_saturated: {
    unit: 'share',
    min: 0.05,
    max: 1,
  },
  queue_full: {
    unit: 'creates',
    min: 1,
    max: 1_000_000,
  },
  poll_loop: {
    unit: 'reads',
    min: 2,
    max: 100_000,
  },
  disk_low: {
    unit: 'share',
    min: 0.001,
    max: 0.9,
  },
  wal_large: {
    unit: 'MiB',
    min: 16,
    max: 1_048_576,
  },
};

/** Gives unit and bounds of a rule's threshold; null if it has none. */
export function thresholdOf(rule: RuleWord): Threshold | null {
  return (THRESHOLDS as Partial<Record<RuleWord, Threshold>>)[rule] ?? null;
}
