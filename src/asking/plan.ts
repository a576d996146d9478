/**
 * Plans the requests that ask for tasks: batches of twenty if the credentials allow it, else one at a time.
 *
 * Only API keys may use `GET /tasks`, which shows tasks of both generations (kling-api.md, section 3.1, read
 * 2026-11-21); with access and secret key each task is asked for at the path that made it.
 */
import type { UpstreamAsked } from '../budget/hold-upstream.ts';
import type { CashPrice } from '../account/row-credits.ts';
import { createAnswerFor, isSuccess, showsTasks, sightingsIn as klingSightings } from '../kling/envelope.ts';
import {
  BATCH_IDS_MAX,
  batchQuery,
  isAbsence,
  isBatchable,
  listQuery,
  lookUpWay,
  singleQuery,
} from '../kling/look-up.ts';
import { findRoute, UNKNOWN_CREATE, type KlingRoute, type RouteTable } from '../kling/routes.ts';
import type { Credentials } from '../kling/token.ts';
import type { DueLookUp, StoredAnswer } from '../ledger/ledger.ts';
import type { TaskSighting } from '../tasks/task.ts';
import type { Exchange } from '../upstream/upstream.ts';
import type { Answer } from '../upstream/whole-answer.ts';

/** A task to ask for: by Kling's id or by the external one. */
interface Asked {
  path: string;
  route: string;
}

/** One GET and its tasks. */
export interface Ask<T> {
  path: string;
  route: string;
  way: 'batch' | 'single' | 'list';
  asked: T[];
}

/** The input of a plan: the routes that our credentials may use, and the known id. */
export interface AskOptions<T> {
  routes: RouteTable;
  credentials: Credentials['kind'];
  by: 'task_ids' | 'external_task_ids';
  idOf: (item: T) => string;
}

/** Plans the GETs that ask for `items`; `left` are those that cannot be asked for with these credentials. */
export function planAsks<T extends Asked>(
  items: readonly T[],
  options: AskOptions<T>,
): { asks: Ask<T>[]; left: T[] } {
  const { routes, credentials, by, idOf } = options;
  const asks: Ask<T>[] = [];
  const left: T[] = [];
  let batch: T[] = [];
  for (const item of items) {
    const route = routes.byTemplate(item.route) ?? UNKNOWN_CREATE;
    const way = by === 'task_ids' && credentials === 'ak_sk' ? 'single' : lookUpWay(route, credentials);
    if (way === 'batch' && isBatchable(idOf(item))) {
      batch.push(item);
      if (batch.length < BATCH_IDS_MAX) continue;
      asks.push(batchAsk(batch, options));
      batch = [];
    } else {
      const ask =
        way === 'list' ? listAsk(route, item) : singleAsk(withQueryPath(route, item), item, idOf(item));
      if (ask) asks.push(ask);
      else left.push(item);
    }
  }
  if (batch.length > 0) asks.push(batchAsk(batch, options));
  return { asks, left };
}

/** Gives the asked upstream, in the form that the ledger compares with a hold's. */
export function askedOf({ host, account, fingerprint }: Exchange['line']): UpstreamAsked {
  return { host, account, fingerprint };
}

/** The most requests of one pass at once. */
const AT_ONCE = 4;

/** Asks for all, a few at a time: one that hangs does not delay the others. `ask` does not reject. */
export async function askAll<T>(asks: readonly Ask<T>[], ask: (one: Ask<T>) => Promise<void>): Promise<void> {
  const queue = asks.values();
  const lane = async (): Promise<void> => {
    for (const one of queue) await ask(one);
  };
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, asks.length) }, lane));
}

/** A task of a route that we do not know is asked for as Kling's legacy tasks are: below the path that made it. */
function withQueryPath(route: KlingRoute, { path }: Asked): KlingRoute {
  const isOpen = route.queryPath === null && route.generation === 'legacy' && path.startsWith('/v1/');
  return isOpen ? { ...route, queryPath: path } : route;
}

