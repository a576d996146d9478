/**
 * One upstream as it was configured at one time: where Kling is, the connections to it, and whose credentials go there.
 *
 * Host, credentials and connections change together and never mix: what was signed with one line's credentials is sent on
 * its own connections. A reload puts another line in place; the old one ends when nobody uses it any more.
 *
 * **Invariant**: a key goes to the host that it was configured with and nowhere else, also in the middle of a reload.
 */
import type { AccountName } from '../kling/account-name.ts';
import type { TokenSource } from '../kling/token.ts';
import type { Ms } from '../units.ts';
import type { ConnectionPool } from './pool.ts';

/** Where Kling is, and the connections to it. */
export interface Connection {
  /** For creates and the sidecar's own requests, whose answers are small and read whole. */
  pool: ConnectionPool;
  /** For reads that are streamed to callers: one that takes its answer slowly must not keep a create waiting. */
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

  /** Gives a use back: once for each {@link use}. */
  release(): void {
    this.#users -= 1;
    if (this.#isRetired && this.#users === 0) this.#close();
  }

  /** Ends the connections once nobody uses them; what is under way on them ends first. */
  retire(): void {
    this.#isRetired = true;
    if (this.#users === 0) this.#close();
  }

  /** True once nobody uses a line that was retired. */
  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Ends everything at once. */
  async destroy(): Promise<void> {
    await Promise.all([this.pool.destroy(), this.readPool.destroy()]);
  }

  #close(): void {
    this.#isClosed = true;
    // It rejects where the pool was destroyed meanwhile: then it has ended as well.
    for (const pool of [this.pool, this.readPool]) void pool.close().catch(() => undefined);
  }
}
