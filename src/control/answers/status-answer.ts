/** `GET /v1/status`: the state of the process and of money in one answer; and the freeze alone. */
import { listBudgets } from '../../budget/budget-table.ts';
import { readWouldHave, type WouldHaveCounts } from '../../calls/would-have-table.ts';
import { readAdoption } from '../../ledger/adoption.ts';
import { freezeState, type FreezeState } from '../../ledger/freeze.ts';
import type { Store } from '../../store/store.ts';
import { retryQueue } from '../../tasks/retry-table.ts';
import { toCredits } from '../../units.ts';
import type { ControlCommands, LiveStatus } from '../commands.ts';
import type { FreezeAnswer, StatusAnswer } from '../schemas.ts';
import { shapeAdoption } from './adoption-answer.ts';
import { alertsOfStatus } from './alert-answer.ts';
import { shapeBudget } from './budget-answer.ts';
import { shapePacing } from './queue-answer.ts';
import { iso, isoOrNull } from './shape.ts';

/** Joins the state of the process with that of money, budgets and alerts, at the present instant. */
export async function answerStatus(commands: ControlCommands): Promise<StatusAnswer> {
  const { reader, alerts } = commands;
  const limits = await commands.stuck();
  const at = commands.now();
  const cash = commands.cash();
  const live = commands.status();
  const [{ budgets }, money, wouldHave, adopted, ofAlerts, retries] = await Promise.all([
    reader.read(listBudgets, { at, isSummary: true }),
    commands.money({ at, stuck: limits }),
    reader.read(readWouldHave, {}),
    reader.read(readAdoption, {}),
    alertsOfStatus(reader, alerts),
    reader.read(retryQueue, {}),
  ]);
  const { version, mode, environment, upstream, uptimeSeconds, pid, clockOffsetMs, store } = live;
  return {
    version,
    mode,
    environment,
    upstream,
    ...shapeFreeze(money.frozen),
    uptimeSeconds,
    pid,
    budgets: budgets.map((row) => shapeBudget(row, cash)),
    ...shapePacing(live),
    inDoubtHolds: money.inDoubtHolds,
    inDoubtCredits: toCredits(money.inDoubtCredits),
    oldestDoubtSince: isoOrNull(money.oldestDoubtSince),
    openHolds: money.openHolds,
    adoption: shapeAdoption(adopted),
    heldElsewhere: money.elsewhere.map((row) => ({ ...row, credits: toCredits(row.credits) })),
    heldCredits: toCredits(money.heldCredits),
    openTasks: money.openTasks.map(({ product, state, tasks, stuck }) => ({ product, state, tasks, stuck })),
    taskRetries: { waiting: retries.waiting, nextAt: isoOrNull(retries.nextAt) },
    alerts: ofAlerts,
    clockOffsetMs,
    kling: shapeKling(live.kling),
    metrics: { readAt: isoOrNull(live.metricsReadAt) },
    store: { ...store },
    ...shapeWouldHave(wouldHave),
  };
}

function shapeWouldHave({
  since,
  rows,
}: WouldHaveCounts): Pick<StatusAnswer, 'wouldHave' | 'wouldHaveSince' | 'wouldHaveBy'> {
  const byWord = new Map<string, number>();
  for (const { word, count } of rows) byWord.set(word, (byWord.get(word) ?? 0) + count);
  return {
    wouldHave: [...byWord].map(([word, count]) => ({ word, count })),
    wouldHaveSince: isoOrNull(since),
    wouldHaveBy: rows.map((row) => ({ ...row, credits: toCredits(row.credits) })),
  };
}

function shapeKling({ credentials, refusal, unreachable }: LiveStatus['kling']): StatusAnswer['kling'] {
  return {
    credentials,
    refusal: refusal && { ...refusal, since: iso(refusal.since) },
    unreachable: unreachable && { ...unreachable, since: iso(unreachable.since) },
  };
}

/** Returns whether spending is frozen, by whom and why. */
export async function answerFreeze(reader: Pick<Store, 'read'>): Promise<FreezeAnswer> {
  return shapeFreeze(await reader.read(freezeState, {}));
}

function shapeFreeze(state: FreezeState | null): FreezeAnswer {
  const freeze = state && { reason: state.reason, actor: state.actor, since: iso(state.since) };
  return { frozen: state !== null, freeze };
}
