/**
 * The control plane: health, metrics and the JSON API with which people and programs watch and control the sidecar.
 *
 * The guard (`guard.ts`) checks every request first, on the raw socket's headers; then Hono finds its route. Reads go to
 * the store's second connection, so that no report makes a create wait. `/openapi.json` comes from the same
 * schemas that check the input.
 *
 * **Invariant**: nothing here is reachable from the data plane's listener, nor the reverse; GET changes nothing;
 * a request that changes something carries the control token and a reason, and the command writes the audit row.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { getRequestListener } from '@hono/node-server';
import type { Clock } from '../clock.ts';
import type { Secret } from '../secret.ts';
import type { Log } from '../telemetry/log.ts';
import type { Telemetry } from '../telemetry/telemetry.ts';
import { answerError, createApi } from './api.ts';
import type { ControlCommands } from './commands.ts';
import { checkProbe, checkRequest, ownHostNames, type Passed } from './guard.ts';
import { nearPath } from '../kling/near-path.ts';
import { DEFAULT_ROUTES } from '../kling/routes.ts';
import { urlOf } from '../listen.ts';
import { createListener, type Listener } from './listener.ts';
import { PlaneRefusal } from './problem.ts';

export interface ControlPlaneOptions {
  hosts: readonly string[];
  port: number;
  allowedHosts: readonly string[];
  token: Secret;
  /** True for listeners that are not on loopback: reads ask for the token too, except /livez and /readyz. */
  requireTokenForReads: boolean;
  /** The data plane's address, for callers that confuse the two planes. */
  dataUrl: string;
  commands: ControlCommands;
  telemetry: Pick<Telemetry, 'metricsText'>;
  /** A second listener with only /livez, /readyz and /metrics, without a token. */
  probes: { hosts: readonly string[]; port: number } | null;
  version: string;
  log: Log;
  clock: Clock;
}

/** The addresses of a plane's listeners: the first one as a URL, then all of them. */
export interface ControlUrls {
  url: string;
  probesUrl: string | null;
  urls: readonly string[];
  probesUrls: readonly string[];
}

export interface ControlPlane {
  /** @throws SidecarError `config_invalid` if an address cannot be used; then nothing listens. */
  start(): Promise<ControlUrls>;
  /** Ends both listeners within two seconds. Idempotent. */
  stop(): Promise<void>;
}

const PROBE_PATHS: ReadonlySet<string> = new Set(['/livez', '/readyz', '/metrics']);

/** Gives the right address for a call of Kling's API; null if it is none, and not similar to one. */
function forDataPlane(method: string, path: string, dataUrl: string): string | null {
  const meant =
    DEFAULT_ROUTES.find(method, path).kind === 'unknown' ? nearPath(DEFAULT_ROUTES, method, path) : path;
  if (meant === null) return null;
  return (
    `This is the control plane; Kling's API is on the data plane. Send this to ${dataUrl}${meant}, ` +
    `and point the Kling base URL at ${dataUrl}.`
  );
}

/** Makes the control plane; nothing listens before `start`. */
export function createControlPlane(options: ControlPlaneOptions): ControlPlane {
  const { commands, telemetry, version, log, clock } = options;
  const api = createApi({ commands, telemetry, version, log });
  const hono = getRequestListener((request, env) => api.fetch(request, passed.get(env.incoming)), {
    overrideGlobalObjects: false,
    // Only the probes listener accepts requests without a Host.
    hostname: 'localhost',
    errorHandler: (error) => answerError(error, log),
  });
  const passed = new WeakMap<object, Passed>();
  let hostNames: ReadonlySet<string> = new Set();

  const answer = (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { token, requireTokenForReads } = options;
    passed.set(request, checkRequest(request, { hostNames, token, requireTokenForReads, misdirected }));
    return hono(request, response);
  };
  const misdirected = (method: string, path: string): string | null =>
    api.owns(path) ? null : forDataPlane(method, path, options.dataUrl);
  const answerProbe = (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    checkProbe(request);
    if (PROBE_PATHS.has((request.url ?? '').split('?', 1)[0] ?? '')) return hono(request, response);
    throw new PlaneRefusal('not_found', 'This listener answers only /livez, /readyz and /metrics.');
  };
  const control = createListener({
    name: 'control',
    hosts: options.hosts,
    port: options.port,
    log,
    clock,
    answer,
  });
  const probes: Listener | null = options.probes
    ? createListener({ name: 'probes', ...options.probes, log, clock, answer: answerProbe })
    : null;
  const stop = async (): Promise<void> => {
    await Promise.all([control.stop(), probes?.stop()]);
  };
  return {
    async start() {
      const { hosts, port } = await control.start();
      hostNames = ownHostNames(hosts, port, options.allowedHosts);
      try {
        const probing = await probes?.start();
        const urls = hosts.map((host) => urlOf(host, port));
        const probesUrls = probing?.hosts.map((host) => urlOf(host, probing.port)) ?? [];
        return { url: urls[0] ?? '', probesUrl: probesUrls[0] ?? null, urls, probesUrls };
      } catch (error) {
        await stop();
        throw error;
      }
    },
    stop,
  };
}
