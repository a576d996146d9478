/**
 * The routes that make tasks and show them, in both generations.
 *
 * **Invariant**: a create is read, judged by the content policy and only then made; a read changes nothing but the count
 * of answers of an odd task.
 */
import { bodyFields, type KlingAccount, type Route, type TaskOrders } from './account.ts';
import type { Fields } from './fields.ts';
import type { OddityKind } from './oddities.ts';
import type { CreateReader } from './plan.ts';
import { shownNow } from './shown-state.ts';
import { KlingRefusal, success, type Json, type JsonObject } from './replies.ts';
import { legacyCreated, legacyView, newCreated, newView } from './task-views.ts';
import type { EmulatedTask } from './tasks.ts';

/** Words in a create's body that decide its end. */
export const TRIGGER_WORDS: Readonly<Record<string, string>> = {
  'forbidden-at-create': 'refused at once with 400/1301 (content security policy)',
  'policy-at-create': 'refused at once with 400/1300 (platform policy)',
  'forbidden-later': 'the task is made and fails with a content risk control message, not charged',
  'fail-please': 'the task is made and fails with an internal error message, not charged',
  'throttled-later': 'the task is made and fails at once with the text of 1303, not charged',
  'stuck-please': 'the task is made, charged, and never ends',
  'no-deduction-please': 'the task shows no cost in its answers and callbacks, though it was charged',
  'no-addresses-please': 'the task shows no results in its first three answers about its success',
  'contradicted-later': 'the task shows the other end from 60 s after its end on',
  'older-please': 'every second answer about the task shows its state before the present one',
};

const ODD_WORDS: Readonly<Record<string, OddityKind>> = {
  'no-deduction-please': 'no_deduction',
  'no-addresses-please': 'no_addresses',
  'contradicted-later': 'contradiction',
  'older-please': 'older_update',
};

/** The orders of a task that Kling rejects for its concurrency after the create was accepted. */
export const THROTTLED: TaskOrders = {
  fate: 'fail',
  failMessage: new KlingRefusal(1303).message,
  failsAtOnce: true,
};

const RISK_MESSAGE = 'Failure to pass the risk control system';
const FAIL_MESSAGE = 'Task failed: internal generation error';

/** Judges a body by its trigger words; refuses with 400/1300 or 400/1301. */
export function judge(body: Buffer): TaskOrders {
  if (body.includes('forbidden-at-create')) throw new KlingRefusal(1301);
  if (body.includes('policy-at-create')) throw new KlingRefusal(1300);
  if (body.includes('forbidden-later')) return { fate: 'fail', failMessage: RISK_MESSAGE };
  if (body.includes('fail-please')) return { fate: 'fail', failMessage: FAIL_MESSAGE };
  if (body.includes('throttled-later')) return THROTTLED;
  if (body.includes('stuck-please')) return { fate: 'stuck' };
  const [, kind] = Object.entries(ODD_WORDS).find(([word]) => body.includes(word)) ?? [];
  return kind === undefined ? {} : { oddity: { kind } };
}

/** Makes the create route of a path. */
export function createRoute(reader: CreateReader, generation: 'legacy' | 'new'): Route {
  return (request, account) => {
    const body = bodyFields(request, account);
    const plan = reader({ body, library: account.library });
    const orders = { ...judge(request.body), ...request.orders };
    const task = account.tasks.create({
      path: request.path,
      plan,
      fate: orders.fate ?? 'succeed',
      failMessage: orders.failMessage ?? FAIL_MESSAGE,
      failsAtOnce: orders.failsAtOnce ?? false,
      chargeMilli: orders.chargeMilli ?? null,
      resultBytes: orders.resultBytes ?? null,
      oddity: orders.oddity,
      apiKeyName: request.apiKeyName,
    });
    const reply = success(generation === 'new' ? newCreated(task) : legacyCreated(task));
    const early = account.callbacks.follow(task);
    return early === null ? reply : early.then(() => reply);
  };
}

/** A task as one answer shows it; the orders are those of the read. */
function show(
  view: typeof newView,
  task: EmulatedTask,
  { tasks, time, library }: KlingAccount,
  { oddity }: TaskOrders,
): JsonObject {
  return view(task, shownNow(task, { tasks, wallMs: time.wallMs() }, oddity), library);
}

/** Shows one legacy task of `path` by its id or external id; an unknown one is 400/1201. */
export function legacyRead(path: string, id: string): Route {
  return ({ orders }, account) => {
    const { tasks } = account;
    // The vendor's page for this path names only the system id (kling-api.md, section 3.2).
    const byName = path === '/v1/videos/advanced-lip-sync' ? undefined : tasks.byExternalId(id);
    const task = tasks.byId(id) ?? byName;
    if (task === undefined || task.path !== path) throw new KlingRefusal(1201, `Task not found: ${id}`);
    return success(show(legacyView, task, account, orders));
  };
}

/** Gives one page of a list, newest first; invalid page numbers are 400/1201. */
export function pageOf<Item>(items: readonly Item[], query: URLSearchParams, pageSizeMax: number): Item[] {
  const page = numberFrom(query, 'pageNum', 1, 1000);
  const size = numberFrom(query, 'pageSize', 30, pageSizeMax);
  return items.slice((page - 1) * size, page * size);
}

function numberFrom(query: URLSearchParams, name: string, fallback: number, max: number): number {
  const text = query.get(name);
  if (text === null || text === '') return fallback;
  const value = /^\d{1,9}$/.test(text) ? Number(text) : 0;
  if (value < 1 || value > max) throw new KlingRefusal(1201, `${name} must be within [1, ${max}]`);
  return value;
}

