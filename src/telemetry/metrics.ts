/**
 * The name, labels and buckets of every counter and histogram; `gauge-shapes.ts` has the gauges. Dashboards and alert
 * rules use both.
 *
 * **Invariant**: a changed name or label is a breaking change; names end in their unit; the values of every label are
 * bounded. Credits are counted in thousandths and divided when read.
 */
import { createCounter, createHistogram } from './instruments.ts';

/** Seconds: a request to Kling takes from tens of milliseconds to the deadline of a create. */
const REQUEST_SECONDS = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];
/** Seconds: our own share of a request is from a fraction of a millisecond to the time of a slow disk. */
const OVERHEAD_SECONDS = [0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 1];
/** Seconds: a task takes from some seconds (images) to hours (when Kling is busy). */
const TASK_SECONDS = [5, 15, 30, 60, 120, 300, 600, 1200, 3600, 14_400, 86_400];
const QUEUE_SECONDS = [0.001, 0.01, 0.1, 0.5, 1, 2.5, 5, 10, 30];
const COMMIT_SECONDS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 2];
/** Credits: below 0 the estimate was too high, above 0 too low; exact estimates are in the bucket of 0. */
const ERROR_CREDITS = [-100, -25, -5, -1, -0.001, 0, 1, 5, 25, 100];
/** Seconds: most jobs take milliseconds; retention of a large store takes minutes. */
const JOB_SECONDS = [0.01, 0.1, 0.5, 1, 5, 15, 60, 300, 1800];
/** Seconds: from a picture to a film on a slow line. */
const SAVE_SECONDS = [0.1, 0.5, 1, 5, 15, 60, 300, 1800];
const MILLI = 1000;

/** The counters and histograms, each counted at its event. */
export type Instruments = ReturnType<typeof createInstruments>;

/** Makes a fresh set of counters and histograms, all at 0. */
export function createInstruments() {
  return {
    ...requestInstruments(),
    ...pacingInstruments(),
    ...moneyInstruments(),
    ...taskInstruments(),
    ...engineInstruments(),
    ...alertInstruments(),
    ...callbackInstruments(),
  };
}

function requestInstruments() {
  return {
    requests: createCounter({
      name: 'kling_requests_total',
      help: 'Attempts at Kling, including those of the sidecar itself.',
      labels: ['route', 'method', 'status', 'code', 'app', 'outcome'],
    }),
    durations: createHistogram({
      name: 'kling_request_duration_seconds',
      help: 'Time from the first byte to Kling until its answer was complete.',
      labels: ['route', 'method', 'status'],
      bounds: REQUEST_SECONDS,
    }),
    overheads: createHistogram({
      name: 'kling_sidecar_overhead_seconds',
      help: 'Time spent in the sidecar, without upstream and queue.',
      labels: ['route'],
      bounds: OVERHEAD_SECONDS,
    }),
    wouldRefuse: createCounter({
      name: 'kling_would_refuse_total',
      help: 'Requests that observe mode let through or left unchanged and protect mode would have refused or edited.',
      labels: ['word'],
    }),
    refusals: createCounter({
      name: 'kling_refusals_total',
      help: 'Requests that the sidecar refused itself, by the word of the reason; after outcome_unknown a create may have been sent.',
      labels: ['word'],
    }),
    readsUnrecorded: createCounter({
      name: 'kling_reads_unrecorded_total',
      help: 'Reads that were answered but could not be journalled.',
      labels: [],
    }),
    lookUps: createCounter({
      name: 'kling_look_ups_total',
      help: 'Results of look-ups of creates in doubt: found, absent, or failed if Kling gave no answer.',
      labels: ['result'],
    }),
    credentialsRefused: createCounter({
      name: 'kling_credentials_refused_total',
      help: 'Calls for which Kling refused our credentials, by its code; a new token did not help.',
      labels: ['code'],
    }),
    tokenRefreshes: createCounter({
      name: 'kling_token_refreshes_total',
      help: 'Tokens made or renewed.',
      labels: ['result'],
    }),
    configReloads: createCounter({
      name: 'kling_config_reloads_total',
      help: 'Reloads of config and secrets after the start; a failed one changed nothing.',
      labels: ['result'],
    }),
  };
}

