/**
 * The requests that look tasks up: in batches if the credentials allow it, else one by one.
 *
 * **Invariant**: pure builders of paths; ids are encoded so that none can end its segment or its list. Nothing here
 * sends, and only {@link isAbsence} decides that a task does not exist.
 */
import type { Credentials } from './token.ts';
import type { Envelope } from './envelope.ts';
import type { KlingRoute } from './routes.ts';

/** Most ids in one `GET /tasks` (21 gave 400/1201: paid probe of 2026-09-20; not on Kling's pages). */
export const BATCH_IDS_MAX = 20;
/** Most tasks on one page of a legacy list. */
export const LIST_PAGE_MAX = 500;

/** Legacy reads that take only Kling's own id: their pages list no external one (read 2026-09-20). */
const SYSTEM_ID_ONLY: ReadonlySet<string> = new Set([
  '/v1/videos/advanced-lip-sync',
  '/v1/general/advanced-custom-elements',
]);

export type LookUpWay = 'batch' | 'single' | 'list' | 'none';

/** Gives how a create of a route can be looked up by external id with the present credentials. */
export function lookUpWay(route: KlingRoute, credentials: Credentials['kind']): LookUpWay {
  if (credentials === 'api_key' && route.batchReadable) return 'batch';
  if (route.queryPath === null) return 'none';
  return SYSTEM_ID_ONLY.has(route.queryPath) ? 'list' : 'single';
}

/** Returns whether an id can be part of a batch: a comma would split it. */
export function isBatchable(id: string): boolean {
  return id !== '' && !id.includes(',');
}

/**
 * Builds `GET /tasks` for up to {@link BATCH_IDS_MAX} ids.
 * @throws RangeError for no id, for too many, and for one that is not batchable.
 */
export function batchQuery(ids: readonly string[], by: 'task_ids' | 'external_task_ids'): string {
  if (ids.length === 0 || ids.length > BATCH_IDS_MAX || !ids.every(isBatchable)) {
    throw new RangeError(`a batch takes 1 to ${BATCH_IDS_MAX} ids without commas`);
  }
  return `/tasks?${by}=${ids.map(encodeURIComponent).join(',')}`;
}

/** Builds the single query of a legacy task; null if the route has none or the id cannot be part of a path. */
export function singleQuery(route: KlingRoute, id: string): string | null {
  if (route.queryPath === null || id === '' || id === '.' || id === '..') return null;
  return `${route.queryPath}/${encodeURIComponent(id)}`;
}

/** Builds a page of a legacy list, newest first in Kling's order; null if the route has none. */
export function listQuery(route: KlingRoute, page: number, pageSize = LIST_PAGE_MAX): string | null {
  if (route.queryPath === null) return null;
  return `${route.queryPath}?pageNum=${page}&pageSize=${pageSize}`;
}

/**
 * Returns whether an answer to a single query says that there is no such task.
 *
 * The table documents 404/1203; live legacy look-ups answered 400/1201 (another user's probe, 2026-07-30).
 */
export function isAbsence(status: number, envelope: Envelope | null): boolean {
  const code = envelope?.code;
  return (status === 400 && code === 1201) || (status === 404 && code === 1203);
}
