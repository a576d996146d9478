/**
 * The permit of a create to be sent, by what Kling did to the creates before it ({@link Stops}, {@link Breaker}).
 *
 * **Invariant**: the caller that got a permit ends it; a probe lasts until then.
 */
import type { SidecarError } from '../errors.ts';

export interface Permit {
  /** Why the create must not be sent now; null if it may. */
  readonly refusal: SidecarError | null;
  /** Whether it may be sent only to see if Kling takes creates again. */
  readonly isProbe: boolean;
  /** Ends it: the create was answered, or it was not sent. Idempotent. */
  end(): void;
}

/** The permit of a create that nothing stops. */
export const PERMITTED: Permit = { refusal: null, isProbe: false, end: () => undefined };

/** Makes the permit of a create that is refused. */
export function refused(refusal: SidecarError): Permit {
  return { refusal, isProbe: false, end: () => undefined };
}
