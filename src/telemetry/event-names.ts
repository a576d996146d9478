/**
 * Every event of a log line, with its levels and its meaning: the closed list that docs/logs.md shows.
 *
 * A level says how urgent a line is. `error`: somebody must act, or requests fail. `warn`: something is wrong and may
 * need an action. `info`: an event. `debug`: an event that happens all the time, not written by default.
 */
export const EVENTS = {
  // Requests
  call: ['debug, info, warn, error', 'an attempt at Kling ended'],
  refused: ['info, warn, error', 'the sidecar refused a request itself; `word` is the reason'],
  would_refuse: ['info', 'mode `observe` let through what `protect` would have refused'],
  // Money and tasks
  hold_resolved: ['debug', 'a hold was settled, released or written off'],
  hold_adjusted: ['info', 'Kling reported another amount after a hold had ended'],
  hold_in_doubt: ['warn', 'nobody knows yet whether Kling took a create; its hold stays'],
  create_joined: [
    'info',
    'a create got the answer of an earlier equal one, whose own answer was lost; `holdId` is the earlier one',
  ],
  doubt_ended: ['info', 'a create in doubt was found, or Kling answered that it does not exist'],
  holds_elsewhere: ['warn', 'open holds belong to another upstream and wait for an operator'],
  doubts_recovered: ['warn', 'creates of an earlier run are in doubt and will be looked up'],
  actual_above_estimate: ['warn', 'Kling deducted more than was held'],
  budget_threshold: ['warn', 'a budget reached a threshold'],
  create_unpriced: [
    'warn',
    'creates of a route or model are held without a price of their own; logged once for each',
  ],
  budget_counting: ['info, error', 'a new budget counts earlier spending'],
  price_unsure: ['info, warn', 'a price is assumed, or a field that Kling does not document was sent'],
  task_lost: ['warn', 'a task was open for 30 days without an end; its hold stays until you end it'],
  result_saved: ['debug', 'a file of a result was saved'],
  result_failed: ['info', 'a file of a result could not be saved; it is tried again until it expires'],
  result_lost: ['warn', 'a result was not saved in time, or Kling named no address of it for a day'],
  task_contradicted: ['warn', 'an answer of Kling’s contradicts the end of a task; the first end stays'],
  task_failed: ['info', 'a task failed, with Kling’s text and the reason that we read in it'],
  task_changed: ['debug, info', 'a task has another state; info once it has ended'],
  task_retry_queued: ['info', 'a task failed, and a new create will be made for it (`tasks.retryFailed`)'],
  task_retry_made: ['info', 'a new create was made for a failed task; `holdId` is its hold'],
  task_retry_delayed: ['info', 'a new create for a failed task was refused, and is made later'],
  task_retries_ended: ['debug, info', 'nothing more is made of a create; `why` is the reason'],
  spending_frozen: ['warn', 'spending is frozen'],
  spending_resumed: ['warn', 'spending is resumed'],
  store_adopted: [
    'info',
    'a new store took over open tasks and deductions of the account, so that budgets count them',
  ],
  adoption_problem: ['warn', 'what the account spends could not be taken over completely by a new store'],
  dates_mended: ['warn', 'entries with dates of a wrong clock got correct dates'],
  // Kling
  credentials_refused: ['error', 'Kling refuses the credentials: no call of any app can succeed'],
  credentials_accepted: ['info', 'Kling takes the credentials again'],
  upstream_down: ['warn', 'Kling cannot be reached'],
  upstream_up: ['info', 'Kling can be reached again'],
  breaker_opened: ['warn', 'Kling fails: creates fail fast, and one is sent every 30 s'],
  breaker_closed: ['info', 'Kling takes creates again'],
  stop_began: [
    'warn',
    'Kling refuses all creates of the account, a product or a model; one is sent every 30 s',
  ],
  stop_ended: ['info', 'Kling took a create of that account, product or model again'],
  pool_paused: [
    'warn',
    'Kling answered several creates with 1302 or 1303, or asked for a wait: a pool pauses',
  ],
  control_check: ['warn', 'after a failure, other addresses were tried to find whose fault it was'],
  field_refused: ['warn', 'Kling refuses a field of ours on a route: it is left out until the next start'],
  // Callbacks
  callback_unsigned: [
    'warn',
    'callbacks without a valid signature were refused; logged once a minute with their number',
  ],
  callback_relayed: [
    'debug, info, warn',
    'a callback was given to the app’s own address, or not: then it is tried again (info), or no more (warn)',
  ],
  // Availability and claims
  month_closed: ['info', 'a month of availability was closed'],
  claim_not_due: ['info', 'no claim is due for a month'],
  claim_drafted: ['warn', 'a claim was drafted; it waits to be read and filed'],
  claim_withdrawn: ['warn', 'the draft of a claim was withdrawn: do not file it'],
  claim_deadline: ['warn', 'a claim may be filed, or its time ends, or a voucher ends'],
  claim_outdated: ['warn', 'the numbers of a month changed after its claim was filed'],
  // Alerts
  alert_firing: [
    'info, warn, error',
    'an alert fires, or a notice was made; the level says how urgent it is',
  ],
  alert_over: ['info', 'an alert is over'],
  channel_failing: [
    'warn',
    'a channel took no message; the message is tried again for a day, unless it was refused for good',
  ],
  channel_works: ['info', 'a channel takes messages again'],
  // The sidecar itself
  ready: ['info', 'the sidecar serves; its addresses and the state that it found'],
  stopping: ['info', 'the stop began'],
  stopped: ['info', 'the stop is over'],
  config_read: ['info', 'config and secrets were read again'],
  config_not_taken: ['error', 'config and secrets were read again and are invalid: nothing changed'],
  config_warning: ['warn, error', 'something in the config, secrets or folders should be checked'],
  store_notice: ['info, warn, error', 'a store was made or migrated, or its folder is a risk'],
  instance_replaced: [
    'error',
    'another instance took over this one’s creates; creates are refused until a restart',
  ],
  store_waiting: ['warn', 'another process has the store; the start waits'],
  store_write_failed: ['error', 'a batch was not committed'],
  store_failed: ['error', 'the store failed for good: the process ends'],
  store_lost: ['error', 'the files of the store are gone: creates are refused until a restart'],
  job_ended: ['info, warn', 'a job failed, succeeded again, or some of its runs were missed'],
  reconciled: ['info', 'our ledger was compared with Kling’s; the difference, and the tasks of each kind'],
  backup_made: ['info', 'a backup was made and verified, and surplus ones were dropped'],
  records_lost: ['warn', 'records of calls could not be kept'],
  records_dropped: ['info', 'old records were dropped by the retention'],
  records_kept: ['warn', 'old records stay, since the clock could not be compared with Kling’s'],
  background_failed: ['warn, error', 'work beside requests failed, and is tried again'],
  control_failed: ['error', 'the control plane failed to answer'],
  gauges_absent: ['warn', 'gauges could not be read and are absent from one scrape'],
  otlp_failed: ['error', 'the export by OTLP could not be started'],
  otlp_lost: ['warn', 'the collector did not take exports; logged once a minute with their number'],
  telemetry_failed: ['warn, error', 'an event or line could not be logged in full'],
} as const;

export type EventName = keyof typeof EVENTS;
