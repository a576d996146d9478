/**
 * What is relayed: a body of Kling's as it came, if it is sure that it is Kling's, or one made from Kling's answer to a query.
 *
 * A signed body is Kling's. One without signature is taken for Kling's only if it says nothing that the query's answer does not
 * say: somebody who knows our address could have written it.
 *
 * **Invariant**: nothing that Kling did not say reaches an app. The text of a body that is taken is not changed.
 */
import { isDeepStrictEqual } from 'node:util';
import { fieldOf, parseKeepingDigits } from '../kling/json-value.ts';
import { scanBody, memberOf, type JsonNode } from '../kling/strict-json.ts';
import { itemsOf, sightingOf } from '../kling/task-shape.ts';
import type { MadeDelivery, OpenRelay, RelayedCallback } from '../tasks/relay-table.ts';
import { isTerminal } from '../tasks/task-state.ts';
import type { CallbackStatus } from '../tasks/callback-table.ts';
import type { Ms } from '../units.ts';
import type { TaskState } from '../words.ts';

/** How long Kling's own callback of an end is waited for. */
export const WAIT_MS: Ms = 60_000;
/** The last rank: the task has ended. */
const ENDED = 2;

const RANKS: Readonly<Record<CallbackStatus, number>> = {
  unknown: -1,
  submitted: 0,
  processing: 1,
  succeeded: ENDED,
  failed: ENDED,
};

/** Members that change with each state, and harm nobody. */
const STATE_MEMBERS: ReadonlySet<string> = new Set([
  'task_status',
  'status',
  'created_at',
  'updated_at',
  'create_time',
  'update_time',
]);
const ID_MEMBERS: ReadonlySet<string> = new Set(['task_id', 'id', 'external_id']);

/** What to do for a relay now. */
export interface RelayPlan {
  /** Messages to keep, in order. */
  made: readonly MadeDelivery[];
  /** Whether no further message follows: the task has ended and was reported, or there is no task. */
  isOver: boolean;
  /** Whether Kling's answer is needed, since no sure body of the end is here. */
  asksAt: Ms | null;
}

/** The query's answer for a task: the text of its item, and its value. */
export interface TaskItem {
  text: string;
  value: unknown;
}

/**
 * Plans the messages of a relay. `item` is Kling's answer, or null before it was asked; with it, a body of the end without
 * signature can be compared, and after {@link WAIT_MS} one is made.
 */
export function planRelay(
  relay: OpenRelay,
  { item, now, newId }: { item: TaskItem | null; now: Ms; newId: () => string },
): RelayPlan {
  const { taskId, taskState, holdState, sentRank } = relay;
  if (taskId === null || taskState === null) {
    const isOver = holdState !== 'held';
    return { made: [], isOver, asksAt: null };
  }
  const made: MadeDelivery[] = [];
  for (let rank = sentRank + 1; rank <= Math.min(RANKS[taskState], ENDED - 1); rank += 1) {
    const found = relay.callbacks.find((each) => RANKS[each.status] === rank && isSure(each, relay, null));
    if (found) made.push(deliveryOf(found, rank, newId));
  }
  if (!isTerminal(taskState)) return { made, isOver: false, asksAt: null };
  const ends = relay.callbacks.filter(({ status }) => status === taskState);
  const end = ends.find((each) => isSure(each, relay, item));
  if (end) return { made: [...made, deliveryOf(end, ENDED, newId)], isOver: true, asksAt: null };
  const makesAt = (relay.changedAt ?? now) + WAIT_MS;
  if (item !== null && now >= makesAt && showsState(item, taskId, taskState)) {
    const own: MadeDelivery = { rank: ENDED, id: newId(), body: item.text, origin: 'query' };
    return { made: [...made, own], isOver: true, asksAt: null };
  }
  // An end without signature is compared at once; without any, Kling's own is waited for.
  const asksAt = ends.length > 0 && item === null ? now : Math.max(makesAt, now);
  return { made, isOver: false, asksAt };
}

function deliveryOf(
  { webhookId, isSigned, body }: RelayedCallback,
  rank: number,
  newId: () => string,
): MadeDelivery {
  return {
    rank,
    id: isSigned && webhookId !== null && webhookId !== '' ? webhookId : newId(),
    body,
    origin: 'callback',
  };
}

/** Returns whether a body is Kling's, and of this task. */
function isSure({ body, isSigned }: RelayedCallback, relay: OpenRelay, item: TaskItem | null): boolean {
  const value = parseKeepingDigits(Buffer.from(body));
  if (typeof value !== 'object' || value === null) return false;
  const shown = sightingOf(value, 'video');
  if (shown === null || shown.taskId !== relay.taskId) return false;
  if (isSigned) return true;
  if (shown.externalTaskId !== null && shown.externalTaskId !== relay.externalTaskId) return false;
  return isTerminal(shown.state) ? item !== null && saysNoMore(value, item.value) : saysNoMore(value, {});
}

/** Returns whether each member of a body is also in Kling's answer with the same value, or is empty. */
function saysNoMore(body: object, answer: unknown): boolean {
  return Object.entries(body).every(([name, value]) => {
    if (STATE_MEMBERS.has(name)) return typeof value === 'string' || typeof value === 'number';
    if (ID_MEMBERS.has(name) || isEmpty(value) || isDeepStrictEqual(value, fieldOf(answer, name)))
      return true;
    // Of it only the external id may be there, which was compared.
    return (
      name === 'task_info' &&
      Object.entries(value as object).every(([key, each]) => key === 'external_task_id' || isEmpty(each))
    );
  });
}

function isEmpty(value: unknown): boolean {
  if (value === null || value === '' || value === '0') return true;
  return typeof value === 'object' && Object.values(value).every(isEmpty);
}

function showsState({ value }: TaskItem, taskId: string, state: TaskState): boolean {
  const shown = sightingOf(value, 'video');
  return shown !== null && shown.taskId === taskId && shown.state === state;
}

/** Finds a task in an answer of Kling's, with the very text of its item; null if it is not there or not readable. */
export function itemIn(bytes: Buffer, taskId: string): TaskItem | null {
  const data = fieldOf(parseKeepingDigits(bytes), 'data');
  const at = itemsOf(data).findIndex((item) => sightingOf(item, 'video')?.taskId === taskId);
  if (at < 0) return null;
  const node = itemNode(bytes, at);
  return node && { text: bytes.toString('utf8', node.start, node.end), value: itemsOf(data)[at] };
}

function itemNode(bytes: Buffer, at: number): JsonNode | null {
  try {
    const data = memberOf(scanBody(bytes), 'data');
    if (data === undefined) return null;
    if (data.kind === 'array') return data.values[at] ?? null;
    const result = memberOf(data, 'result');
    return (result?.kind === 'array' ? result.values[at] : data) ?? null;
  } catch {
    return null;
  }
}
