/** The meaning of each rule, in a sentence: for editors (schema.json) and for the table of docs/alerts.md. */
import type { RuleWord } from './rule-words.ts';

export const RULE_MEANINGS: Readonly<Record<RuleWord, string>> = {
  budget_threshold: 'A budget reached one of the shares in its `alertAt`; once for each share and window.',
  budget_used_up:
    'A budget is used up: creates that match it are refused; once for each window. Over when it ends, or the limit was raised.',
  budget_forecast:
    'At the burn of the last hour a budget is used up within the threshold, and before its window ends.',
  credits_refused:
    'Creates worth at least the threshold were refused for money in 10 minutes; one alert for each app.',
  failure_rate:
    'More than the threshold of the requests to Kling failed, in two 5-minute windows with enough requests.',
  upstream_down:
    'Kling cannot be reached, or answers only with server errors. Keeps `breaker_open` and `failure_rate` back.',
  breaker_open:
    'Creates fail one after the other for at least the threshold, so they are refused at once. `upstream_down` keeps it back.',
  sla_at_risk:
    'At least the threshold of the month’s error budget is used (once a month), or it burns so fast that the month breaks (once a day).',
  sla_broken: 'Kling’s availability of this month is below its commitment: a voucher is due.',
  sla_tier_worse: 'It fell into the next tier of compensation.',
  tasks_stuck:
    'Tasks are open for longer than `tasks.stuckAfterMs`, or than is usual for their operation; their credits stay held.',
  task_contradicted: 'An answer of Kling’s contradicts the end of a task; once for each task and state.',
  tasks_lost:
    'Tasks were open for 30 days without an end: nobody asks for them any more, and their credits stay held.',
  results_expiring: 'Files of results are not saved, and Kling clears them within the threshold.',
  results_full: 'The quota of kept results is used up, or the disk is low: nothing more is saved.',
  callbacks_refused:
    'Callbacks on valid addresses had no valid signature, as many in an hour as the threshold.',
  callbacks_undelivered:
    'Callbacks were not relayed to the address in their create: its receiver took none of ten attempts.',
  holds_in_doubt: 'A create is in doubt for longer than the threshold: nobody knows whether Kling took it.',
  deduction_differs:
    'Kling’s deductions of a day differ from the holds by more than the threshold, for an operation and model.',
  ledger_drift: 'Our ledger and Kling’s differ by at least the threshold for creates of the last eight days.',
  foreign_spending:
    'Kling’s ledgers show charges of this account that no task here explains; once for each day.',
  route_unpriced: 'A create went to a route, or named a model, that has no price of its own; once for each.',
  price_stale: 'The price list is older than the threshold; once a month.',
  kling_refuses: 'Kling refuses creates of the account, a pack or a model (codes 1100 to 1103 and 1304).',
  credentials_refused: 'Kling refuses the credentials: no call of any app can succeed.',
  clock_wrong: 'This machine’s clock cannot date budgets: creates are refused.',
  pack_nearly_empty: 'The packs of a product are empty within the threshold at the pace of the last week.',
  pack_expires: 'A pack ends within the threshold with units that will be lost; once more on its last day.',
  queue_saturated: 'Creates of one pool take more than the threshold of the queue’s places.',
  queue_full:
    'At least the threshold of creates got 429 `queue_full` in 10 minutes: no slot became free, or the queue was full.',
  poll_loop: 'An app asked for one open task more often than the threshold; once for each app and day.',
  claim_open: 'A claim was drafted, is valid again, or may be filed from now on; each once.',
  claim_withdrawn: 'Nothing is due any more for a month: its draft must not be filed.',
  claim_due: 'A drafted claim can be filed for 14, 3 or 1 more days.',
  claim_missed: 'A drafted claim was not filed in time.',
  voucher_ends: 'A granted voucher ends soon.',
  store_trouble:
    'The store takes no writes, its files are not those that were opened, or the ledger does not agree with itself.',
  disk_low: 'Less than the threshold of the store’s disk is free.',
  wal_large: 'The store’s write-ahead log is larger than the threshold.',
  job_failed: 'A job of the schedule failed. Over when it has run.',
  job_missed: 'Runs of a job were missed while nothing ran; one run replaces them.',
  spending_frozen: 'An operator froze all spending. Over when it is resumed.',
  daily_digest: 'The costs and events of yesterday.',
  weekly_report: 'The same for last week.',
  channel_test: 'A test that an operator ordered (`alert test`).',
};
