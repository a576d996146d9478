/**
 * Which of the operator's own prices applies to a create.
 *
 * **Invariant**: the override that names most of path, operation, model, mode and sound wins; among equals the one
 * with the latest `from` that has begun, then the later in the list. One that names another value never applies.
 */
import type { Ms } from '../units.ts';
import type { Ask } from './ask.ts';
import type { PriceOverride } from './kling-config.ts';
import type { KlingRoute } from './routes.ts';

export interface OverrideCase {
  route: KlingRoute;
  ask: Ask;
  nowMs: Ms;
}

/** Finds the override that applies; null where none does. */
export function overrideFor(overrides: readonly PriceOverride[], given: OverrideCase): PriceOverride | null {
  let best: PriceOverride | null = null;
  for (const override of overrides) {
    if (applies(override, given) && (best === null || beats(override, best))) best = override;
  }
  return best;
}

function applies(override: PriceOverride, { route, ask, nowMs }: OverrideCase): boolean {
  const { path, operation, model, mode, sound, from } = override;
  if (from !== null && from > nowMs) return false;
  if (path !== null && path !== route.template) return false;
  if (operation !== null && operation !== ask.operation) return false;
  if (model !== null && model !== ask.model && model !== ask.sentModel) return false;
  if (mode !== null && mode !== ask.mode) return false;
  return sound === null || sound === (ask.audio !== 'off');
}

function beats(override: PriceOverride, other: PriceOverride): boolean {
  const more = specificity(override) - specificity(other);
  if (more !== 0) return more > 0;
  return (override.from ?? -Infinity) >= (other.from ?? -Infinity);
}

function specificity({ path, operation, model, mode, sound }: PriceOverride): number {
  return [path, operation, model, mode, sound].filter((key) => key !== null).length;
}
