/**
 * The permit of a create to be sent: by the rules of its admission, by Kling's stops, and by the breaker.
 *
 * **Invariant**: it is ended when the create is answered or given up, so that a probe that was never sent makes room for the next.
 */
import type { SidecarError } from '../errors.ts';
import { PERMITTED, type Permit } from '../pacing/permit.ts';
import type { StopScope } from '../pacing/stops.ts';
import type { CreateDeps, CreateRequest } from './create-request.ts';
import type { Prepared } from './prepare.ts';
import { brokenRules } from './rules.ts';

/** Gives the part of the account that a create uses. */
export function stopScopeOf({ route }: Pick<CreateRequest, 'route'>, { price }: Prepared): StopScope {
  return { operation: route.operation, product: price.product, model: price.model };
}

export class CreatePermit {
  readonly #deps: Pick<CreateDeps, 'stops' | 'breaker'>;
  readonly #scope: StopScope;
  readonly #rules: readonly SidecarError[];
  #stops: Permit = PERMITTED;
  #breaker: Permit = PERMITTED;

  /** A create that a rule refuses is no probe. */
  constructor(deps: CreateDeps, create: CreateRequest, prepared: Prepared) {
    this.#deps = deps;
    this.#scope = stopScopeOf(create, prepared);
    this.#rules = brokenRules(deps, create, prepared);
    if (this.#rules.length === 0 || create.settings.mode === 'observe') this.#ask();
  }

  /** The refusals of the create; the mode decides whether they are carried out. */
  get refusals(): readonly SidecarError[] {
    const { refusal } = this;
    return refusal === null ? this.#rules : [...this.#rules, refusal];
  }

  /** The refusal by a stop or the breaker, or null. */
  get refusal(): SidecarError | null {
    return this.#stops.refusal ?? this.#breaker.refusal;
  }

  /** Whether it is sent to see if Kling is back: its evidence must not wait for a slot, which doubts may occupy. */
  get isBreakerProbe(): boolean {
    return this.#breaker.isProbe;
  }

  /** Gives the refusal of a create that waited: a stop may have begun, or the breaker may have opened. */
  askAgain(): SidecarError | null {
    if (this.#stops.isProbe || this.#breaker.isProbe) return null;
    this.#ask();
    return this.refusal;
  }

  /** Ends it. Idempotent. */
  end(): void {
    this.#stops.end();
    this.#breaker.end();
  }

  #ask(): void {
    this.#stops = this.#deps.stops.ask(this.#scope);
    this.#breaker = this.#stops.refusal === null ? this.#deps.breaker.ask() : PERMITTED;
    if (this.#breaker.refusal !== null) this.#stops.end();
  }
}
