/**
 * The control plane: health, metrics and the JSON API by which people and programs watch and steer the sidecar.
 *
 * Every request first passes the guard (`guard.ts`), on the raw socket's headers; then Hono finds its route. Reads go to
 * the store's second connection, so that no report makes a create wait. `/openapi.json` is made of the same
 * schemas that check what comes in.
 *
 * **Invariant**: nothing here is reachable from the data plane's listener, nor the reverse; nothing changes on GET;
 * what changes something carries the control token and a reason, and the command writes the audit row.
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
import { createListener, urlOf, type Listener } from './listener.ts';
import { PlaneRefusal } from './problem.ts';

export interface ControlPlaneOptions {
  host: string;
  port: number;
  allowedHosts: readonly string[];
  token: Secret;
  /** True beyond loopback: reads ask for the token too, but for /livez and /readyz. */
  requireTokenForReads: boolean;
  commands: ControlCommands;
  telemetry: Pick<Telemetry, 'metricsText'>;
  /** A second listener with /livez, /readyz and /metrics alone, without a token. */
  probes: { host: string; port: number } | null;
  version: string;
  log: Log;
  clock: Clock;
}

export interface ControlPlane {
  /** @throws SidecarError `config_invalid` where an address cannot be had; nothing listens then. */
  start(): Promise<{ url: string; probesUrl: string | null }>;
  /** Ends both listeners within two seconds. Idempotent. */
  stop(): Promise<void>;
}

const PROBE_PATHS: ReadonlySet<string> = new Set(['/livez', '/readyz', '/metrics']);

/** Makes the control plane; nothing listens before `start`. */
export function createControlPlane(options: ControlPlaneOptions): ControlPlane {
  const { commands, telemetry, version, log, clock } = options;
  const api = createApi({ commands, telemetry, version, log });
  const hono = getRequestListener((request, env) => api.fetch(request, passed.get(env.incoming)), {
    overrideGlobalObjects: false,
    // Only the probes listener lets a request without a Host come so far.
    hostname: 'localhost',
    errorHandler: (error) => answerError(error, log),
  });
  const passed = new WeakMap<object, Passed>();
  let hostNames: ReadonlySet<string> = new Set();

  const answer = (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { token, requireTokenForReads } = options;
    passed.set(request, checkRequest(request, { hostNames, token, requireTokenForReads }));
    return hono(request, response);
  };
  const answerProbe = (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    checkProbe(request);
    if (PROBE_PATHS.has((request.url ?? '').split('?', 1)[0] ?? '')) return hono(request, response);
    throw new PlaneRefusal('not_found', 'This listener answers /livez, /readyz and /metrics alone.');
  };
  const control = createListener({
    name: 'control',
    host: options.host,
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
      const port = await control.start();
      hostNames = ownHostNames(options.host, port, options.allowedHosts);
      try {
        const probesPort = await probes?.start();
        const probesUrl =
          options.probes && probesPort !== undefined ? urlOf(options.probes.host, probesPort) : null;
        return { url: urlOf(options.host, port), probesUrl };
      } catch (error) {
        await stop();
        throw error;
      }
    },
    stop,
  };
}