function batchAsk<T>(asked: T[], { by, idOf }: AskOptions<T>): Ask<T> {
  return { path: batchQuery(asked.map(idOf), by), route: '/tasks', way: 'batch', asked };
}

function singleAsk<T>(route: KlingRoute, item: T, id: string): Ask<T> | null {
  const path = singleQuery(route, id);
  return path === null ? null : { path, route: `${route.queryPath}/{id}`, way: 'single', asked: [item] };
}

function listAsk<T>(route: KlingRoute, item: T): Ask<T> | null {
  const path = listQuery(route, 1);
  return path === null ? null : { path, route: route.queryPath ?? '', way: 'list', asked: [item] };
}

/** Returns whether Kling refused a whole batch, perhaps for one id in it: then each is asked for alone. */
export function isRefusedBatch(ask: Ask<unknown>, answer: Answer | null): boolean {
  if (ask.way !== 'batch' || ask.asked.length === 1 || answer === null) return false;
  return [400, 404, 413, 414, 422, 431].includes(answer.status);
}

/** Returns whether an answer is Kling's about the tasks themselves: their states, or that there are none. */
export function isAnswered(answer: Answer | null): boolean {
  if (answer === null || answer.envelope === null) return false;
  const { status, envelope } = answer;
  return (isSuccess(status) && envelope.code === 0) || isAbsence(status, envelope);
}

/** Reads the tasks that an answer shows. */
export function sightingsIn(
  ask: Pick<Ask<unknown>, 'path'>,
  answer: Answer,
  price: CashPrice,
): TaskSighting[] {
  const route = readRoute(ask.path);
  if (!isSuccess(answer.status) || answer.envelope === null || !showsTasks(route)) return [];
  return klingSightings(route, answer.envelope, price);
}

export type Seen =
  { kind: 'found'; sighting: TaskSighting } | { kind: 'absent'; evidence: string } | { kind: 'failed' };

/**
 * Reads the result of a look-up for one hold. A task is absent only by Kling's own answer: an answer of code 0 in which every task
 * names its external id and none this one, or "not found" (1201 or 1203) at the task's own path; all else is a look-up
 * that failed.
 */
export function seenIn(ask: Ask<DueLookUp>, hold: DueLookUp, answer: Answer, price: CashPrice): Seen {
  const { envelope } = answer;
  if (envelope === null || envelope.code === null) return { kind: 'failed' };
  const evidence = `${ask.route}: HTTP ${answer.status}, code ${envelope.code}, request_id ${envelope.requestId}`;
  if (isSuccess(answer.status) && envelope.code === 0) {
    const sightings = sightingsIn(ask, answer, price);
    const isIt = (it: TaskSighting): boolean =>
      ask.way === 'single' || it.externalTaskId === hold.externalTaskId;
    const found = sightings.find(isIt);
    if (found) return { kind: 'found', sighting: found };
    // A list may have further pages: only what it shows counts.
    const shown = ask.way === 'batch' && Array.isArray(envelope.data) ? envelope.data.length : -1;
    const isWhole = shown === sightings.length && sightings.every((it) => it.externalTaskId !== null);
    return isWhole ? { kind: 'absent', evidence } : { kind: 'failed' };
  }
  const isNotFound = ask.way === 'single' && isAbsence(answer.status, envelope);
  return isNotFound ? { kind: 'absent', evidence } : { kind: 'failed' };
}

/** Makes the answer that the create of a found task would have had. */
export function answerFor(
  routes: RouteTable,
  hold: DueLookUp,
  sighting: TaskSighting,
  requestId: string,
): StoredAnswer | null {
  const found = routes.find('POST', hold.path);
  return found.kind === 'match' ? createAnswerFor(found.route, sighting, requestId) : null;
}

/** Gives the route by which an answer is read: what we asked for shows tasks, also on paths that an operator added. */
function readRoute(target: string): KlingRoute {
  const mark = target.indexOf('?');
  const found = findRoute('GET', mark === -1 ? target : target.slice(0, mark));
  return found.kind === 'match' ? found.route : UNKNOWN_CREATE;
}
