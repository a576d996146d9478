/**
 * The most that one create of a product can cost: the hold of a task of which only the product is known.
 *
 * **Invariant**: no create that the price list knows is held for more, with one exception: a caller that announces a longer medium
 * than `pricing.assumeSeconds` says.
 */
import type { MilliCredits, Product } from '../units.ts';
import type { OperationWord } from '../words.ts';
import { CLIP_SECONDS_MAX, countsInput, lengthsOf, mediaBounds } from './lengths.ts';
import { overrideAmount, rowAmount, type PriceOptions } from './price.ts';
import { IMAGES_MAX, PRICE_ROWS, type PriceRow } from './prices.ts';
import type { RouteTable } from './routes.ts';

/** Operations whose length only the media show. */
const BY_MEDIA: ReadonlySet<OperationWord> = new Set(['motion-control', 'avatar', 'lip-sync', 'omni-video']);

/** Gives the highest price of a create of a product, with the operator's own prices. */
export function highestPrice(
  product: Product,
  { routes, options }: { routes: Pick<RouteTable, 'routes'>; options: PriceOptions },
): MilliCredits {
  const operations = new Set(routes.routes.filter(isCreateOf(product)).map(({ operation }) => operation));
  const prices = PRICE_ROWS.flatMap((row) =>
    row.operations
      .filter((operation) => operations.has(operation))
      .flatMap((operation) =>
        (row.models ?? [null]).map((model) =>
          rowAmount(row, secondsMax(row, { operation, model, options }), IMAGES_MAX),
        ),
      ),
  );
  const own = options.overrides
    .filter(({ operation }) => operation === null || operations.has(operation))
    .map(({ operation, amount }) => {
      const seconds = operation === null ? CLIP_SECONDS_MAX : longest(operation, null, options);
      return overrideAmount(amount, { seconds, count: IMAGES_MAX });
    });
  const unknown = product === 'video' ? (options.unknownRouteCredits ?? 0) : 0;
  return Math.max(unknown, ...prices, ...own);
}

function isCreateOf(product: Product): (route: RouteTable['routes'][number]) => boolean {
  return (route) => (route.kind === 'create' || route.kind === 'sync_create') && route.product === product;
}

interface Of {
  operation: OperationWord;
  model: string | null;
  options: PriceOptions;
}

function secondsMax(row: PriceRow, { operation, model, options }: Of): number {
  if (row.per !== 'second' && row.per !== 'five_seconds') return 0;
  const made = longest(operation, model, options);
  return countsInput(model) ? made + mediaBounds(operation, model, false).max : made;
}

/** The longest result of an operation; where only the media show it, as long as the operator says to assume. */
function longest(operation: OperationWord, model: string | null, { assumeSeconds }: PriceOptions): number {
  const offered = lengthsOf(operation, model).at(-1) ?? CLIP_SECONDS_MAX;
  if (!BY_MEDIA.has(operation)) return offered;
  const { max } = mediaBounds(operation, model, false);
  const media = Math.min(assumeSeconds[operation] ?? max, max);
  return operation === 'omni-video' ? Math.max(offered, media) : media;
}
