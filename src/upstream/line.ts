/**
 * One configured upstream: Kling's address, the connections to it, and the credentials for it.
 *
 * Host, credentials and connections change together and never mix: a request signed with one line's credentials is sent on
 * its own connections. A reload sets another line; the old one ends when no request uses it any more.
 *
 * **Invariant**: a key goes to the host that it was configured with and nowhere else, also in the middle of a reload.
 */
import type { AccountName } from '../kling/account-name.ts';
import type { TokenSource } from '../kling/token.ts';
import type { Ms } from '../units.ts';
import type { ConnectionPool } from './pool.ts';

/** Kling's address, and the connections to it. */
export interface Connection {
  /** For creates and the sidecar's own requests, whose answers are small and read whole. */
  pool: ConnectionPool;
  /** For reads that are streamed to callers: a caller that takes its answer slowly must not make a create wait. */
  readPool: ConnectionPool;
  /** Host and port, for the journal. */
  host: string;
  /** Scheme, host and port, for traces. */
  origin: string;
  timeoutMs: Ms;
}

export interface LineOptions extends Connection, AccountName {
  tokens: TokenSource;
}

export class Line {
  readonly pool: ConnectionPool;
  readonly readPool: ConnectionPool;
  readonly host: string;
  readonly origin: string;
  readonly timeoutMs: Ms;
  readonly tokens: TokenSource;
  readonly account: string;
  readonly fingerprint: string;
  #users = 0;
  #isRetired = false;
  #isClosed = false;

  constructor(options: LineOptions) {
    this.pool = options.pool;
    this.readPool = options.readPool;
    this.host = options.host;
    this.origin = options.origin;
    this.timeoutMs = options.timeoutMs;
    this.tokens = options.tokens;
    this.account = options.account;
    this.fingerprint = options.fingerprint;
  }

  /** Keeps the line open until {@link release}. */
  use(): this {
    this.#users += 1;
    return this;
  }

  /** Ends a use: once for each {@link use}. */
  release(): void {
    this.#users -= 1;
    if (this.#isRetired && this.#users === 0) this.#close();
  }

  /** Ends the connections once no request uses them; running requests end first. */
  retire(): void {
    this.#isRetired = true;
    if (this.#users === 0) this.#close();
  }

  /** True once no request uses a retired line. */
  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Ends everything at once. */
  async destroy(): Promise<void> {
    await Promise.all([this.pool.destroy(), this.readPool.destroy()]);
  }

  #close(): void {
    this.#isClosed = true;
    // It rejects if the connections were destroyed meanwhile: then they have ended as well.
    for (const pool of [this.pool, this.readPool]) void pool.close().catch(() => undefined);
  }
}
