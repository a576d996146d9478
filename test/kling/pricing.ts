/** Prices a body as the data plane would, for the tests of this folder. */
import { LISTED_MODELS } from '../../src/kling/models.ts';
import { priceCreate, type CreatePrice, type PriceOptions } from '../../src/kling/price.ts';
import { routesWith, UNKNOWN_CREATE, type KlingRoute } from '../../src/kling/routes.ts';
import { scanBody } from '../../src/kling/strict-json.ts';

export const VENDOR: PriceOptions = {
  list: 'vendor',
  overrides: [],
  assumeSeconds: {},
  unknownRouteCredits: 450_000,
  nowMs: Date.UTC(2026, 10, 21),
  models: LISTED_MODELS,
};

export function routeFor(path: string, options: PriceOptions = VENDOR): KlingRoute {
  const found = routesWith(options.overrides, options.models).find('POST', path);
  return found.kind === 'match' ? found.route : UNKNOWN_CREATE;
}

/** Prices JSON text, or a value written as JSON. */
export function price(
  path: string,
  body: string | Record<string, unknown>,
  options: PriceOptions = VENDOR,
  expectedSeconds: number | null = null,
): CreatePrice {
  const bytes = Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));
  return priceCreate({
    route: routeFor(path, options),
    bytes,
    body: scanBody(bytes),
    options,
    expectedSeconds,
  });
}
