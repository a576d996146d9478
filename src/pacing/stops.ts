/**
 * Stops: parts of the account for which Kling refuses every create, so that no second one is sent at once.
 *
 * Codes 1100 to 1103 and 1304 (Kling's error table, read 2026-09-20) do not change within seconds, and SDKs post a create
 * again on any 429. The first such answer passes to its caller as Kling sent it and begins a stop. 30 s later one create is
 * let through as a probe: Kling's refusal is free. If it is refused too, the stop lasts another 30 s; if Kling takes it, or
 * any other create of the same scope, the stop ends. A probe that showed neither makes room for the next one at once.
 *
 * **Invariant**: one probe at a time in each scope. A stop begins only by Kling's own answer, also after a restart
 * (`ledger/account-refusals.ts` reads it from the journal), and never ends by time alone.
 */
import type { Clock } from '../clock.ts';
import { SidecarError } from '../errors.ts';
import { codeInfo } from '../kling/codes.ts';
import type { Ms, Product } from '../units.ts';
import type { OperationWord } from '../words.ts';
import { PERMITTED, refused, type Permit } from './permit.ts';

/** The properties of a create that a refusal can be about. */
export interface StopScope {
  operation: OperationWord;
  product: Product;
  model: string | null;
}

/** The time from a refusal to the next probe. */
export const STOP_MS = 30_000;

/** A stop, for people and programs: 1102 is about a product, 1103 about an operation and model, the others about the account. */
export interface StopState {
  code: number;
  /** Kling's words, or the meaning of the code if they are not known. */
  message: string;
  product: Product | null;
  operation: OperationWord | null;
  model: string | null;
  /** When Kling first refused. */
  since: Ms;
  /** When the next create is let through; null while a probe is at Kling. */
  nextProbeAt: Ms | null;
}

/** A refusal that an earlier run of the process recorded. */
export interface EarlierRefusal extends Omit<StopState, 'message' | 'nextProbeAt'> {
  lastAt: Ms;
}

/** Receives the begin and the end of each stop, once. */
export interface StopListener {
  onBegin(stop: StopState): void;
  onEnd(stop: StopState): void;
}

interface Stop extends Omit<StopState, 'nextProbeAt'> {
  /** On the steady clock. */
  untilTick: Ms;
  isProbed: boolean;
}

export class Stops {
  readonly #clock: Clock;
  readonly #listener: StopListener;
  readonly #byScope = new Map<string, Stop>();

  constructor(clock: Clock, listener: StopListener = { onBegin: () => undefined, onEnd: () => undefined }) {
    this.#clock = clock;
    this.#listener = listener;
  }

  /** Begins or prolongs the stop of the part of the account that a code of Kling's is about. */
  noteRefusal(scope: StopScope, { code, message }: { code: number; message: string }): void {
    const key = keyOf(scope, code);
    const untilTick = this.#clock.monotonic() + STOP_MS;
    const known = this.#byScope.get(key);
    if (known) {
      Object.assign(known, { code, message, untilTick });
      return;
    }
    const stop = this.#begin(scope, { code, message, since: this.#clock.now(), untilTick });
    this.#listener.onBegin(this.#stateOf(stop));
  }

  /** Ends the stops of a create that Kling took. */
  noteTaken(scope: StopScope): void {
    if (this.#byScope.size === 0) return;
    for (const key of keysOf(scope)) {
      const stop = this.#byScope.get(key);
      if (!stop) continue;
      this.#byScope.delete(key);
      this.#listener.onEnd(this.#stateOf(stop));
    }
  }

  /** Begins the stops of an earlier run; the next probe is due 30 s after its last refusal. */
  restore(earlier: readonly EarlierRefusal[]): void {
    const tick = this.#clock.monotonic();
    const now = this.#clock.now();
    for (const { code, product, operation, model, since, lastAt } of earlier) {
      const leftMs = Math.min(STOP_MS, Math.max(0, lastAt + STOP_MS - now));
      const scope = { operation: operation ?? 'unknown', product: product ?? 'video', model } as const;
      const message = codeInfo(code)?.meaning ?? '';
      this.#begin(scope, { code, message, since, untilTick: tick + leftMs });
    }
  }

  /** Drops all stops: the account may be another one. */
  clear(): void {
    this.#byScope.clear();
  }

  /** Gives the permit of a create; the refusal is `account_refused` with Kling's code in its detail. */
  ask(scope: StopScope): Permit {
    if (this.#byScope.size === 0) return PERMITTED;
    const stops = keysOf(scope).flatMap((key) => this.#byScope.get(key) ?? []);
    const tick = this.#clock.monotonic();
    const inPlace = stops.find((stop) => stop.isProbed || tick < stop.untilTick);
    if (inPlace) return refused(this.#refusalOf(inPlace, scope));
    if (stops.length === 0) return PERMITTED;
    for (const stop of stops) stop.isProbed = true;
    let isOpen = true;
    return {
      refusal: null,
      isProbe: true,
      end() {
        if (!isOpen) return;
        isOpen = false;
        for (const stop of stops) stop.isProbed = false;
      },
    };
  }

  /** Gives all stops, in the order in which they began. */
  list(): StopState[] {
    return [...this.#byScope.values()].map((stop) => this.#stateOf(stop));
  }

  /** Begins a stop, with its first probe at `untilTick`. */
  #begin(scope: StopScope, stop: Pick<Stop, 'code' | 'message' | 'since' | 'untilTick'>): Stop {
    const begun = { ...partOf(scope, stop.code), ...stop, isProbed: false };
    this.#byScope.set(keyOf(scope, stop.code), begun);
    return begun;
  }

  #stateOf({ untilTick, isProbed, ...stop }: Stop): StopState {
    const leftMs = Math.max(0, untilTick - this.#clock.monotonic());
    return { ...stop, nextProbeAt: isProbed ? null : this.#clock.now() + leftMs };
  }

  #refusalOf({ code, message, untilTick, isProbed }: Stop, { product }: StopScope): SidecarError {
    const leftSeconds = Math.ceil((untilTick - this.#clock.monotonic()) / 1000);
    const next =
      isProbed || leftSeconds <= 0
        ? 'one create is at Kling to see whether this has changed.'
        : `the next create is sent in ${leftSeconds} s.`;
    return new SidecarError(
      'account_refused',
      `Kling refused this account's ${product} creates moments ago with ${code} (${message}). ` +
        `Nothing was sent; ${next}`,
      { detail: { klingCode: code, klingMessage: message } },
    );
  }
}

/** Gives the part of a scope that a code is about. */
function partOf(
  { operation, product, model }: StopScope,
  code: number,
): Pick<StopState, 'product' | 'operation' | 'model'> {
  return {
    product: code === 1102 ? product : null,
    operation: code === 1103 ? operation : null,
    model: code === 1103 ? model : null,
  };
}

function keyOf({ operation, product, model }: StopScope, code: number): string {
  if (code === 1102) return `product ${product}`;
  return code === 1103 ? `operation ${operation} ${model ?? ''}` : 'account';
}

function keysOf(scope: StopScope): string[] {
  return [1100, 1102, 1103].map((code) => keyOf(scope, code));
}