function pacingInstruments() {
  return {
    retries: createCounter({
      name: 'kling_retries_total',
      help: 'Attempts repeated by the sidecar.',
      labels: ['reason'],
    }),
    replays: createCounter({
      name: 'kling_replays_total',
      help: 'Creates that got the first answer again, by what they had in common: an idempotency key, a task id, or an equal body after a lost answer (join).',
      labels: ['kind'],
    }),
    throttles: createCounter({
      name: 'kling_throttles_total',
      help: 'Answers with status 429, by the code that names their kind, and tasks that failed for concurrency (1303).',
      labels: ['code'],
    }),
    queueEnds: createCounter({
      name: 'kling_queue_ends_total',
      help: 'Ends of waits for a slot: slot, no_slot (its time was over, or the queue was full), or gone (its caller hung up, or the sidecar stopped).',
      labels: ['pool', 'result'],
    }),
    pauses: createCounter({
      name: 'kling_pool_pauses_total',
      help: 'Pauses of pools, after a burst of 429s or by a Retry-After of Kling’s.',
      labels: ['pool', 'why'],
    }),
    queueWaits: createHistogram({
      name: 'kling_queue_wait_seconds',
      help: 'Time that creates waited for a slot of their pool, of those that got one.',
      labels: ['pool'],
      bounds: QUEUE_SECONDS,
    }),
  };
}

function moneyInstruments() {
  return {
    credits: createCounter({
      name: 'kling_credits_total',
      help: 'Credits held before a create left, settled, released without a charge, and refused.',
      labels: ['app', 'operation', 'model', 'mode', 'state'],
      divisor: MILLI,
    }),
    cost: createCounter({
      name: 'kling_credits_cost_total',
      help: 'The credits of kling_credits_total at price.perCredit, in its currency.',
      labels: ['app', 'operation', 'model', 'mode', 'state', 'currency'],
    }),
    unpricedFields: createCounter({
      name: 'kling_unpriced_fields_total',
      help: 'Fields of creates that the price list does not know.',
      labels: ['operation'],
    }),
    estimateErrors: createHistogram({
      name: 'kling_estimate_error_credits',
      help: 'Kling’s deduction less the hold.',
      labels: ['operation'],
      bounds: ERROR_CREDITS,
    }),
  };
}

function taskInstruments() {
  return {
    taskDurations: createHistogram({
      name: 'kling_task_duration_seconds',
      help: 'Time from a create to the end of its task.',
      labels: ['operation', 'model', 'mode', 'result'],
      bounds: TASK_SECONDS,
    }),
    taskFailures: createCounter({
      name: 'kling_task_failures_total',
      help: 'Tasks that Kling ended as failed.',
      labels: ['operation', 'reason'],
    }),
    taskRetries: createCounter({
      name: 'kling_task_retries_total',
      help: 'Steps of failed tasks that are tried again by new creates: queued, made, delayed, not_kept (too large a body), and why nothing more is made.',
      labels: ['result'],
    }),
    resultSaves: createHistogram({
      name: 'kling_result_save_seconds',
      help: 'Time of a try to save a file of a result, by what came of it: saved, or failed (tried again until it expires).',
      labels: ['result'],
      bounds: SAVE_SECONDS,
    }),
  };
}

function engineInstruments() {
  return {
    storeCommits: createHistogram({
      name: 'kling_store_commit_seconds',
      help: 'Time from a batch’s first statement until its commit was on disk.',
      labels: [],
      bounds: COMMIT_SECONDS,
    }),
    storeWaits: createHistogram({
      name: 'kling_store_queue_wait_seconds',
      help: 'Time that operations waited before their batch was sent to the store’s thread.',
      labels: ['queue'],
      bounds: COMMIT_SECONDS,
    }),
    jobRuns: createCounter({
      name: 'kling_job_runs_total',
      help: 'Runs of jobs, by result.',
      labels: ['job_name', 'result'],
    }),
    jobsMissed: createCounter({
      name: 'kling_job_missed_total',
      help: 'Runs that a job missed while nothing ran; one run replaces all of them.',
      labels: ['job_name'],
    }),
    jobDurations: createHistogram({
      name: 'kling_job_duration_seconds',
      help: 'How long a run of a job took.',
      labels: ['job_name'],
      bounds: JOB_SECONDS,
    }),
  };
}

function alertInstruments() {
  return {
    alerts: createCounter({
      name: 'kling_alerts_total',
      help:
        'Events of alerts by their result on a channel: delivered, failed (tried again), undelivered (no more tries), ' +
        'kept_back (silenced, or covered by another alert).',
      labels: ['rule', 'channel', 'result'],
    }),
  };
}

function callbackInstruments() {
  return {
    callbacks: createCounter({
      name: 'kling_callbacks_total',
      help:
        'Requests at the receiver of callbacks: taken, repeated, refused as unsigned, malformed or of a wrong type or size, limited, ' +
        'failed (the store took nothing), for creates that are gone, and on unknown paths.',
      labels: ['result'],
    }),
    callbackRelays: createCounter({
      name: 'kling_callback_relays_total',
      help: 'Attempts to give a callback to the app’s own address: delivered, failed (tried again), undelivered (no more tries).',
      labels: ['result'],
    }),
  };
}
