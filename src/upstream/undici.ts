/**
 * The parts of undici that we use, each loaded from its own file: the whole package is 110 modules, of which a pool needs 22,
 * and the rest (fetch, web sockets, mocks, caches) costs 30 ms of a start and memory in every sidecar.
 *
 * The paths are not undici's public ones, so its version in package.json is an exact one.
 */
import { createRequire } from 'node:module';
import type * as whole from 'undici';

export type { Dispatcher } from 'undici';

const load = createRequire(import.meta.url);

/** Undici adds `request` to its dispatchers only if the whole package is loaded. */
const { prototype } = load('undici/lib/dispatcher/dispatcher.js') as { prototype: object };
Object.assign(prototype, { request: load('undici/lib/api/api-request.js') as unknown });

export const Agent = load('undici/lib/dispatcher/agent.js') as typeof whole.Agent;
export const Pool = load('undici/lib/dispatcher/pool.js') as typeof whole.Pool;
export const buildConnector = load('undici/lib/core/connect.js') as typeof whole.buildConnector;

/** Loads the agent that speaks through a CONNECT proxy; it relies on what only the whole package sets up. */
export function loadProxyAgent(): typeof whole.ProxyAgent {
  return (load('undici') as typeof whole).ProxyAgent;
}
