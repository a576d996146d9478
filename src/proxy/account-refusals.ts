/**
 * What Kling refused moments ago for the whole account, a pack or a model: the same create is not sent again at once.
 *
 * Codes 1100 to 1103 and 1304 (Kling's error table, read 2026-09-20) do not change from one second to the next, and
 * SDKs post a create again on any 429. A refusal is remembered for half a minute and forgotten by any success.
 */
import type { Clock } from '../clock.ts';
import { SidecarError } from '../errors.ts';
import type { CodeInfo } from '../kling/codes.ts';
import type { Ms, Product } from '../units.ts';

/** What a create asks for, as far as a refusal may be about it. */
export interface RefusalScope {
  /** The template of its route. */
  route: string;
  product: Product;
  model: string | null;
}

/** How long Kling's word is taken for granted. */
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

  /** Remembers an account-wide refusal, for as much of the account as its code speaks of. */
  note(scope: RefusalScope, info: CodeInfo, message: string): void {
    const until = this.#clock.monotonic() + REMEMBERED_MS;
    this.#byScope.set(keyOf(scope, info.code), { code: info.code, message, until });
  }

  /** Forgets what was remembered and would have refused this: Kling made it. */
  forget(scope: RefusalScope): void {
    if (this.#byScope.size === 0) return;
    for (const key of keysOf(scope)) this.#byScope.delete(key);
  }

  /** Forgets everything: the account is another one. */
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

/** 1102 speaks of the pack of a product, 1103 of an API and model, the others of the account. */
function keyOf({ route, product, model }: RefusalScope, code: number): string {
  if (code === 1102) return `pack ${product}`;
  return code === 1103 ? `api ${route} ${model ?? ''}` : 'account';
}

function keysOf(scope: RefusalScope): string[] {
  return [1100, 1102, 1103].map((code) => keyOf(scope, code));
}
