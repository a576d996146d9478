/**
 * The rights of a web page of an allowed origin on our answers.
 *
 * **Invariant**: only an exact, configured origin is named; never `*`, never with cookies (there are none), never
 * `Access-Control-Allow-Private-Network`.
 */
import type { ServerResponse } from 'node:http';
import type { Preflight } from './frame.ts';

/** Headers of ours that a page may read. */
const EXPOSED = [
  'x-request-id',
  'x-kling-sidecar',
  'x-kling-sidecar-notes',
  'x-kling-sidecar-replayed',
  'x-kling-credits-held',
  'x-kling-budget-remaining',
  'x-kling-external-task-id',
  'server-timing',
  'retry-after',
].join(', ');
/** How long a browser may keep a preflight's answer: after that a changed config is in force for all of them. */
const PREFLIGHT_SECONDS = '600';
const HEADER_NAMES_MAX = 50;

/** Lets pages of an origin read the answer, also a refusal. */
export function allowOrigin(response: ServerResponse, origin: string): void {
  response.setHeader('access-control-allow-origin', origin);
  response.setHeader('access-control-expose-headers', EXPOSED);
  response.setHeader('vary', 'origin');
}

/** Answers a preflight. It allows all requested headers: those that are not on our list are dropped here. */
export function answerPreflight(response: ServerResponse, { origin, headers }: Preflight): void {
  const names = headers
    .split(',')
    .map((name) => name.trim().toLowerCase())
    .filter((name) => /^[a-z0-9_-]{1,64}$/.test(name))
    .slice(0, HEADER_NAMES_MAX);
  allowOrigin(response, origin);
  response.writeHead(204, {
    'access-control-allow-methods': 'GET, HEAD, POST',
    'access-control-allow-headers': names.join(', '),
    'access-control-max-age': PREFLIGHT_SECONDS,
  });
  response.end();
}
