/**
 * From the config to what prices are made of: one function for the data plane, the control plane's estimate and the
 * estimate without a sidecar, so that the three agree.
 */
import type { Clock } from '../clock.ts';
import type { Config } from '../config/config.ts';
import type { PriceRules } from '../control/price-one.ts';
import { modelNames } from '../kling/models.ts';
import type { PriceOptions } from '../kling/price.ts';
import { routesWith } from '../kling/routes.ts';

/** Makes the rules that prices and estimates depend on. */
export function priceRules(config: Config, clock: Clock): PriceRules {
  const { creates, listen, pricing, apps } = config;
  const { unknownRoute, unknownRouteCredits, maxCreditsEach } = creates;
  const options = priceOptions(config, clock);
  return {
    routes: routesWith(pricing.overrides, options.models),
    pricing: options,
    unknownRoute,
    unknownRouteCredits,
    maxCreditsEach,
    appMaxCreditsEach: new Map(apps.map((app) => [app.name, app.maxCreditsEach])),
    stripPrefixes: listen.stripPrefixes,
  };
}

/** Makes the price options; the instant is read at each price, since an override may begin tomorrow. */
function priceOptions({ budgets, creates, limits, pricing }: Config, clock: Clock): PriceOptions {
  const { list, overrides, assumeSeconds } = pricing;
  const { unknownRoute, unknownRouteCredits } = creates;
  const named = [
    ...budgets.map(({ match }) => match.model),
    ...overrides.map(({ model }) => model),
    ...Object.keys(limits.concurrency).filter((pool) => pool !== 'video' && pool !== 'image'),
  ];
  return {
    list,
    overrides,
    assumeSeconds,
    unknownRouteCredits: unknownRoute === 'pass' ? null : unknownRouteCredits,
    models: modelNames(named.filter((name) => typeof name === 'string')),
    get nowMs() {
      return clock.now();
    },
  };
}
