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

  /** Remembers an account-wide refusal, for the product and model that were asked for. */
  note(product: Product, model: string | null, info: CodeInfo, message: string): void {
    const until = this.#clock.monotonic() + REMEMBERED_MS;
    this.#byScope.set(scope(product, model), { code: info.code, message, until });
  }

  /** Forgets what was remembered: Kling made a task. */
  forget(product: Product, model: string | null): void {
    if (this.#byScope.size > 0) this.#byScope.delete(scope(product, model));
  }

  /** @throws SidecarError `account_refused` with Kling's code in its detail. */
  check(product: Product, model: string | null): void {
    if (this.#byScope.size === 0) return;
    const known = this.#byScope.get(scope(product, model));
    if (!known) return;
    const leftMs = known.until - this.#clock.monotonic();
    if (leftMs <= 0) {
      this.#byScope.delete(scope(product, model));
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

function scope(product: Product, model: string | null): string {
  return `${product} ${model ?? ''}`;
}
