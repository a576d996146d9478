/** `GET /v1/status`: the state of the process and of money in one answer; and the freeze alone. */
import type { AlertLanguage } from '../../alerts/settings.ts';
import { readWouldHave, type WouldHaveCounts } from '../../calls/would-have-table.ts';
import { readAdoption } from '../../ledger/adoption.ts';
import { freezeState, type FreezeState } from '../../ledger/freeze.ts';
import { lastHour, type LastHour } from '../../ledger/last-hour.ts';
import type { OpenTaskCount } from '../../ledger/status.ts';
import type { Store } from '../../store/store.ts';
import { retryQueue } from '../../tasks/retry-table.ts';
import { toCredits, type Ms } from '../../units.ts';
import type { ControlCommands, LiveStatus } from '../commands.ts';
import type { FreezeAnswer, StatusAnswer } from '../schemas.ts';
import { shapeAdoption } from './adoption-answer.ts';
import { alertsOfStatus } from './alert-answer.ts';
import { answerBudgets } from './budget-answer.ts';
import { answerDelivery } from './delivery-answer.ts';
import { shapePacing } from './queue-answer.ts';
import { iso, isoOrNull } from './shape.ts';

/** Joins the state of the process with that of money, budgets and alerts, at the present instant; titles of alerts are in a language. */
export async function answerStatus(
  commands: ControlCommands,
  language: AlertLanguage | undefined,
): Promise<StatusAnswer> {
  const { reader, alerts } = commands;
  const limits = await commands.stuck();
  const at = commands.now();
  const live = commands.status();
  const bounds = ageBounds(at);
  const [{ budgets }, money, hour, wouldHave, adopted, ofAlerts, retries, delivery] = await Promise.all([
    answerBudgets(commands, true),
    commands.money({ at, stuck: limits, madeBefore: bounds }),
    reader.read(lastHour, { at }),
    reader.read(readWouldHave, {}),
    reader.read(readAdoption, {}),
    alertsOfStatus(reader, alerts, language),
    reader.read(retryQueue, {}),
    answerDelivery(reader, live),
  ]);
  const { version, mode, environment, upstream, account, uptimeSeconds, pid, clockOffsetMs, store } = live;
  return {
    version,
    mode,
    environment,
    upstream,
    account,
    ...shapeFreeze(money.frozen),
    uptimeSeconds,
    pid,
    budgets,
    ...shapePacing(live),
    inDoubtHolds: money.inDoubtHolds,
    inDoubtCredits: toCredits(money.inDoubtCredits),
    oldestDoubtSince: isoOrNull(money.oldestDoubtSince),
    openHolds: money.openHolds,
    adoption: shapeAdoption(adopted),
    heldElsewhere: money.elsewhere.map((row) => ({ ...row, credits: toCredits(row.credits) })),
    heldCredits: toCredits(money.heldCredits),
    openTasks: money.openTasks.map((row) => shapeOpenTasks(row, bounds)),
    lastHour: shapeHour(hour),
    taskRetries: { waiting: retries.waiting, nextAt: isoOrNull(retries.nextAt) },
    alerts: ofAlerts,
    clockOffsetMs,
    kling: shapeKling(live.kling),
    metrics: { readAt: isoOrNull(live.metricsReadAt) },
    ...delivery,
    store: { ...store },
    ...shapeWouldHave(wouldHave),
  };
}

const MINUTE_MS: Ms = 60_000;
/** The ages of open tasks that are counted apart. */
const AGES_MS: readonly Ms[] = [5, 15, 60, 360, 1440].map((minutes) => minutes * MINUTE_MS);

/** Gives the instants that divide open tasks by age, the latest first. They move once a minute, so that an answer stays the same. */
function ageBounds(at: Ms): Ms[] {
  const minute = Math.floor(at / MINUTE_MS) * MINUTE_MS;
  return AGES_MS.map((age) => minute - age);
}

function shapeOpenTasks(
  { product, state, tasks, stuck, madeBefore }: OpenTaskCount,
  bounds: readonly Ms[],
): StatusAnswer['openTasks'][number] {
  const ages = [...bounds, null].map((from, place) => ({
    from: isoOrNull(from),
    to: isoOrNull(bounds[place - 1] ?? null),
    tasks: (madeBefore[place - 1] ?? tasks) - (madeBefore[place] ?? 0),
  }));
  return { product, state, tasks, stuck, ages };
}

function shapeHour({ from, calls, failedTasks, refused }: LastHour): StatusAnswer['lastHour'] {
  return {
    from: iso(from),
    calls,
    failedTasks: { tasks: failedTasks.tasks, from: iso(failedTasks.from) },
    refused,
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

function shapeKling({
  credentials,
  refusal,
  unreachable,
  lastAnswer,
}: LiveStatus['kling']): StatusAnswer['kling'] {
  return {
    credentials,
    refusal: refusal && { ...refusal, since: iso(refusal.since) },
    unreachable: unreachable && { ...unreachable, since: iso(unreachable.since) },
    lastAnswer: lastAnswer && { ...lastAnswer, at: iso(lastAnswer.at) },
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
