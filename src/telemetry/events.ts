/**
 * One function for each business event: its metrics and its log line, together.
 *
 * **Invariant**: never throws (each function is wrapped); takes about two microseconds; writes at most one line
 * an event. A line holds our own fields only: no body, no prompt, no header.
 */
import type { CallRecord, RefusalRecord } from '../calls/call.ts';
import type { CreateLabels, Fact } from '../facts.ts';
import type { HeardFact } from '../outbox/heard-facts.ts';
import { toCredits, type MilliCredits } from '../units.ts';
import { createAccessLog, type CallPlace } from './access-log.ts';
import { createAlertEvents, type AlertEvents } from './alert-events.ts';
import { createCallbackEvents, type CallbackEvents } from './callback-events.ts';
import { createFactTeller, logHeardFact, type CreditState } from './fact-events.ts';
import { beginCredits, beginJobs, beginSeries } from './zero-series.ts';
import { createAppLabel, createBoundedWords, methodLabel, statusLabel } from './labels.ts';
import type { Log } from './log.ts';
import { createPacingEvents, type PacingEvents } from './pacing-events.ts';
import { createPriceDoubts, type PricedCreate } from './price-doubts.ts';
import { createResultEvents, type ResultEvents } from './result-events.ts';
import type { Instruments } from './metrics.ts';
import { createTaskRetryEvents, type TaskRetryEvents } from './task-retry-events.ts';
import type { AccessLogSetting } from './telemetry-config.ts';
import type { TraceIds } from './tracing.ts';

export interface EventsOptions {
  instruments: Instruments;
  knownApps: readonly string[];
  log: Log;
  /** Which lines of requests are written; all by default. */
  accessLog?: () => AccessLogSetting;
  /** The price of a credit now. */
  price: () => { perCredit: number; currency: string };
}

/** The events of the planes; each function returns at once and never throws. */
export interface BusinessEvents
  extends AlertEvents, CallbackEvents, PacingEvents, ResultEvents, TaskRetryEvents {
  /** An attempt at Kling ended, with any result. */
  callEnded(call: CallRecord, place?: CallPlace): void;
  /** The sidecar refused a request itself; `labels` if it was a create whose body had been read. */
  requestRefused(refusal: RefusalRecord, labels: CreateLabels | null, trace?: TraceIds | null): void;
  /** A create's hold is durable. */
  createHeld(labels: CreateLabels, credits: MilliCredits): void;
  /** A fact of the ledger or the tasks: counted, and logged unless it is one that somebody must hear. */
  facts(facts: readonly Fact[]): void;
  /** A fact of the outbox that somebody must hear: logged. */
  factHeard(fact: HeardFact): void;
  /** Observe mode let a request through, or left its body unchanged: `word` is the refusal's or the edit's. */
  wouldRefuse(word: string, message?: string): void;
  /** A create was priced: fields without a price are counted, and the reasons for an unsure price are logged once for each app. */
  createPriced(app: string, price: PricedCreate): void;
  /** `count` reads were answered but not journalled. */
  readUnrecorded(count: number): void;
  /** A batch of operations was sent to the store after its first one had waited this time. */
  storeWaited(queue: string, seconds: number): void;
  /** A look-up of a create in doubt ended. */
  lookedUp(result: 'found' | 'absent' | 'failed'): void;
  /** A run of a job ended; `missed` earlier runs were left out. */
  jobRan(run: { name: string; result: 'ok' | 'failed'; seconds: number; missed: number }): void;
  tokenRefreshed(result: 'ok' | 'failed'): void;
  /** Kling refused our credentials, and a new token did not help. */
  credentialsRefused(code: number): void;
  /** Config and secrets were read again, and applied or not. */
  configReloaded(result: 'ok' | 'failed'): void;
  /** A batch was committed. */
  storeCommitted(commit: { operations: number; seconds: number }): void;
  /** Sets the jobs that will run. */
  setJobs(names: readonly string[]): void;
  /** Replaces the configured apps after a reload. */
  setKnownApps(knownApps: readonly string[]): void;
}

const ROUTES_MAX = 256;
const WORDS_MAX = 128;

