/**
 * Finds the known path that a wrong one most likely means: it has other case or slashes, `/v1` is missing or doubled,
 * or a gateway's prefix comes first.
 *
 * **Invariant**: a path that may be a new route of Kling's never counts as wrong: one with another version (`/v2/…`), or
 * one below a family of Kling's own (`/v1/videos/…`).
 */
import { ROUTES, type RouteTable } from './routes.ts';

const PLAIN = /^[A-Za-z0-9._~/-]{1,1024}$/;
/** A segment that a gateway or a doubled base URL puts in front; with a dot it would be a host. */
const PREFIX = /^[A-Za-z0-9_~-]+$/;
const OTHER_VERSION = /^v\d/i;
const DOT_SEGMENT = /(?:^|\/)\.{1,2}(?:\/|$)/;
/** First segments of Kling's own paths, after `/v1` if they have it: `videos`, `tasks`, `text-to-video`. */
const FAMILIES: ReadonlySet<string> = new Set(
  ROUTES.flatMap(({ template }) => /^(?:\/v1)?\/([^/]+)/.exec(template)?.[1] ?? []),
);

/** Gives the path that `path` most likely means, or null; a path of the same method comes first, then one of another method. */
export function nearPath(table: RouteTable, method: string, path: string): string | null {
  if (!PLAIN.test(path) || DOT_SEGMENT.test(path)) return null;
  const segments = path.split('/').filter((segment) => segment !== '');
  for (let skipped = 0; skipped < segments.length; skipped += 1) {
    const before = segments[skipped - 1];
    if (before !== undefined && !isPrefix(before)) return null;
    const rest = segments.slice(skipped).join('/');
    for (const wanted of [`/${rest}`, `/v1/${rest}`]) {
      const known = table.spelling(method, wanted);
      if (known !== null && known !== path) return known;
    }
  }
  return null;
}

function isPrefix(segment: string): boolean {
  if (segment === 'v1') return true;
  return PREFIX.test(segment) && !OTHER_VERSION.test(segment) && !FAMILIES.has(segment);
}
