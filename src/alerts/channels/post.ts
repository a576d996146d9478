/** How channels send over HTTP: one request, no redirect, a time limit, and no private address that the config does not name. */
import type { Ms } from '../../units.ts';

export interface PostRequest {
  /** Absolute; its host is one that the config names. May be a secret: it never stands in an error. */
  url: string;
  /** Beside `content-type: application/json; charset=utf-8`, which one of the same name replaces. */
  headers?: Readonly<Record<string, string>>;
  body: string;
  /** Used in errors in place of the address, such as `Slack`. */
  receiver: string;
  /**
   * Host names, without port, that may lead to private addresses: the channel's `hosts`. An address written in the URL and
   * `localhost` need none.
   */
  privateHosts?: readonly string[];
  /** Reads a refusal (a status of 300 and above) for what it says beside its status; null leaves it at the status. */
  explain?: (answer: PostAnswer) => Explanation | null;
}

export interface PostAnswer {
  status: number;
  /** Lower-case names. */
  headers: Readonly<Record<string, string>>;
  /** At most 64 KiB; what is longer is cut. */
  body: string;
}

/** What a refusal says, by the receiver's own documentation. */
export interface Explanation {
  /** Stands in the error: from a list of ours, never text of the answer. */
  reason?: string;
  /** In place of what the status says. */
  isFinal?: boolean;
  /** In place of the `Retry-After` header. */
  retryAfterMs?: Ms;
}

/**
 * Sends a POST and gives the answer, which has a status of 200 to 299.
 *
 * @throws ChannelError where no answer came in time, or one of 300 and above: final but for 408, 425, 429 and 5xx, with
 * `retryAfterMs` from `Retry-After` (seconds or a date, at most a day).
 */
export type Post = (request: PostRequest) => Promise<PostAnswer>;
