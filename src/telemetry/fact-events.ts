/** Turns facts into metrics and log lines: counts credits and tasks, and logs what somebody should read. */
import type { CreateLabels, Fact } from '../facts.ts';
import type { HeardFact } from '../outbox/heard-facts.ts';
import { toCredits, type MilliCredits } from '../units.ts';
import { failureReason, type FailureReason } from '../kling/task-failures.ts';
import type { Log } from './log.ts';
import type { Instruments } from './metrics.ts';

/** The `state` label of `kling_credits_total`. */
export type CreditState = 'held' | 'settled' | 'released' | 'refused';

interface FactTeller {
  instruments: Instruments;
  log: Log;
  addCredits: (labels: CreateLabels, credits: MilliCredits, state: CreditState) => void;
  model: (word: string) => string;
}

type FactOf<K extends Fact['kind']> = Extract<Fact, { kind: K }>;

/** Makes the function that counts and logs one fact. */
export function createFactTeller({ instruments, log, addCredits, model }: FactTeller): (fact: Fact) => void {
  const resolved = (fact: FactOf<'hold_resolved'>): void => {
    // A write-off counts as spent (docs/glossary.md).
    if (fact.state === 'released') addCredits(fact, fact.heldCredits, 'released');
    else addCredits(fact, fact.credits, 'settled');
    if (fact.basis === 'reported' && fact.state === 'settled') {
      instruments.estimateErrors.observe(toCredits(fact.credits - fact.heldCredits), fact.operation);
    }
    log.debug('hold resolved', {
      event: 'hold_resolved',
      holdId: fact.holdId,
      state: fact.state,
      ...creditsOf(fact),
      basis: fact.basis,
    });
  };
  const taskChanged = (fact: FactOf<'task_changed'>): void => {
    const hasEnded = fact.to === 'succeeded' || fact.to === 'failed';
    if (hasEnded) {
      const seconds = Math.max(0, fact.ageMs) / 1000;
      const labels = [fact.operation, model(fact.model ?? ''), fact.mode ?? '', fact.to];
      instruments.taskDurations.observe(seconds, ...labels);
    }
    if (fact.to === 'failed') {
      const reason = failureReason(fact.statusMessage);
      logFailed(log, fact, reason);
      instruments.taskFailures.add(1, fact.operation, reason);
      // The same refusal as a 1303, only later.
      if (reason === 'concurrency') instruments.throttles.add(1, '1303');
    }
    const { holdId, taskId, from, to, statusMessage, ageMs } = fact;
    const fields = { event: 'task_changed', holdId, taskId, from, to, statusMessage, ageMs } as const;
    log[hasEnded ? 'info' : 'debug']('task changed', fields);
  };
  return (fact) => {
    switch (fact.kind) {
      case 'hold_resolved':
        return resolved(fact);
      case 'task_changed':
        return taskChanged(fact);
      case 'hold_adjusted':
        addCredits(fact, Math.abs(fact.byCredits), fact.byCredits < 0 ? 'released' : 'settled');
        return log.info('hold adjusted', {
          event: fact.kind,
          holdId: fact.holdId,
          byCredits: toCredits(fact.byCredits),
        });
      case 'doubt_ended':
        return void (fact.found && logDoubtEnded(log, fact));
      default:
        // The outbox delivers it to the log (logHeardFact), now or after the next start.
        return undefined;
    }
  };
}

