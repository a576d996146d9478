/**
 * Finds the meaning of a request's target: a route of Kling's, an unknown path, or a known mistake.
 *
 * **Invariant**: a known mistake is refused with 404 before anything is held or sent, and the message shows the right path.
 */
import { SidecarError } from '../errors.ts';
import { nearPath } from '../kling/near-path.ts';
import type { KlingRoute } from '../kling/routes.ts';
import type { Frame } from './frame.ts';
import type { ProxySettings } from './settings.ts';
import { readTarget, strippedPath, type Target } from './target.ts';

/** Paths that people and probes try on every server, and that Kling does not have. */
const NOT_KLINGS: ReadonlySet<string> = new Set([
  '',
  '/health',
  '/healthz',
  '/livez',
  '/readyz',
  '/metrics',
  '/favicon.ico',
]);

export interface FoundRoute {
  /** Null for an unknown path. */
  route: KlingRoute | null;
  path: string;
  query: string;
}

/**
 * Finds a request's route.
 * @throws SidecarError `target_refused`: 404 for a known mistake, 405 for another method, 400 for a target
 *   that is not plain.
 */
export function findRoute(settings: ProxySettings, frame: Frame, url: string): FoundRoute {
  const method = frame.method === 'HEAD' ? 'GET' : frame.method;
  const asked = strippedPath(url, settings.stripPrefixes);
  if (NOT_KLINGS.has(asked.replaceAll(/\/+/g, '/').replace(/\/$/, ''))) throw notKlings(asked, settings);
  const { path, query } = plainTarget(settings, { method, asked }, url);
  const found = settings.routes.find(method, path);
  if (found.kind === 'match') return { route: found.route, path, query };
  if (found.kind === 'method') throw otherMethod(path, found.allowed, frame.method);
  const near = nearPath(settings.routes, method, path);
  if (near !== null) throw mistaken(path, near);
  return { route: null, path, query };
}

function plainTarget(
  { routes, stripPrefixes }: ProxySettings,
  { method, asked }: { method: string; asked: string },
  url: string,
): Target {
  try {
    return readTarget(url, method === 'GET', stripPrefixes);
  } catch (error) {
    const near = nearPath(routes, method, asked);
    throw near === null || near === asked ? error : mistaken(asked, near);
  }
}

function mistaken(path: string, near: string): SidecarError {
  return notFound(`There is no ${path}; did you mean ${near}? Nothing was sent or held.`);
}

function notKlings(path: string, { controlUrl }: ProxySettings): SidecarError {
  return notFound(
    `There is no ${path.slice(0, 40) || '/'} here: this is the data plane, which takes Kling's paths such as ` +
      `/v1/videos/text2video. Health, metrics and the API are on the control plane, ${controlUrl}.`,
  );
}

function notFound(message: string): SidecarError {
  return new SidecarError('target_refused', message, { status: 404 });
}

function otherMethod(path: string, allowed: readonly string[], method: string): SidecarError {
  return new SidecarError('target_refused', `${path} takes ${allowed.join(' or ')}, not ${method}.`, {
    status: 405,
    detail: { allowed: allowed.join(', ') },
  });
}
