/**
 * The closed list of alert rules, with their defaults.
 *
 * A **condition** is true for a while: it fires, is repeated while it lasts, and its end is sent. A **notice** is true
 * once: it is sent and never repeated. A **period** rule is a condition that fires once in its period (the window of a
 * budget, the month of a claim), is not repeated, and its end is sent if that helps.
 */

/** How urgent: `page` wakes somebody, `ticket` waits for the morning, `info` is only reported. */
export type Severity = 'page' | 'ticket' | 'info';
export type RuleKind = 'condition' | 'notice' | 'period';

export interface RuleDefault {
  kind: RuleKind;
  severity: Severity;
  /** Off unless the config switches it on. */
  isOff?: true;
  /** The number that the config's `threshold` replaces; its unit is in the name of the rule's words. */
  threshold?: number;
}

/** A share such as 0.05, hours, days, minutes, or a number of reads or creates: `unit` of docs/alerts.md's table. */
export const RULES = {
  budget_threshold: { kind: 'notice', severity: 'ticket' },
  budget_used_up: { kind: 'period', severity: 'page' },
  budget_forecast: { kind: 'condition', severity: 'ticket', threshold: 2 },
  credits_refused: { kind: 'condition', severity: 'ticket', threshold: 1 },
  failure_rate: { kind: 'condition', severity: 'page', threshold: 0.05 },
  upstream_down: { kind: 'condition', severity: 'page' },
  breaker_open: { kind: 'condition', severity: 'page', threshold: 1 },
  sla_at_risk: { kind: 'period', severity: 'ticket', threshold: 0.5 },
  sla_broken: { kind: 'period', severity: 'ticket' },
  sla_tier_worse: { kind: 'notice', severity: 'ticket' },
  tasks_stuck: { kind: 'condition', severity: 'ticket' },
  task_contradicted: { kind: 'notice', severity: 'ticket' },
  tasks_lost: { kind: 'condition', severity: 'ticket' },
  results_expiring: { kind: 'condition', severity: 'ticket', threshold: 72 },
  results_full: { kind: 'condition', severity: 'ticket' },
  callbacks_refused: { kind: 'condition', severity: 'ticket', threshold: 10 },
  callbacks_undelivered: { kind: 'condition', severity: 'ticket' },
  holds_in_doubt: { kind: 'condition', severity: 'ticket', threshold: 10 },
  deduction_differs: { kind: 'condition', severity: 'ticket', threshold: 0.1 },
  ledger_drift: { kind: 'condition', severity: 'ticket', threshold: 1 },
  foreign_spending: { kind: 'notice', severity: 'ticket' },
  route_unpriced: { kind: 'notice', severity: 'ticket' },
  price_stale: { kind: 'notice', severity: 'info', threshold: 90 },
  kling_refuses: { kind: 'condition', severity: 'page' },
  credentials_refused: { kind: 'condition', severity: 'page' },
  clock_wrong: { kind: 'condition', severity: 'page' },
  pack_nearly_empty: { kind: 'period', severity: 'ticket', threshold: 3 },
  pack_expires: { kind: 'notice', severity: 'ticket', threshold: 7 },
  queue_saturated: { kind: 'condition', severity: 'ticket', threshold: 0.8 },
  queue_full: { kind: 'condition', severity: 'ticket', threshold: 10 },
  poll_loop: { kind: 'notice', severity: 'ticket', threshold: 300 },
  claim_open: { kind: 'notice', severity: 'ticket' },
  claim_withdrawn: { kind: 'notice', severity: 'ticket' },
  claim_due: { kind: 'notice', severity: 'page' },
  claim_missed: { kind: 'notice', severity: 'page' },
  voucher_ends: { kind: 'notice', severity: 'ticket' },
  store_trouble: { kind: 'condition', severity: 'page' },
  disk_low: { kind: 'condition', severity: 'page', threshold: 0.05 },
  wal_large: { kind: 'condition', severity: 'ticket', threshold: 256 },
  job_failed: { kind: 'condition', severity: 'ticket' },
  job_missed: { kind: 'notice', severity: 'info' },
  spending_frozen: { kind: 'condition', severity: 'page' },
  daily_digest: { kind: 'notice', severity: 'info', isOff: true },
  weekly_report: { kind: 'notice', severity: 'info', isOff: true },
  channel_test: { kind: 'notice', severity: 'info' },
} as const satisfies Readonly<Record<string, RuleDefault>>;

export type RuleWord = keyof typeof RULES;
export const RULE_WORDS = Object.keys(RULES) as readonly RuleWord[];

/** Gives a rule's defaults. */
export function ruleDefault(rule: RuleWord): RuleDefault {
  return RULES[rule];
}
