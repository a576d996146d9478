/** The name and labels of every gauge. A gauge without a value at the scrape is left out. */
import type { GaugeShape } from './instruments.ts';

/** The gauges, asked for at each scrape. */
export const GAUGES = {
  budgetLimit: gauge('kling_budget_limit_credits', 'The limit of a budget’s present window.', ['budget']),
  budgetSettled: gauge('kling_budget_settled_credits', 'Credits settled in the present window.', ['budget']),
  budgetHeld: gauge('kling_budget_held_credits', 'Credits held open in the present window.', ['budget']),
  budgetLimitCost: gauge('kling_budget_limit_cost', 'The same limit at price.perCredit.', [
    'budget',
    'currency',
  ]),
  budgetSettledCost: gauge('kling_budget_settled_cost', 'Settled credits at price.perCredit.', [
    'budget',
    'currency',
  ]),
  budgetHeldCost: gauge('kling_budget_held_cost', 'Held credits at price.perCredit.', ['budget', 'currency']),
  budgetExhaustion: gauge(
    'kling_budget_exhaustion_seconds',
    'Seconds until a budget reaches its limit at the burn of the last hour; absent if its window ends first.',
    ['budget'],
  ),
  frozen: gauge('kling_spending_frozen', '1 while an operator has frozen all spending.', []),
  doubts: gauge(
    'kling_holds_in_doubt',
    'Holds of creates of which nobody knows whether Kling took them.',
    [],
  ),
  oldestDoubt: gauge('kling_holds_in_doubt_oldest_seconds', 'Age of the oldest doubt.', []),
  packRemaining: gauge('kling_pack_remaining_credits', 'Credits left in a pack, by Kling’s list.', ['pack']),
  packExpiry: gauge('kling_pack_expiry_timestamp_seconds', 'When a pack can no longer be used.', ['pack']),
  packDaysLeft: gauge('kling_pack_days_left', 'Days until a pack is empty at the burn of the last week.', [
    'pack',
  ]),
  tasks: gauge('kling_tasks', 'Tasks known, by state.', ['product', 'state']),
  tasksStuck: gauge(
    'kling_tasks_stuck',
    'Open tasks that are stuck: older than tasks.stuckAfterMs, or than is usual.',
    ['product', 'state'],
  ),
  concurrencyInUse: gauge('kling_concurrency_in_use', 'Slots of a pool in use.', ['pool']),
  concurrencyElsewhere: gauge(
    'kling_concurrency_elsewhere_in_use',
    'Slots in use by tasks of the account that are not ours: a part of kling_concurrency_in_use.',
    ['pool'],
  ),
  concurrencyLimit: gauge('kling_concurrency_limit', 'Slots of a pool.', ['pool']),
  concurrencySource: gauge(
    'kling_concurrency_limit_source',
    '1 for who says the limit of a pool: config, pack, tier, or learned from Kling’s 1303.',
    ['pool', 'source'],
  ),
  poolPaused: gauge(
    'kling_pool_paused_seconds',
    'Seconds until a pool sends creates again, after throttles; 0 while it sends.',
    ['pool'],
  ),
  queueLength: gauge('kling_queue_length', 'Creates waiting for a slot.', ['pool']),
  queueOldest: gauge(
    'kling_queue_oldest_seconds',
    'How long the longest of them has waited; 0 without any.',
    ['pool'],
  ),
  resultsUnsaved: gauge('kling_results_unsaved', 'Files of results that wait to be saved.', []),
  resultsBytes: gauge('kling_results_saved_bytes', 'Size of all saved files of results.', []),
  breakerOpen: gauge(
    'kling_breaker_open',
    '1 while creates are refused at once, since the last ones failed at Kling.',
    [],
  ),
  createsStopped: gauge(
    'kling_creates_stopped',
    'Stops in force, by Kling’s code: parts of the account for which Kling refuses every create.',
    ['code'],
  ),
  slaAvailability: gauge(
    'kling_sla_availability_ratio',
    'Availability of a month by a reading; 1 is 100 %.',
    ['month', 'reading'],
  ),
  slaBudgetUsed: gauge(
    'kling_sla_error_budget_used_windows',
    'Sum of the error rates of a month’s 5-minute windows; the agreement allows 8.928 in 31 days.',
    ['month', 'reading'],
  ),
  slaWindowRequests: gauge(
    'kling_sla_window_requests',
    'Valid requests of the 5-minute window before the current one.',
    [],
  ),
  slaWindowErrors: gauge(
    'kling_sla_window_errors',
    'Error requests of the 5-minute window before the current one.',
    [],
  ),
  slaExcluded: gauge('kling_sla_excluded', '1 while an exclusion of the SLA is in force.', []),
  connections: gauge('kling_upstream_connections', 'Requests that have a connection to Kling.', ['lane']),
  connectionsWaiting: gauge('kling_upstream_connections_waiting', 'Requests that wait for one.', ['lane']),
  clockOffset: gauge(
    'kling_clock_offset_seconds',
    'Kling’s clock less ours; absent before its first answer.',
    [],
  ),
  outboxWaiting: gauge('kling_outbox_waiting', 'Facts that a receiver has not taken yet.', ['receiver']),
  outboxOldest: gauge('kling_outbox_oldest_seconds', 'Age of the oldest of them.', ['receiver']),
  alertsFiring: gauge('kling_alerts_firing', 'Alerts that fire, by rule; 0 for a rule of which none does.', [
    'rule',
    'severity',
  ]),
  alertsWaiting: gauge('kling_alerts_waiting', 'Events of alerts that a channel has not taken yet.', [
    'channel',
  ]),
  alertsOldest: gauge('kling_alerts_waiting_oldest_seconds', 'Age of the oldest of them; 0 without any.', [
    'channel',
  ]),
  storeQueue: gauge('kling_store_queue_length', 'Operations that wait for the store’s writer or readers.', [
    'queue',
  ]),
  storeWritable: gauge('kling_store_writable', '0 while the store takes no writes.', []),
  storeWal: gauge('kling_store_wal_bytes', 'Size of the write-ahead log alone.', []),
  processStart: gauge('kling_process_start_time_seconds', 'When the process started.', []),
  processResident: gauge('kling_process_resident_bytes', 'Resident memory of the process.', []),
  processHeap: gauge('kling_process_heap_bytes', 'JavaScript heap in use.', []),
  storeBytes: gauge('kling_store_bytes', 'Size of the store’s file and its write-ahead log.', []),
  eventLoopLag: gauge('kling_event_loop_lag_seconds', '99th percentile since the scrape before.', []),
} as const;

function gauge(name: string, help: string, labels: readonly string[]): GaugeShape {
  return { type: 'gauge', name, help, labels };
}
