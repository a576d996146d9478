/**
 * Request targets: the paths and queries that may be forwarded to Kling.
 *
 * **Invariant**: the checked text is forwarded unchanged. Nothing is decoded, normalised or rebuilt, so that we and Kling
 * always read the same request (hazards: absolute form, `//host`, dot segments, escapes).
 */
import { SidecarError } from '../errors.ts';

const PATH_BYTES_MAX = 1024;
const QUERY_BYTES_MAX = 4096;
const PLAIN_PATH = /^(?:\/[A-Za-z0-9._~-]+)+$/;
/** The last segment of a read may be a caller's own task id: its escapes are unchanged. */
const READ_PATH = /^(?:\/[A-Za-z0-9._~-]+)*\/(?:[A-Za-z0-9._~!*'()@:+=,$-]|%[0-9A-Fa-f]{2})+$/;
const QUERY = /^\?(?:[A-Za-z0-9._~!*'()@:+=,$&/?[\]-]|%[0-9A-Fa-f]{2})*$/;
const FORBIDDEN_ESCAPE = /%(?:00|2[fF]|5[cC]|2[eE]|25)/;
const DOT_SEGMENT = /\/\.{1,2}(?:\/|$)/;

export interface Target {
  path: string;
  /** With its question mark; empty if there was none. */
  query: string;
}

/**
 * Splits and checks a request target, and removes the first configured prefix that it starts with.
 *
 * @throws SidecarError `target_refused` (400) for all but plain segments (reads: percent-escapes in the last one
 *   and in the query, except of NUL, slash, backslash, dot and percent).
 */
export function readTarget(url: string, isRead: boolean, stripPrefixes: readonly string[]): Target {
  if (url.charCodeAt(0) !== 47 || url.charCodeAt(1) === 47) {
    throw refused('must be a path that starts with exactly one slash', url);
  }
  const mark = url.indexOf('?');
  const fullPath = mark === -1 ? url : url.slice(0, mark);
  const query = mark === -1 ? '' : url.slice(mark);
  if (fullPath.length > PATH_BYTES_MAX) throw refused(`has a path over ${PATH_BYTES_MAX} characters`, url);
  if (query.length > QUERY_BYTES_MAX) throw refused(`has a query over ${QUERY_BYTES_MAX} characters`, url);
  const path = withoutPrefix(fullPath, stripPrefixes);
  if (!(isRead ? READ_PATH : PLAIN_PATH).test(path) || DOT_SEGMENT.test(path)) {
    throw refused(
      'may hold only segments of letters, digits and . _ ~ -, none empty, none of dots alone',
      url,
    );
  }
  if (query.length > 1 && !isRead)
    throw refused('of a POST may have no query: the body says everything', url);
  if (query !== '' && !QUERY.test(query))
    throw refused('has a character in its query that must be escaped', url);
  if (isRead && (FORBIDDEN_ESCAPE.test(path) || FORBIDDEN_ESCAPE.test(query))) {
    throw refused('may not escape NUL, slash, backslash, dot or percent', url);
  }
  return { path, query: query === '?' ? '' : query };
}

/** Gives a target's unchanged path without the first configured prefix that it starts with; checks nothing. */
export function strippedPath(url: string, stripPrefixes: readonly string[]): string {
  return withoutPrefix(url.split('?', 1)[0] ?? '', stripPrefixes);
}

function withoutPrefix(path: string, prefixes: readonly string[]): string {
  for (const prefix of prefixes) {
    if (path.startsWith(prefix) && path.charCodeAt(prefix.length) === 47) return path.slice(prefix.length);
  }
  return path;
}

function refused(rule: string, url: string): SidecarError {
  const shown = url.slice(0, 120).replace(/[^\x21-\x7e]/g, '?');
  return new SidecarError('target_refused', `The request target ${shown} ${rule}.`);
}
