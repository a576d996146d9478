/** How channels send over HTTP: one request, no redirect, a time limit, and no private address that the config does not name. */
import type { Ms } from '../../units.ts';
import type { Reach } from '../../upstream/guarded-lookup.ts';

/** Where a request goes: a judged URL. */
export interface Target {
  origin: string;
  /** Path and query. */
  path: string;
  reach: Reach;
}

export interface PostRequest {
  /** Absolute; its host is one that the config names. May be a secret: no error names it. */
  url: string;
  /** Added to `content-type: application/json; charset=utf-8`; a header of the same name replaces it. */
  headers?: Readonly<Record<string, string>>;
  body: string;
  /** The name in errors, in place of the address, such as `Slack`. */
  receiver: string;
  /**
   * Host names, without port, that may lead to private addresses: the channel's `hosts`. An address written in the URL and
   * `localhost` need none.
   */
  privateHosts?: readonly string[];
  /** Where it goes, if the caller has judged the URL by rules of its own; else `privateHosts` and the URL decide. */
  target?: Target;
  /** Reads the reason of a refusal (a status of 300 and above); null if the status is enough. */
  explain?: (answer: PostAnswer) => Explanation | null;
}

export interface PostAnswer {
  status: number;
  /** Lower-case names. */
  headers: Readonly<Record<string, string>>;
  /** At most 64 KiB; a longer one is cut. */
  body: string;
}

/** The meaning of a refusal, by the receiver's own documentation. */
export interface Explanation {
  /** Part of the error: from a list of ours, never text of the answer. */
  reason?: string;
  /** Replaces the decision by the status. */
  isFinal?: boolean;
  /** Replaces the `Retry-After` header. */
  retryAfterMs?: Ms;
}

/**
 * Sends a POST and gives the answer, which has a status of 200 to 299.
 *
 * @throws ChannelError if no answer came in time, or one of 300 and above: final except 408, 425, 429 and 5xx, with
 * `retryAfterMs` from `Retry-After` (seconds or a date, at most a day).
 */
export type Post = (request: PostRequest) => Promise<PostAnswer>;
