/** Prices creates for the estimate in the same way as the data plane, from the same route table and price list. */
import { SidecarError } from '../errors.ts';
import { nearPath } from '../kling/near-path.ts';
import { cheaperStandard, priceCreate, type CreatePrice, type PriceOptions } from '../kling/price.ts';
import { UNKNOWN_CREATE, type KlingRoute, type RouteTable } from '../kling/routes.ts';
import { scanBody } from '../kling/strict-json.ts';
import { formatCredits, lowerLimit, type MilliCredits } from '../units.ts';
import type { EstimateRequest, PricedRequest, PriceOne } from './estimate.ts';

/** The part of the data plane's settings that prices depend on; read for each create. */
export interface PriceRules {
  routes: RouteTable;
  pricing: PriceOptions;
  unknownRoute: 'hold' | 'refuse' | 'pass';
  unknownRouteCredits: MilliCredits;
  maxCreditsEach: MilliCredits | null;
  /** The settings of configured apps. */
  appMaxCreditsEach: ReadonlyMap<string, MilliCredits | null>;
  stripPrefixes: readonly string[];
}

/** Makes the function that prices one create of an estimate; it never throws for a caller's input. */
export function createPriceOne(rules: () => PriceRules): PriceOne {
  return (request, { app }) => {
    try {
      return priceRequest(rules(), request, app);
    } catch (error) {
      if (error instanceof SidecarError) return unpriceable(`${error.code}: ${error.message}`);
      throw error;
    }
  };
}

function priceRequest(rules: PriceRules, request: EstimateRequest, app: string): PricedRequest {
  const path = stripped(request.path, rules.stripPrefixes);
  const match = rules.routes.find('POST', path);
  if (match.kind === 'method')
    return unpriceable(`target_refused: ${path} takes ${match.allowed.join(', ')} only`);
  const near = match.kind === 'match' ? null : nearPath(rules.routes, 'POST', path);
  if (near !== null) return unpriceable(`target_refused: There is no ${path}; did you mean ${near}?`);
  const route = match.kind === 'match' ? match.route : UNKNOWN_CREATE;
  if (route.kind !== 'create' && route.kind !== 'sync_create') return free(route);
  const bytes = Buffer.from(JSON.stringify(request.body), 'utf8');
  const args = { route, bytes, body: scanBody(bytes), options: rules.pricing, expectedSeconds: null };
  const price = priceCreate(args);
  const heldCredits = price.credits ?? (rules.unknownRoute === 'pass' ? 0 : rules.unknownRouteCredits);
  return {
    operation: price.operation,
    model: price.model,
    mode: price.mode,
    basis: price.basis,
    credits: price.basis === 'unknown' ? null : price.credits,
    heldCredits,
    heldCreditsIfStandard: Math.min(heldCredits, cheaperStandard(args).credits ?? heldCredits),
    notes: price.notes,
    refusal: refusalOf(rules, { price, heldCredits, path, app }),
  };
}

interface Judged {
  price: CreatePrice;
  heldCredits: MilliCredits;
  path: string;
  app: string;
}

function refusalOf(rules: PriceRules, { price, heldCredits: held, path, app }: Judged): string | null {
  if (price.basis === 'unknown' && rules.unknownRoute === 'refuse') {
    return `route_not_priced: there is no price for POST ${path}`;
  }
  const limit = lowerLimit(rules.appMaxCreditsEach.get(app) ?? null, rules.maxCreditsEach);
  if (limit === null || held <= limit) return null;
  return `task_too_expensive: ${formatCredits(held)} credits, and one may cost at most ${formatCredits(limit)}`;
}

function free(route: KlingRoute): PricedRequest {
  const { operation, urlModel } = route;
  return { ...NOTHING, operation, model: urlModel, basis: 'exact', credits: 0, refusal: null };
}

function unpriceable(refusal: string): PricedRequest {
  return { ...NOTHING, refusal };
}

const NOTHING: PricedRequest = {
  operation: 'unknown',
  model: null,
  mode: null,
  basis: 'unknown',
  credits: null,
  heldCredits: 0,
  heldCreditsIfStandard: 0,
  notes: [],
  refusal: null,
};

function stripped(path: string, prefixes: readonly string[]): string {
  const prefix = prefixes.find((one) => path === one || path.startsWith(`${one}/`));
  return prefix === undefined ? path : path.slice(prefix.length);
}
