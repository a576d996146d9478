/** The caller of a request, read from its headers: its app, its labels and its options. */
import { createHash } from 'node:crypto';
import { SidecarError } from '../errors.ts';
import { APP_NAME, TAG } from '../fields.ts';
import type { Secret } from '../secret.ts';
import type { Ms } from '../units.ts';
import type { Frame } from './frame.ts';

/** The least time that must be left for a create when it is sent. */
export const SEND_MS_MIN = 8_000;
/** The shortest deadline that a caller may set: some of it passes before the create is sent. */
export const TIMEOUT_MS_MIN = SEND_MS_MIN + 1_000;
const REQUEST_ID = /^[A-Za-z0-9._:/+=@-]{1,128}$/;
const KEY = /^[\x21-\x7e]{1,255}$/;
const EXPECTED_SECONDS_MAX = 3600;

/** An app that may call, as configured. */
export interface CallerApp {
  name: string;
  /** The bearers it sends, several during rotation; empty if it signs JWTs. */
  keys: readonly Secret[];
  maxCreditsEach: number | null;
  requestsPerMinute: number | null;
  injectExternalTaskId: boolean | null;
  trustExpectedSeconds: boolean | null;
}

/** The headers of a request that are for us. */
export interface Caller {
  app: string;
  /** The configured app, or null if none are configured. */
  settings: CallerApp | null;
  tag: string | null;
  expectedSeconds: number | null;
  /** `x-kling-timeout-ms`, or null. */
  timeoutMs: Ms | null;
  idempotencyKey: string | null;
}

/** Finds the app of an Authorization header; null if it is no configured one. */
export type IdentifyApp = (authorization: string | undefined) => CallerApp | null | Promise<CallerApp | null>;

/**
 * Makes the look-up of apps by their bearer: by digest, so that the time depends neither on length nor on prefix.
 * `verifyJwt` is asked for bearers that no key matches.
 */
export function appsByBearer(
  apps: readonly CallerApp[],
  verifyJwt: (token: string) => Promise<string | null>,
): IdentifyApp {
  const byDigest = new Map<string, CallerApp>();
  const byName = new Map(apps.map((app) => [app.name, app]));
  for (const app of apps) for (const key of app.keys) byDigest.set(digest(key.reveal()), app);
  return (authorization) => {
    const token = /^Bearer ([\x21-\x7e]{1,8192})$/.exec(authorization ?? '')?.[1];
    if (token === undefined) return null;
    const known = byDigest.get(digest(token));
    if (known) return known;
    if (token.split('.').length !== 3) return null;
    return verifyJwt(token).then((name) => (name === null ? null : (byName.get(name) ?? null)));
  };
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('base64');
}

/**
 * Reads the caller of a request.
 * @throws SidecarError `unknown_app`, or `target_refused` for an invalid value of one of our own headers.
 */
export function readCaller(frame: Frame, identify: IdentifyApp | null): Caller | Promise<Caller> {
  if (identify === null) return callerOf(frame, null);
  const found = identify(frame.headers.get('authorization'));
  return found instanceof Promise ? found.then((app) => knownCaller(frame, app)) : knownCaller(frame, found);
}

function knownCaller(frame: Frame, settings: CallerApp | null): Caller {
  if (settings !== null) return callerOf(frame, settings);
  throw new SidecarError(
    'unknown_app',
    'The bearer is none of the configured apps; send the key of one of them.',
  );
}

function callerOf({ headers }: Frame, settings: CallerApp | null): Caller {
  return {
    app: settings?.name ?? checked(headers, 'x-kling-app', APP_NAME) ?? 'default',
    settings,
    tag: checked(headers, 'x-kling-tag', TAG),
    expectedSeconds: numberOf(headers, 'x-kling-expected-seconds', [0.001, EXPECTED_SECONDS_MAX]),
    timeoutMs: numberOf(headers, 'x-kling-timeout-ms', [TIMEOUT_MS_MIN, 3_600_000]),
    idempotencyKey: checked(headers, 'idempotency-key', KEY),
  };
}

/** Gives the caller's own request id if it is valid, else undefined. */
export function saneRequestId(headers: ReadonlyMap<string, string>): string | undefined {
  const id = headers.get('x-request-id');
  return id !== undefined && REQUEST_ID.test(id) ? id : undefined;
}

function checked(headers: ReadonlyMap<string, string>, name: string, grammar: RegExp): string | null {
  const value = headers.get(name);
  if (value === undefined || value === '') return null;
  if (grammar.test(value)) return value;
  throw new SidecarError('target_refused', `The header ${name} must match ${grammar.source}.`);
}

function numberOf(
  headers: ReadonlyMap<string, string>,
  name: string,
  [min, max]: [number, number],
): number | null {
  const value = headers.get(name);
  if (value === undefined || value === '') return null;
  const number = /^\d{1,10}(\.\d{1,6})?$/.test(value) ? Number(value) : NaN;
  if (number >= min && number <= max) return number;
  throw new SidecarError('target_refused', `The header ${name} must be a number from ${min} to ${max}.`);
}
