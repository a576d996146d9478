/** What `doctor` finds of prices: models in use whose price is assumed, since nobody has published it or they are new. */
import { notOk, ok, type Check } from '../check.ts';
import { countText } from '../phrases.ts';
import type { Ms } from '../units.ts';
import { listedModel, OTHER_MODEL } from './models.ts';
import type { PriceOverride } from './kling-config.ts';
import { assumedFrom } from './price-rows.ts';

/** A line of the usage by model. */
export interface ModelUsage {
  model?: string | null | undefined;
  tasks: number;
}

/** How far back models count as in use. */
export const USED_MS: Ms = 31 * 86_400_000;

/** Checks every model that was used of late and that no override prices. */
export function checkPrices(overrides: readonly PriceOverride[], usage: readonly ModelUsage[]): Check[] {
  const own = new Set(overrides.map(({ model }) => model));
  const ownPaths = overrides.flatMap(({ path }) => listedModel(path?.split('/').at(-1) ?? '') ?? []);
  const checks = usage.flatMap(({ model, tasks }) => {
    if (typeof model !== 'string' || own.has(model) || ownPaths.includes(model)) return [];
    return checkModel(model, tasks);
  });
  if (checks.length > 0) return checks;
  return [ok('prices', 'No model of the last 31 days has a price that is assumed as a whole.')];
}

function checkModel(model: string, tasks: number): Check[] {
  const advice =
    'When you know its price, name it in pricing.overrides; holds are settled to what Kling deducts.';
  const held = `${countText(tasks, 'create')} ${tasks === 1 ? 'was' : 'were'} held`;
  if (model === OTHER_MODEL || listedModel(model) === null) {
    const what = model === OTHER_MODEL ? 'Some models are' : `${model} is`;
    const finding = `${what} not in the price list: ${held} at the dearest price that fits.`;
    return [notOk('warn', 'prices', finding, advice)];
  }
  const source = assumedFrom(model);
  if (source === null) return [];
  return [notOk('warn', 'prices', `The price of ${model} is assumed (${source}): ${held} at it.`, advice)];
}
