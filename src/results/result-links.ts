/**
 * The addresses of kept files, each with its own permission: the address alone lets a caller read that one file, until it expires.
 *
 * **Invariant**: a token is of one task, one position and one instant; it is compared in constant time, and a wrong one, one of
 * another file and an expired one are refused alike. Addresses of one day are equal, so that a cache keeps one copy.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Secret } from '../secret.ts';
import type { Ms } from '../units.ts';

/** The paths of kept files on the control plane. */
export const RESULTS_PREFIX = '/v1/results/';

const DAY_MS: Ms = 86_400_000;
/** Of a task's id in an address; Kling's have about 20 characters. */
const TASK_ID_CHARS_MAX = 128;

/** Names one kept file. */
export interface ResultRef {
  taskId: string;
  /** From 1. */
  position: number;
}

/** How a request names a file. */
export interface AskedResult extends ResultRef {
  /** `none`: the address has no token. `refused`: its token is not right, or no longer. */
  permission: 'none' | 'granted' | 'refused';
  /** When a granted permission ends; null for another one. */
  expiresAt: Ms | null;
}

export interface LinksOptions {
  key: Secret;
  /** The control plane's address for apps, without a slash at its end. */
  publicUrl: () => string;
  /** How long an address works, at least; it ends with a day in UTC. */
  lifeMs: () => Ms;
}

/** Makes the addresses of kept files, and judges those that come back. */
export class ResultLinks {
  readonly #options: LinksOptions;

  constructor(options: LinksOptions) {
    this.#options = options;
  }

  /** Gives the address of a file for apps. `extension` is of its type: many programs read it from the address. */
  url(file: ResultRef, { extension, now }: { extension: string; now: Ms }): string {
    const expires = Math.ceil((now + this.#options.lifeMs()) / DAY_MS) * (DAY_MS / 1000);
    const path = `${RESULTS_PREFIX}${encodeURIComponent(file.taskId)}/${file.position}.${extension}`;
    return `${this.#options.publicUrl()}${path}?expires=${expires}&token=${this.#token(file, expires)}`;
  }

  /** Reads a request's target; null if it names no file of ours. */
  read(target: string, now: Ms): AskedResult | null {
    const [path = '', query = ''] = target.split('?', 2);
    const file = refOf(path);
    if (file === null) return null;
    const search = new URLSearchParams(query);
    const token = search.get('token');
    if (token === null) return { ...file, permission: 'none', expiresAt: null };
    const expires = search.get('expires') ?? '';
    // A token of the right form is computed for any instant, so that no answer depends on where a wrong one differs.
    const isSigned = isEqual(token, this.#token(file, /^\d{1,12}$/.test(expires) ? Number(expires) : 0));
    const isOpen = now < Number(expires) * 1000;
    return isSigned && isOpen
      ? { ...file, permission: 'granted', expiresAt: Number(expires) * 1000 }
      : { ...file, permission: 'refused', expiresAt: null };
  }

  #token({ taskId, position }: ResultRef, expires: number): string {
    const text = `kling-sidecar result\n${taskId}\n${position}\n${expires}`;
    return createHmac('sha256', this.#options.key.key()).update(text).digest('base64url');
  }
}

/** Reads `/v1/results/TASK/N`, where an extension may follow the number; null for any other path. */
export function refOf(path: string): ResultRef | null {
  const match = /^\/v1\/results\/([^/]+)\/([1-9]\d{0,2})(?:\.[a-z0-9]{1,5})?$/.exec(path);
  const taskId = decoded(match?.[1] ?? '');
  if (taskId === null || taskId === '' || taskId.length > TASK_ID_CHARS_MAX) return null;
  return { taskId, position: Number(match?.[2]) };
}

function decoded(text: string): string | null {
  try {
    return decodeURIComponent(text);
  } catch {
    return null;
  }
}

function isEqual(presented: string, right: string): boolean {
  const [a, b] = [Buffer.from(presented), Buffer.from(right)];
  return a.length === b.length && timingSafeEqual(a, b);
}
