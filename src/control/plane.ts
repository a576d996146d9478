/**
 * The control plane: health, metrics and the JSON API with which people and programs watch and control the sidecar.
 *
 * The guard (`guard.ts`) checks every request first, on the raw socket's headers; then Hono finds its route. Reads go to
 * the store's second connection, so that no report makes a create wait. `/openapi.json` comes from the same
 * schemas that check the input. Health is answered without Hono, whose code and routes are loaded a moment after the start, or by the
 * first request that needs them: a start is ready without them.
 *
 * **Invariant**: nothing here is reachable from the data plane's listener, nor the reverse; GET changes nothing;
 * a request that changes something carries the control token and a reason, and the command writes the audit row.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Clock, Timer } from '../clock.ts';
import type { Secret } from '../secret.ts';
import type { Log } from '../telemetry/log.ts';
import type { Telemetry } from '../telemetry/telemetry.ts';
import type { ApiListener } from './api-listener.ts';
import type { ControlCommands } from './commands.ts';
import { checkProbe, checkRequest, ownHostNames, tokenRequired, type GuardRules } from './guard.ts';
import { answerHealth, isHealthRead, pathOf } from './health.ts';
import { nearPath } from '../kling/near-path.ts';
import { DEFAULT_ROUTES } from '../kling/routes.ts';
import { urlOf } from '../listen.ts';
import { createListener, type Listener } from './listener.ts';
import { isPagePath } from './page-path.ts';
import { PlaneRefusal, problemAnswer } from './problem.ts';
import { ResultServer, type KeptFiles } from './result-files.ts';
import type { FetchApi, WebPage } from './web-page.ts';
import type { Ms } from '../units.ts';

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
  /** Kept results, served below /v1/results; null: none are. */
  results: KeptFiles | null;
  /** A second listener with only /livez, /readyz and /metrics, without a token. */
  probes: { hosts: readonly string[]; port: number } | null;
  /** Loads the web page at the first request for it; null for a plane without one. */
  loadPages: ((fetchApi: FetchApi) => Promise<WebPage>) | null;
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

/** How long after the start the code of the API is loaded. */
const LOAD_AFTER_MS: Ms = 1_000;

async function loadApi(options: ControlPlaneOptions): Promise<ApiListener> {
  const { createApiListener } = await import('./api-listener.ts');
  return createApiListener(options);
}

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

/** The web page, loaded at the first request for it. */
class LoadedPages {
  readonly #options: Pick<ControlPlaneOptions, 'loadPages' | 'requireTokenForReads'>;
  #loading: Promise<WebPage> | null = null;

  constructor(options: Pick<ControlPlaneOptions, 'loadPages' | 'requireTokenForReads'>) {
    this.#options = options;
  }

  /** A page is open to everybody, and shows only what its reader may read. */
  of(api: ApiListener): Promise<WebPage> {
    const { loadPages, requireTokenForReads } = this.#options;
    const fetchApi: FetchApi = (request, passed) =>
      requireTokenForReads && !passed.isOperator
        ? problemAnswer(tokenRequired().problem)
        : api.fetch(request, passed);
    this.#loading ??= loadPages?.(fetchApi) ?? Promise.reject(new Error('this plane has no page'));
    return this.#loading;
  }

  async close(): Promise<void> {
    (await this.#loading?.catch(() => null))?.close();
  }
}

/** Makes the control plane; nothing listens before `start`. */
export function createControlPlane(options: ControlPlaneOptions): ControlPlane {
  const { commands, log, clock, loadPages } = options;
  let loading: Promise<ApiListener> | null = null;
  const pages = new LoadedPages(options);
  const load = (): Promise<ApiListener> => (loading ??= loadApi(options));
  let loadTimer: Timer | null = null;
  let hostNames: ReadonlySet<string> = new Set();

  const rules = (misdirected: GuardRules['misdirected']): GuardRules => {
    const { token, requireTokenForReads } = options;
    return { hostNames, token, requireTokenForReads, misdirected };
  };
  const results = options.results && new ResultServer(options.results, clock);
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const own = rules(() => null);
    const asked = results?.asked(request) ?? null;
    if (results && asked) return results.answer({ request, response }, results.check(request, asked, own));
    if (isHealthRead(request)) {
      checkRequest(request, own);
      return answerHealth(request, response, commands);
    }
    const api = await load();
    if (loadPages !== null && isPagePath(pathOf(request))) {
      return (await pages.of(api)).answer(request, response, checkRequest(request, own));
    }
    const misdirected = (method: string, path: string): string | null =>
      api.owns(path) ? null : forDataPlane(method, path, options.dataUrl);
    return api.answer(request, response, checkRequest(request, rules(misdirected)));
  };
  const answerProbe = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    checkProbe(request);
    if (isHealthRead(request)) return answerHealth(request, response, commands);
    if (pathOf(request) === '/metrics') return (await load()).answer(request, response);
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
    loadTimer?.cancel();
    await pages.close();
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
        // Where it fails, the first request that needs it is answered with the error.
        loadTimer = clock.after(LOAD_AFTER_MS, () => void load().catch(() => undefined));
        return { url: urls[0] ?? '', probesUrl: probesUrls[0] ?? null, urls, probesUrls };
      } catch (error) {
        await stop();
        throw error;
      }
    },
    stop,
  };
}
