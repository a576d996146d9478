/**
 * Kling's recent refusals for the whole account, a pack or a model: the same create is not sent again at once.
 *
 * Codes 1100 to 1103 and 1304 (Kling's error table, read 2026-09-20) do not change within seconds, and SDKs post a
 * create again on any 429. A refusal is kept for half a minute, and dropped after any success.
 */
import type { Clock } from '../clock.ts';
import { SidecarError } from '../errors.ts';
import type { CodeInfo } from '../kling/codes.ts';
import type { Ms, Product } from '../units.ts';

/** The properties of a create that a refusal can be about. */
export interface RefusalScope {
  /** Its route. */
  route: string;
  product: Product;
  model: string | null;
}

/** How long a refusal of Kling's is kept. */
export const REMEMBERED_MS = 30_000;

interface Remembered {
  code: number;
  message: string;
  until: Ms;
}

export class AccountRefusals {
  readonly #clock: Clock;
  readonly #byScope = new Map<string, Remembered>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Keeps a refusal for the part of the account that its code is about. */
  note(scope: RefusalScope, info: CodeInfo, message: string): void {
    const until = this.#clock.monotonic() + REMEMBERED_MS;
    this.#byScope.set(keyOf(scope, info.code), { code: info.code, message, until });
  }

  /** Drops the refusals that would refuse this create: Kling made it. */
  forget(scope: RefusalScope): void {
    if (this.#byScope.size === 0) return;
    for (const key of keysOf(scope)) this.#byScope.delete(key);
  }

  /** Drops all refusals: the account is another one. */
  clear(): void {
    this.#byScope.clear();
  }

  /** @throws SidecarError `account_refused` with Kling's code in its detail. */
  check(scope: RefusalScope): void {
    if (this.#byScope.size === 0) return;
    for (const key of keysOf(scope)) this.#checkOne(key, scope);
  }

  #checkOne(key: string, { product }: RefusalScope): void {
    const known = this.#byScope.get(key);
    if (!known) return;
    const leftMs = known.until - this.#clock.monotonic();
    if (leftMs <= 0) {
      this.#byScope.delete(key);
      return;
    }
    throw new SidecarError(
      'account_refused',
      `Kling refused this account's ${product} creates moments ago with ${known.code} (${known.message}). ` +
        `Nothing was sent; the next create is sent in ${Math.ceil(leftMs / 1000)} s.`,
      { detail: { klingCode: known.code, klingMessage: known.message } },
    );
  }
}

/** 1102 is about the pack of a product, 1103 about an API and model, the others about the account. */
function keyOf({ route, product, model }: RefusalScope, code: number): string {
  if (code === 1102) return `pack ${product}`;
  return code === 1103 ? `api ${route} ${model ?? ''}` : 'account';
}

function keysOf(scope: RefusalScope): string[] {
  return [1100, 1102, 1103].map((code) => keyOf(scope, code));
}