/** Makes the event functions over one set of instruments. */
export function createEvents(options: EventsOptions): BusinessEvents {
  const { instruments, knownApps, log, price, accessLog = () => 'all' } = options;
  const access = createAccessLog(log, accessLog);
  const app = createAppLabel(knownApps);
  const route = createBoundedWords(ROUTES_MAX);
  const code = createBoundedWords(WORDS_MAX);
  const model = createBoundedWords(WORDS_MAX);
  const word = createBoundedWords(WORDS_MAX);
  beginSeries(instruments);
  beginCredits(instruments, ['default', ...knownApps], price().currency);
  const addCredits = (labels: CreateLabels, credits: MilliCredits, state: CreditState): void => {
    const { perCredit, currency } = price();
    const values = [
      app.of(labels.app),
      labels.operation,
      model(labels.model ?? ''),
      labels.mode ?? '',
      state,
    ];
    instruments.credits.add(credits, ...values);
    instruments.cost.add(toCredits(credits) * perCredit, ...values, currency);
  };
  const logDoubts = createPriceDoubts(log);
  const onFact = createFactTeller({ instruments, log, addCredits, model });
  const events: BusinessEvents = {
    callEnded(call, place) {
      const template = route(call.route);
      const method = methodLabel(call.method);
      const status = statusLabel(call.status);
      const kind = call.code === null ? '' : code(String(call.code));
      instruments.requests.add(1, template, method, status, kind, app.of(call.app), call.outcome);
      instruments.durations.observe(call.durationMs / 1000, template, method, status);
      instruments.overheads.observe(call.overheadMs / 1000, template);
      access.call(call, place);
    },
    requestRefused(refusal, labels, trace) {
      if (refusal.wouldOnly) instruments.wouldRefuse.add(1, word(refusal.word));
      else {
        instruments.refusals.add(1, word(refusal.word));
        if (labels && refusal.credits !== null) addCredits(labels, refusal.credits, 'refused');
      }
      access.refused(refusal, trace);
    },
    createHeld: (labels, credits) => addCredits(labels, credits, 'held'),
    facts(facts) {
      for (const fact of facts) onFact(fact);
    },
    factHeard: (fact) => logHeardFact(log, fact),
    wouldRefuse(which, message) {
      instruments.wouldRefuse.add(1, word(which));
      log.info('would be refused', { event: 'would_refuse', word: which, message });
    },
    createPriced(caller, priced) {
      const { operation, unpricedFields } = priced;
      if (unpricedFields.length > 0) instruments.unpricedFields.add(unpricedFields.length, word(operation));
      logDoubts(caller, priced);
    },
    readUnrecorded: (count) => instruments.readsUnrecorded.add(count),
    credentialsRefused: (which) => instruments.credentialsRefused.add(1, code(String(which))),
    ...createPacingEvents({ instruments, log }, { code, word }),
    ...engineEvents(instruments),
    ...workEvents({ instruments, log }),
    setKnownApps(apps) {
      app.replace(apps);
      beginCredits(instruments, apps, price().currency);
    },
  };
  return guardAll(events, log);
}

/** Events of work beside requests, which are counted and logged. */
function workEvents(deps: {
  instruments: Instruments;
  log: Log;
}): AlertEvents & CallbackEvents & ResultEvents & TaskRetryEvents {
  return {
    ...createAlertEvents(deps),
    ...createCallbackEvents(deps),
    ...createResultEvents(deps),
    ...createTaskRetryEvents(deps),
  };
}

type EngineEvents = Pick<
  BusinessEvents,
  'storeWaited' | 'lookedUp' | 'jobRan' | 'tokenRefreshed' | 'configReloaded' | 'storeCommitted' | 'setJobs'
>;

/** Events of the sidecar's own parts, which are only counted. */
function engineEvents(instruments: Instruments): EngineEvents {
  return {
    storeWaited: (queue, seconds) => instruments.storeWaits.observe(seconds, queue),
    lookedUp: (result) => instruments.lookUps.add(1, result),
    jobRan({ name, result, seconds, missed }) {
      instruments.jobRuns.add(1, name, result);
      instruments.jobDurations.observe(seconds, name);
      instruments.jobsMissed.add(missed, name);
    },
    tokenRefreshed: (result) => instruments.tokenRefreshes.add(1, result),
    configReloaded: (result) => instruments.configReloads.add(1, result),
    storeCommitted: ({ seconds }) => instruments.storeCommits.observe(seconds),
    setJobs: (names) => beginJobs(instruments, names),
  };
}

/** Wraps every function: errors in telemetry never fail a request. */
function guardAll(events: BusinessEvents, log: Log): BusinessEvents {
  const guard =
    <A extends unknown[]>(tell: (...values: A) => void) =>
    (...values: A): void => {
      try {
        tell(...values);
      } catch (error) {
        log.error('an event could not be recorded', { event: 'telemetry_failed', error });
      }
    };
  return {
    callEnded: guard(events.callEnded),
    requestRefused: guard(events.requestRefused),
    createHeld: guard(events.createHeld),
    facts: guard(events.facts),
    factHeard: guard(events.factHeard),
    wouldRefuse: guard(events.wouldRefuse),
    createPriced: guard(events.createPriced),
    readUnrecorded: guard(events.readUnrecorded),
    retried: guard(events.retried),
    throttled: guard(events.throttled),
    queueWaited: guard(events.queueWaited),
    queueLeft: guard(events.queueLeft),
    poolPaused: guard(events.poolPaused),
    resultTried: guard(events.resultTried),
    storeWaited: guard(events.storeWaited),
    replayed: guard(events.replayed),
    createJoined: guard(events.createJoined),
    taskRetryQueued: guard(events.taskRetryQueued),
    taskRetryMade: guard(events.taskRetryMade),
    taskRetryDelayed: guard(events.taskRetryDelayed),
    taskRetriesEnded: guard(events.taskRetriesEnded),
    taskRetryNotKept: guard(events.taskRetryNotKept),
    lookedUp: guard(events.lookedUp),
    jobRan: guard(events.jobRan),
    tokenRefreshed: guard(events.tokenRefreshed),
    credentialsRefused: guard(events.credentialsRefused),
    configReloaded: guard(events.configReloaded),
    storeCommitted: guard(events.storeCommitted),
    setJobs: guard(events.setJobs),
    setKnownApps: guard(events.setKnownApps),
    alertBegan: guard(events.alertBegan),
    alertEnded: guard(events.alertEnded),
    alertSent: guard(events.alertSent),
    channelFailed: guard(events.channelFailed),
    channelWorks: guard(events.channelWorks),
    setChannels: guard(events.setChannels),
    callbackEnded: guard(events.callbackEnded),
    callbacksUnsigned: guard(events.callbacksUnsigned),
    fieldRefused: guard(events.fieldRefused),
    callbackRelayed: guard(events.callbackRelayed),
  };
}
