/**
 * The concurrency slots of an account (kling-api.md, section 8).
 *
 * A task uses its weight of slots of its product from its create to its end. The limit is the largest of the active packs;
 * it can be narrower for a model.
 *
 * **Invariant**: slots follow from the open tasks. Nothing frees them but a task's end.
 */
import type { Ms, Product } from '../units.ts';
import type { TaskPlan } from './plan.ts';

/** The slots of a product. */
export interface SlotUse {
  limit: number;
  inUse: number;
  /** The most that were in use at once. */
  most: number;
}

/** The part of a task that uses slots; the end of a stuck task is infinite. */
interface SlotUser {
  plan: TaskPlan;
  endsAgeMs: Ms;
}

export interface SlotLimits {
  limitOf: (product: Product) => number;
  /** Slots of a model; infinite without a limit. */
  modelLimitOf: (model: string) => number;
}

export interface Slots {
  /** Returns whether a task of this plan may begin now. */
  fit(plan: TaskPlan): boolean;
  take(user: SlotUser): void;
  use(product: Product): SlotUse;
}

/** Makes the slots of an account without tasks. */
export function createSlots(limits: SlotLimits, ageMs: () => Ms): Slots {
  const most: Record<Product, number> = { video: 0, image: 0 };
  let open: SlotUser[] = [];
  const inUse = (counts: (plan: TaskPlan) => boolean): number => {
    const now = ageMs();
    open = open.filter((user) => user.endsAgeMs > now);
    return open.reduce((sum, { plan }) => sum + (counts(plan) ? plan.weight : 0), 0);
  };
  const ofProduct = (product: Product): number => inUse((plan) => plan.product === product);
  return {
    fit({ product, model, weight }) {
      if (weight === 0) return true;
      if (ofProduct(product) + weight > limits.limitOf(product)) return false;
      const modelLimit = limits.modelLimitOf(model);
      return modelLimit === Infinity || inUse((plan) => plan.model === model) + weight <= modelLimit;
    },
    take(user) {
      open.push(user);
      const { product } = user.plan;
      most[product] = Math.max(most[product], ofProduct(product));
    },
    use: (product) => ({ limit: limits.limitOf(product), inUse: ofProduct(product), most: most[product] }),
  };
}
