/**
 * Finds rows of the price list: by operation, by model, and by the unit of their price.
 *
 * **Invariant**: a model is known if a row names it, or if its operation costs the same with every model.
 */
import type { OperationWord } from '../words.ts';
import { PRICE_ROWS, type PriceRow } from './prices.ts';

/** Models of routes whose price does not depend on them; their names are known nevertheless. */
const FLAT_MODELS: Readonly<Partial<Record<OperationWord, readonly string[]>>> = {
  'multi-image-to-video': ['kling-v1-6'],
  'multi-image-to-image': ['kling-v2-1', 'kling-v2'],
  'virtual-try-on': ['kolors-virtual-try-on-v1', 'kolors-virtual-try-on-v1-5'],
};

/** How operations that have models are billed. */
const BILLED_PER: Readonly<Partial<Record<OperationWord, PriceRow['per']>>> = {
  'text-to-video': 'second',
  'image-to-video': 'second',
  'omni-video': 'second',
  'multi-image-to-video': 'second',
  'motion-control': 'second',
  image: 'piece',
  'omni-image': 'piece',
  'multi-image-to-image': 'piece',
};

const BY_OPERATION = new Map<OperationWord, PriceRow[]>();
const MODELS_OF = new Map<OperationWord, Set<string>>();
for (const it of PRICE_ROWS) {
  for (const operation of it.operations) {
    BY_OPERATION.set(operation, [...(BY_OPERATION.get(operation) ?? []), it]);
    const models = [
      ...(MODELS_OF.get(operation) ?? []),
      ...(it.models ?? []),
      ...(FLAT_MODELS[operation] ?? []),
    ];
    MODELS_OF.set(operation, new Set(models));
  }
}
/** Every model of the list, by the name under which its creates are booked. */
export const MODEL_NAMES: ReadonlySet<string> = new Set(
  [...MODELS_OF.values()].flatMap((models) => [...models]),
);

/** Gives an operation's rows; empty if it has no price. */
export function rowsOf(operation: OperationWord): readonly PriceRow[] {
  return BY_OPERATION.get(operation) ?? [];
}

/** Returns whether an operation has a model of that name. */
export function hasModel(operation: OperationWord, model: string): boolean {
  return MODELS_OF.get(operation)?.has(model) === true;
}

/**
 * Gives a model's rows of other operations that are billed like this one: its possible price on a route for which Kling's
 * list has no row. Motion control is left out: it has higher rates of its own.
 */
export function rowsElsewhere(operation: OperationWord, model: string): readonly PriceRow[] {
  const per = BILLED_PER[operation];
  return PRICE_ROWS.filter(
    (it) =>
      it.per === per && it.models?.includes(model) === true && !it.operations.includes('motion-control'),
  );
}

/** Gives the source of a model's prices if all of them are assumed; null if one is published, or nothing is known. */
export function assumedFrom(model: string): string | null {
  const rows = PRICE_ROWS.filter(({ models }) => models?.includes(model) === true);
  return rows.every(({ source }) => source.isAssumed) ? (rows[0]?.source.name ?? null) : null;
}

/** Gives the day on which the published prices were read, the oldest of them: `2026-09-20`. */
export function pricesReadOn(): string {
  const published = PRICE_ROWS.filter(({ source }) => !source.isAssumed).map(({ source }) => source.read);
  return published.toSorted()[0] ?? '';
}
