/**
 * Orders for callbacks: how they are sent, and forged ones.
 *
 * **Invariant**: an order is checked whole before it changes anything; an error names the part and the allowed values.
 */
import type { Ms } from '../units.ts';

/** How callbacks are sent. Shares are from 0 (none) to 1 (all); each callback is drawn by itself. */
export interface CallbackSettings {
  /** Webhook secrets (`whsec_…` and base64), separated by spaces while one is being replaced; null: not signed. */
  secret: string | null;
  /** Never sent. */
  loseShare: number;
  /** Sent twice, with one webhook id. */
  doubleShare: number;
  /** Sent after the next one of its task; the last one of a task never is. */
  reorderShare: number;
  /** Of the first callback of a task: sent, and its answer awaited, before the create is answered. */
  earlyShare: number;
  /** Up to so much later, by age. */
  lateMs: Ms;
  /** Waits before further tries, where the receiver did not answer 2xx. Kling's own are not documented: none by default. */
  retryMs: readonly Ms[];
  /** Hosts, besides this machine, that callbacks are sent to; `*` is all. By default a test reaches nobody's real receiver. */
  hosts: readonly string[];
  /** Decides the draws: the same one and the same requests give the same draws. */
  seed: number;
}

export const DEFAULT_CALLBACKS: CallbackSettings = {
  secret: null,
  loseShare: 0,
  doubleShare: 0,
  reorderShare: 0,
  earlyShare: 0,
  lateMs: 0,
  retryMs: [],
  hosts: [],
  seed: 1,
};

const FORGED_SIGNATURES = ['none', 'wrong', 'stale', 'right'] as const;
export type ForgedSignature = (typeof FORGED_SIGNATURES)[number];

/** A callback that Kling did not send. */
export interface Forgery {
  /** The task whose address and form are used. */
  taskId: string;
  /** The status that it claims, in the form of the task's generation or any other text. */
  status: string;
  message?: string;
  /** Another address than the task's. */
  url?: string;
  /** Default: `wrong` if there is a secret, else `none`. `stale` is right, ten minutes ago. */
  signature?: ForgedSignature;
  /** The exact text of the body, in place of one that claims a cost and results. */
  body?: string;
}

/**
 * Reads settings from JSON; absent ones are not changed.
 * @throws Error with a sentence that names the wrong part and the allowed values.
 */
export function readCallbackSettings(value: Record<string, unknown>): Partial<CallbackSettings> {
  const settings: Partial<CallbackSettings> = {};
  for (const [name, given] of Object.entries(value)) {
    switch (name) {
      case 'secret':
        settings.secret = given === null ? null : text(given, name);
        break;
      case 'loseShare':
      case 'doubleShare':
      case 'reorderShare':
      case 'earlyShare':
        settings[name] = numberWithin(given, name, 1);
        break;
      case 'lateMs':
      case 'seed':
        settings[name] = numberWithin(given, name, Number.MAX_SAFE_INTEGER);
        break;
      case 'retryMs':
        if (!Array.isArray(given)) throw new Error('retryMs must be a list of milliseconds');
        settings.retryMs = given.map((wait) => numberWithin(wait, name, Number.MAX_SAFE_INTEGER));
        break;
      case 'hosts':
        if (!Array.isArray(given)) throw new Error('hosts must be a list of host names');
        settings.hosts = given.map((host) => text(host, name));
        break;
      default:
        throw new Error(`${name} is none of ${Object.keys(DEFAULT_CALLBACKS).join(', ')}`);
    }
  }
  return settings;
}

/**
 * Reads a forgery from JSON.
 * @throws Error with a sentence that names the wrong part and the allowed values.
 */
export function readForgery(value: Record<string, unknown>): Forgery {
  const forgery: Forgery = {
    taskId: text(value['taskId'], 'taskId'),
    status: text(value['status'], 'status'),
  };
  for (const name of ['message', 'url', 'body'] as const) {
    if (value[name] !== undefined) forgery[name] = text(value[name], name);
  }
  if (value['signature'] === undefined) return forgery;
  const signature = FORGED_SIGNATURES.find((one) => one === value['signature']);
  if (signature === undefined) throw new Error(`signature must be one of ${FORGED_SIGNATURES.join(', ')}`);
  return { ...forgery, signature };
}

function text(value: unknown, name: string): string {
  if (typeof value === 'string') return value;
  throw new Error(`${name} must be a string`);
}

function numberWithin(value: unknown, name: string, max: number): number {
  if (typeof value === 'number' && value >= 0 && value <= max) return value;
  throw new Error(`${name} must be a number from 0 to ${max}`);
}
