/** How channels send over HTTP: one request, no redirect, a time limit, and no private address that the config does not name. */
import type { Ms } from '../../units.ts';

export interface PostRequest {
  /** Absolute. May be a secret: it never stands in an error. */
  url: string;
  headers?: Readonly<Record<string, string>>;
  body: string;
  /** Used in errors in place of the address, such as `Slack`. */
  receiver: string;
}

export interface PostAnswer {
  status: number;
  /** Lower-case names. */
  headers: Readonly<Record<string, string>>;
  /** At most 64 KiB; what is longer is cut. */
  body: string;
}

/**
 * Sends a POST.
 *
 * @throws ChannelError where no answer came, or one of 300 and above: final for statuses that cannot change by waiting,
 * with `retryAfterMs` from `Retry-After` (seconds or a date).
 */
export type Post = (request: PostRequest) => Promise<PostAnswer>;

export interface PostDeps {
  timeoutMs: Ms;
}
