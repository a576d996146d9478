/**
 * The table of methods and paths: all of kling-api.md, section 3.
 *
 * **Invariant**: an unknown path is 404/1203, a method that its path does not have is 404/1202. Legacy and account
 * paths accept both kinds of credentials, all others only the API key.
 */
import { billing, costs } from './account-routes.ts';
import type { Route } from './account.ts';
import { LEGACY_IMAGE } from './legacy-image.ts';
import { LEGACY_MEDIA } from './legacy-media.ts';
import { LEGACY_VIDEO } from './legacy-video.ts';
import { KLING_4 } from './kling-4.ts';
import { NEW_VIDEO } from './new-video.ts';
import { KlingRefusal } from './replies.ts';
import { LIBRARY_GETS, SYNC_POSTS } from './sync-routes.ts';
import { createRoute, legacyList, legacyRead, listTasks, readTasks } from './task-routes.ts';

type Methods = Partial<Record<'GET' | 'POST', Route>>;

const LEGACY_CREATES = { ...LEGACY_VIDEO, ...LEGACY_MEDIA, ...LEGACY_IMAGE };
const NEW_CREATES = { ...NEW_VIDEO, ...KLING_4 };
const CREATE_PATHS = new Set(Object.keys({ ...LEGACY_CREATES, ...NEW_CREATES }));
const TABLE = buildTable();

function buildTable(): ReadonlyMap<string, Methods> {
  const table = new Map<string, Methods>();
  const add = (path: string, methods: Methods): void =>
    void table.set(path, { ...table.get(path), ...methods });
  for (const [path, reader] of Object.entries(LEGACY_CREATES)) {
    add(path, { POST: createRoute(reader, 'legacy'), GET: legacyList(path) });
  }
  for (const [path, reader] of Object.entries(NEW_CREATES)) add(path, { POST: createRoute(reader, 'new') });
  for (const [path, route] of Object.entries(SYNC_POSTS)) add(path, { POST: route });
  for (const [path, route] of Object.entries(LIBRARY_GETS)) add(path, { GET: route });
  add('/tasks', { GET: readTasks, POST: listTasks });
  add('/account/costs', { GET: costs });
  add('/account/billing/package', { POST: billing('package') });
  add('/account/billing/balance', { POST: billing('balance') });
  return table;
}

/** Every path with its methods, for the help text and the tests; a task's own path is shown with `{id}`. */
export const ROUTE_LIST: readonly string[] = [
  ...[...TABLE].flatMap(([path, methods]) => Object.keys(methods).map((method) => `${method} ${path}`)),
  ...Object.keys(LEGACY_CREATES).map((path) => `GET ${path}/{id}`),
].sort();

/** Returns whether a request asks for a task. */
export function isCreate(method: string, path: string): boolean {
  return method === 'POST' && CREATE_PATHS.has(path);
}

/** Finds the route of a request; refuses with 404/1202 or 404/1203. */
export function routeOf(method: string, path: string): Route {
  const methods = TABLE.get(path);
  if (methods !== undefined) {
    const route = method === 'GET' ? methods.GET : method === 'POST' ? methods.POST : undefined;
    if (route !== undefined) return route;
    if (method !== 'GET' || !isTaskOf(parentOf(path))) throw new KlingRefusal(1202);
  }
  const parent = parentOf(path);
  if (!isTaskOf(parent)) throw new KlingRefusal(1203);
  if (method !== 'GET') throw new KlingRefusal(1202);
  return legacyRead(parent, decode(path.slice(parent.length + 1)));
}

/** Returns whether a path belongs to the legacy generation or the account, which accept JWTs. */
export function takesJwt(path: string): boolean {
  return path.startsWith('/v1/') || path.startsWith('/account/');
}

function parentOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf('/')));
}

function isTaskOf(parent: string): boolean {
  return Object.hasOwn(LEGACY_CREATES, parent);
}

function decode(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}
