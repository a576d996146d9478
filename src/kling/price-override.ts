/**
 * Finds the operator's own price that applies to a create.
 *
 * **Invariant**: the override that names the most of path, operation, model, mode and sound wins (a path that names a model
 * counts twice). Among equals the latest `from` that has begun wins, then the later one in the list. An override with
 * another value never applies; an open value matches every override.
 */
import type { Ms } from '../units.ts';
import type { Ask } from './ask-parts.ts';
import type { PriceOverride } from './kling-config.ts';
import { listedModel } from './models.ts';
import { rowsOf } from './price-rows.ts';
import type { KlingRoute } from './routes.ts';

export interface OverrideCase {
  route: KlingRoute;
  ask: Ask;
  nowMs: Ms;
}

/** Every quality that an undocumented value may mean. */
const ANY_MODE = ['std', 'pro', '4k'] as const;

/**
 * Finds the override that applies; several if the quality is open and may mean each of them. Empty if none applies.
 */
export function overridesFor(
  overrides: readonly PriceOverride[],
  given: OverrideCase,
): ReadonlySet<PriceOverride> {
  const { ask } = given;
  const hasMode = rowsOf(ask.operation).some((row) => row.mode !== null);
  const asks = ask.mode === null && hasMode ? ANY_MODE.map((mode) => ({ ...ask, mode })) : [ask];
  const found = asks.map((one) => winner(overrides, { ...given, ask: one }));
  return new Set(found.filter((override) => override !== null));
}

function winner(overrides: readonly PriceOverride[], given: OverrideCase): PriceOverride | null {
  let best: PriceOverride | null = null;
  for (const override of overrides) {
    if (applies(override, given) && (best === null || beats(override, best, given.route))) best = override;
  }
  return best;
}

function applies(override: PriceOverride, { route, ask, nowMs }: OverrideCase): boolean {
  const { path, operation, model, mode, sound, from } = override;
  if (from !== null && from > nowMs) return false;
  if (path !== null && path !== route.template) return false;
  if (operation !== null && operation !== ask.operation) return false;
  if (model !== null && !isModel(model, ask)) return false;
  if (mode !== null && mode !== ask.mode) return false;
  return sound === null || sound === (ask.audio !== 'off');
}

/** A spelling that Kling does not document proves no model: it is booked under the model's name, but without its price. */
function isModel(model: string, { sentModel, modelState, model: booked }: Ask): boolean {
  if (model === sentModel) return true;
  return model === booked && (modelState !== 'unknown' || listedModel(model) === null);
}

function beats(override: PriceOverride, other: PriceOverride, route: KlingRoute): boolean {
  const more = specificity(override, route) - specificity(other, route);
  if (more !== 0) return more > 0;
  return (override.from ?? -Infinity) >= (other.from ?? -Infinity);
}

function specificity({ path, operation, model, mode, sound }: PriceOverride, route: KlingRoute): number {
  const named = [path, operation, model, mode, sound].filter((key) => key !== null).length;
  return path !== null && model === null && route.urlModel !== null ? named + 1 : named;
}