/** Lists the legacy tasks of a path. */
export function legacyList(path: string): Route {
  const pageSizeMax = path === '/v1/general/custom-voices' ? 1000 : 500;
  return (request, account) => {
    const own = account.tasks.all().filter((task) => task.path === path);
    const page = pageOf(own.toReversed(), request.query, pageSizeMax);
    return success(page.map((task) => show(legacyView, task, account, request.orders)));
  };
}

const IDS_MAX = 20;

/** `GET /tasks`: up to 20 tasks by id or by external id; unknown ones are absent. */
export const readTasks: Route = ({ query, orders }, account) => {
  const { tasks } = account;
  const ids = idsIn(query.get('task_ids'));
  const externalIds = idsIn(query.get('external_task_ids'));
  const total = ids.length + externalIds.length;
  if (total === 0) throw new KlingRefusal(1201, 'task_ids or external_task_ids is required');
  if (total > IDS_MAX) throw new KlingRefusal(1201, `at most ${IDS_MAX} ids, got ${total}`);
  const found = [...ids.map((id) => tasks.byId(id)), ...externalIds.map((id) => tasks.byExternalId(id))];
  const present = found.filter((task): task is EmulatedTask => task !== undefined);
  return success(present.map((task) => show(newView, task, account, orders)));
};

function idsIn(text: string | null): string[] {
  return (text ?? '').split(',').filter((id) => id !== '');
}

/** A cursor contains the whole query, so it overrides all other fields. */
export interface CursorState {
  from: number;
  to: number;
  limit: number;
  filters: { key: string; values: string[] }[];
  /** The number of matching items in earlier pages. */
  given: number;
}

export interface CursorRule {
  limitDefault: number;
  limitMax: number;
  keys: readonly string[];
  /** The default range; null makes both times required. */
  defaultRange: { from: number; to: number } | null;
}

/** Reads the query of a cursor list; an invalid cursor is 400/1201. */
export function cursorState(body: Fields, rule: CursorRule): CursorState {
  const cursor = body.text('cursor');
  if (cursor !== undefined) return decodeCursor(body, cursor);
  const from = timeOf(body, 'start_time') ?? rule.defaultRange?.from ?? body.missing('start_time');
  const to = timeOf(body, 'end_time') ?? rule.defaultRange?.to ?? body.missing('end_time');
  if (from >= to) body.refuse('start_time', 'must be earlier than end_time');
  const filters = body.list('filters', 20).map((filter) => ({
    key: filter.needChoice('key', rule.keys),
    values: filter.values('values', 500).map(String),
  }));
  return { from, to, limit: body.whole('limit', 1, rule.limitMax) ?? rule.limitDefault, filters, given: 0 };
}

/** Times are numbers or text (kling-api.md, section 3.1). */
function timeOf(body: Fields, name: string): number | undefined {
  const text = body.id(name);
  if (text === undefined) return undefined;
  return /^\d{1,15}$/.test(text) ? Number(text) : body.refuse(name, 'must be a Unix time in ms');
}

function decodeCursor(body: Fields, cursor: string): CursorState {
  try {
    const state = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8')) as CursorState;
    if (Number.isInteger(state.given) && Array.isArray(state.filters)) return state;
  } catch {
    // The refusal follows below.
  }
  return body.refuse('cursor', 'is invalid');
}

export interface CursorPage<Item> {
  items: Item[];
  tail: { next_cursor: string; has_more: boolean };
}

/** Gives the next page of the matching items. */
export function cursorPage<Item>(matching: readonly Item[], state: CursorState): CursorPage<Item> {
  const given = state.given + state.limit;
  const hasMore = given < matching.length;
  const next = hasMore ? Buffer.from(JSON.stringify({ ...state, given })).toString('base64url') : '';
  return { items: matching.slice(state.given, given), tail: { next_cursor: next, has_more: hasMore } };
}

/** Returns whether a value passes the filters of a key; an empty list of values does not filter. */
export function passes(state: CursorState, key: string, value: string): boolean {
  return state.filters
    .filter((filter) => filter.key === key && filter.values.length > 0)
    .every((filter) => filter.values.includes(value));
}

const MONTH_MS = 30 * 86_400_000;
/** The values of the filters of `POST /tasks` (kling-api.md, section 3.1). */
const TASK_FILTERS: Readonly<Record<string, readonly string[]>> = {
  status: ['submitted', 'processing', 'succeeded', 'failed'],
  product_type: ['video', 'image', 'try_on'],
};

/** `POST /tasks`: every task of the account, newest first, by cursor. */
export const listTasks: Route = (request, account) => {
  const { tasks, time } = account;
  const now = time.wallMs();
  const body = bodyFields(request, account);
  const to = timeOf(body, 'end_time') ?? now;
  const defaultRange = { from: to - MONTH_MS, to };
  const keys = Object.keys(TASK_FILTERS);
  const state = cursorState(body, { limitDefault: 100, limitMax: 500, keys, defaultRange });
  for (const { key, values } of state.filters) {
    const wrong = values.find((value) => TASK_FILTERS[key]?.includes(value) !== true);
    if (wrong !== undefined) body.refuse('filters', `value '${wrong}' of ${key} is invalid`);
  }
  const matching = tasks
    .all()
    .filter((task) => task.createdWallMs >= state.from && task.createdWallMs <= state.to)
    .filter((task) => passes(state, 'status', tasks.stateOf(task).stage))
    .filter((task) => passes(state, 'product_type', task.plan.productType));
  const { items, tail } = cursorPage(matching.toReversed(), state);
  const result: Json = items.map((task) => show(newView, task, account, request.orders));
  return success({ result, count: items.length, ...tail });
};
