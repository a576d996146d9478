/**
 * Speaks to the running sidecar's data plane, as an app does.
 *
 * **Invariant**: requests go only to the configured data plane of this machine; of all secrets only the
 * key of one app is sent, and only if apps are configured.
 */
import { request as httpRequest } from 'node:http';
import { readAppSecrets, type AppSecret } from '../config/secrets.ts';
import { SidecarError } from '../errors.ts';
import { createTokenSource } from '../kling/token.ts';
import { addressesOf, urlOf } from '../listen.ts';
import type { Ms } from '../units.ts';
import type { Context } from './context.ts';

export interface DataAsk {
  method: 'GET' | 'POST';
  /** Path and query. */
  path: string;
  headers?: Readonly<Record<string, string>>;
  /** Sent as JSON. */
  body?: unknown;
}

export interface DataAnswer {
  status: number;
  /** Lower-case names; of a header that came more than once, the lines joined. */
  headers: Readonly<Record<string, string>>;
  bytes: Buffer;
}

export interface DataPlaneClient {
  /** Where it is, such as `http://127.0.0.1:5564`. */
  url: string;
  /** The app that it is used as; `default` if none are configured and none was named. */
  app: string;
  /** @throws Error with the system's `code` if no answer came. */
  ask(question: DataAsk): Promise<DataAnswer>;
}

/** How long after a create's deadline its answer is waited for. */
const BEYOND_DEADLINE_MS: Ms = 15_000;
const ANSWER_MS_MIN: Ms = 60_000;
/** Answers that are asked for here have some kilobytes. */
const ANSWER_BYTES_MAX = 4_194_304;

/**
 * Finds the data plane, and the key of the app to use it as: the first configured one unless another is named.
 * @throws SidecarError `bad_usage` for an app that is not configured, `secret_invalid` if its key cannot be read.
 */
export function openDataPlaneClient(context: Context, appName?: string): DataPlaneClient {
  const { config } = context.loaded();
  const { hosts, port } = config.listen;
  const [first = '127.0.0.1'] = addressesOf(hosts);
  const host = first === '0.0.0.0' || first === '::' ? '127.0.0.1' : first;
  const app = appFor(context, appName);
  const authorization = authorizationOf(context, app);
  const timeout = Math.max(ANSWER_MS_MIN, config.creates.deadlineMs + BEYOND_DEADLINE_MS);
  return {
    url: urlOf(host, port),
    app: app?.name ?? appName ?? 'default',
    async ask({ method, path, headers = {}, body }) {
      const text = body === undefined ? undefined : JSON.stringify(body);
      const sent = {
        // The one name that every data plane answers to.
        host: `localhost:${port}`,
        accept: 'application/json',
        'user-agent': 'kling-sidecar',
        ...(text === undefined
          ? {}
          : { 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(text)) }),
        ...(app === null && appName !== undefined ? { 'x-kling-app': appName } : {}),
        ...headers,
        ...(authorization === null ? {} : { authorization: await authorization() }),
      };
      return await send({ host, port, method, path, headers: sent, timeout }, text);
    },
  };
}

function appFor(context: Context, name: string | undefined): AppSecret | null {
  const { config } = context.loaded();
  if (config.apps.length === 0) return null;
  const wanted = name ?? config.apps[0]?.name;
  const app = config.apps.find((one) => one.name === wanted);
  if (app === undefined) {
    const names = config.apps.map((one) => one.name).join(', ');
    throw new SidecarError('bad_usage', `No app is named "${wanted}": name one of ${names} with --app.`);
  }
  const { env, cwd } = context.terminal;
  return readAppSecrets({ config: { ...config, apps: [app] }, env, cwd })[0] ?? null;
}

function authorizationOf({ terminal }: Context, app: AppSecret | null): (() => Promise<string>) | null {
  if (app === null) return null;
  if (app.kind === 'key') return () => Promise.resolve(`Bearer ${app.keys[0]?.reveal() ?? ''}`);
  const tokens = createTokenSource({ credentials: app, clock: terminal.clock });
  return async () => await tokens.authorization();
}

interface Target {
  host: string;
  port: number;
  method: string;
  path: string;
  headers: Readonly<Record<string, string>>;
  timeout: Ms;
}

function send(target: Target, body: string | undefined): Promise<DataAnswer> {
  return new Promise((resolve, reject) => {
    const request = httpRequest({ ...target, agent: false }, (response) => {
      const pieces: Buffer[] = [];
      let bytes = 0;
      response.on('data', (piece: Buffer) => {
        bytes += piece.length;
        if (bytes > ANSWER_BYTES_MAX) response.destroy(new Error('the answer is too large'));
        else pieces.push(piece);
      });
      response.on('error', reject);
      response.on('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          headers: plainHeaders(response.headers),
          bytes: Buffer.concat(pieces),
        }),
      );
    });
    request.on('timeout', () => request.destroy(Object.assign(new Error('timeout'), { code: 'ETIMEDOUT' })));
    request.on('error', reject);
    request.end(body);
  });
}

function plainHeaders(headers: NodeJS.Dict<string | string[]>): Record<string, string> {
  const lines = Object.entries(headers).flatMap(([name, value]): [string, string][] =>
    value === undefined ? [] : [[name, typeof value === 'string' ? value : value.join(', ')]],
  );
  return Object.fromEntries(lines);
}