/** Logs a fact that somebody must hear: the log is a receiver of the outbox. */
export function logHeardFact(log: Log, fact: HeardFact): void {
  switch (fact.kind) {
    case 'budget_threshold':
      return log.warn('a budget reached a threshold', {
        event: fact.kind,
        budget: fact.budget,
        windowKey: fact.windowKey,
        share: fact.share,
        usedCredits: toCredits(fact.usedCredits),
        limitCredits: toCredits(fact.limitCredits),
      });
    case 'create_unpriced':
      return log.warn('creates are held without a price of their own; pricing.overrides can name it', {
        event: fact.kind,
        route: fact.route,
        operation: fact.operation,
        model: fact.model,
        app: fact.app,
        heldCredits: toCredits(fact.heldCredits),
      });
    case 'actual_above_estimate':
      return log.warn('Kling deducted more than was held', {
        event: fact.kind,
        holdId: fact.holdId,
        ...creditsOf(fact),
      });
    case 'hold_in_doubt':
      return log.warn('nobody knows yet whether Kling took this create; its hold stays', {
        event: fact.kind,
        holdId: fact.holdId,
        externalTaskId: fact.externalTaskId,
      });
    case 'doubt_ended':
      return logDoubtEnded(log, fact);
    case 'task_contradicted':
      return logContradicted(log, fact);
    case 'task_lost':
      return logTaskLost(log, fact);
    case 'result_lost':
      return logResultLost(log, fact);
    case 'claim_drafted':
      return log.warn('a claim was drafted; it waits to be read and filed', {
        event: fact.kind,
        month: fact.month,
        revision: fact.revision,
        percent: fact.percent,
        folder: fact.folder,
      });
    case 'claim_withdrawn':
      return log.warn('the draft of a claim was withdrawn: nothing is due any more, do not file it', {
        event: fact.kind,
        month: fact.month,
        revision: fact.revision,
        why: fact.why,
      });
    case 'claim_deadline':
      return logDeadline(log, fact);
    case 'spending_frozen':
      return log.warn('spending is frozen', { event: fact.kind, reason: fact.reason, actor: fact.actor });
    case 'spending_resumed':
      return log.warn('spending is resumed', { event: fact.kind, reason: fact.reason, actor: fact.actor });
    case 'job_ended':
      return logJobEnded(log, fact);
  }
}

function logTaskLost(log: Log, fact: FactOf<'task_lost'>): void {
  log.warn('a task is lost: open for 30 days without an end; its hold stays', {
    event: fact.kind,
    holdId: fact.holdId,
    taskId: fact.taskId,
    state: fact.state,
    heldCredits: toCredits(fact.heldCredits),
  });
}

function logResultLost(log: Log, { kind, holdId, taskId, why }: FactOf<'result_lost'>): void {
  log.warn('a result was not saved in time', { event: kind, holdId, taskId, why });
}

function logFailed(log: Log, fact: FactOf<'task_changed'>, reason: FailureReason): void {
  const { holdId, taskId, app, operation, model, statusMessage } = fact;
  const fields = {
    event: 'task_failed',
    holdId,
    taskId,
    app,
    operation,
    model,
    reason,
    statusMessage,
  } as const;
  log.info('a task failed', fields);
}

function logContradicted(log: Log, fact: FactOf<'task_contradicted'>): void {
  const { kind: event, holdId, taskId, known, seen, statusMessage } = fact;
  const fields = { event, holdId, taskId, known, seen, statusMessage } as const;
  log.warn('an answer of Kling’s contradicts the end of a task; the first end stays', fields);
}

function logDoubtEnded(log: Log, { holdId, found, taskId }: FactOf<'doubt_ended'>): void {
  log.info('a create in doubt was resolved', { event: 'doubt_ended', holdId, found, taskId });
}

function logJobEnded(log: Log, { job, result, error, missed }: FactOf<'job_ended'>): void {
  const fields = { event: 'job_ended', job, result, missed, ...(error === null ? {} : { error }) } as const;
  if (result === 'failed') log.warn('a job failed; it is tried again', fields);
  else
    log.info(missed > 0 ? 'a job ran after some of its runs were missed' : 'a job succeeded again', fields);
}

const DEADLINES = {
  open: 'a drafted claim may be filed now (claim show)',
  due: 'a drafted claim can be filed for a few more days only',
  missed: 'a drafted claim was not filed in time',
  voucher_ends: 'a granted voucher ends soon',
} as const;

function logDeadline(log: Log, fact: Extract<Fact, { kind: 'claim_deadline' }>): void {
  const { month, revision, percent, daysLeft, earliest, latest, folder } = fact;
  log.warn(DEADLINES[fact.step], {
    event: fact.kind,
    month,
    revision,
    percent,
    daysLeft,
    earliest,
    latest,
    folder,
  });
}

function creditsOf(fact: { credits: MilliCredits; heldCredits: MilliCredits }): Record<string, number> {
  return { credits: toCredits(fact.credits), heldCredits: toCredits(fact.heldCredits) };
}
