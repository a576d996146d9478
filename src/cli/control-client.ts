/**
 * Speaks to the running sidecar's control plane.
 *
 * **Invariant**: the control token is sent only to the configured control address, and only if it is needed:
 * for changes, for the audit, and for every request if the plane's listener is not on loopback.
 */
import { readFileSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { addressesOf, isLoopback } from '../listen.ts';
import { readControlToken } from '../config/secrets.ts';
import { SidecarError, type ErrorCode } from '../errors.ts';
import type { Secret } from '../secret.ts';
import type { Context } from './context.ts';

/** One question to the control plane's API. */
export interface Ask {
  method: 'GET' | 'POST' | 'DELETE';
  /** Path and query. */
  path: string;
  body?: unknown;
}

export interface Reply {
  status: number;
  /** Parsed JSON, or the text where it is none. */
  body: unknown;
}

/** The longest time for an answer; a report over months of calls takes seconds. */
const ANSWER_MS_MAX = 60_000;
const NOT_RUNNING: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EADDRNOTAVAIL',
  'EHOSTUNREACH',
]);

/** Gives the address at which this machine reaches the control plane. */
export function controlAddress(control: { hosts: readonly string[]; port: number }): {
  host: string;
  port: number;
} {
  const [first = '127.0.0.1'] = addressesOf(control.hosts);
  return { host: first === '0.0.0.0' || first === '::' ? '127.0.0.1' : first, port: control.port };
}

/**
 * Asks the running sidecar; undefined if none listens at the control address.
 * @throws SidecarError `ledger_unavailable` when it does not answer in time or breaks off.
 */
export async function askDaemon(context: Context, ask: Ask): Promise<Reply | undefined> {
  const { config } = context.loaded();
  const { host, port } = controlAddress(config.control);
  if (port === 0) return undefined;
  const isOpen = ask.method === 'GET' && !ask.path.startsWith('/v1/audit');
  const needsToken = !isOpen || !config.control.hosts.every(isLoopback);
  const token = needsToken ? controlToken(context) : undefined;
  const body = ask.body === undefined ? undefined : JSON.stringify(ask.body);
  const headers = {
    accept: 'application/json',
    ...(body === undefined
      ? {}
      : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }),
    ...(token ? { authorization: `Bearer ${token.reveal()}` } : {}),
  };
  try {
    return await send({ host, port, method: ask.method, path: ask.path, headers }, body);
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? '';
    if (NOT_RUNNING.has(code)) return undefined;
    throw new SidecarError(
      'ledger_unavailable',
      `The sidecar at ${host}:${port} gave no answer (${code || 'broken'}).`,
      {
        cause,
      },
    );
  }
}

function controlToken(context: Context): Secret | undefined {
  const { terminal } = context;
  const { config } = context.loaded();
  return readControlToken({ config, env: terminal.env, cwd: terminal.cwd });
}

interface Target {
  host: string;
  port: number;
  method: string;
  path: string;
  headers: Readonly<Record<string, string | number>>;
}

function send(target: Target, body: string | undefined): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const request = httpRequest({ ...target, agent: false, timeout: ANSWER_MS_MAX }, (response) => {
      const pieces: Buffer[] = [];
      response.on('data', (piece: Buffer) => void pieces.push(piece));
      response.on('error', reject);
      response.on('end', () => {
        resolve({ status: response.statusCode ?? 0, body: parse(Buffer.concat(pieces).toString('utf8')) });
      });
    });
    request.on('timeout', () => request.destroy(Object.assign(new Error('timeout'), { code: 'ETIMEDOUT' })));
    request.on('error', reject);
    request.end(body);
  });
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}

const WORDS: Readonly<Record<string, ErrorCode>> = {
  not_found: 'not_found',
  already_resolved: 'already_resolved',
  already_running: 'already_running',
  bad_request: 'bad_usage',
  bad_usage: 'bad_usage',
  config_invalid: 'config_invalid',
  secret_invalid: 'secret_invalid',
  daemon_required: 'daemon_required',
  ledger_unavailable: 'ledger_unavailable',
};

/**
 * Gives the body of an answer, or throws the error of its problem details.
 * @throws SidecarError with the plane's own text.
 */
export function bodyOf({ status, body }: Reply): unknown {
  if (status >= 200 && status < 300) return body;
  const problem = (typeof body === 'object' && body !== null ? body : {}) as {
    word?: string;
    detail?: string;
  };
  const detail = problem.detail ?? `The control plane answered ${status}.`;
  throw new SidecarError(WORDS[problem.word ?? ''] ?? 'ledger_unavailable', detail);
}

/** Gives the version of this checkout. */
export function packageVersion(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}
