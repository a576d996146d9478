/**
 * The task that a smoke test makes: the cheapest one of its product that needs words alone.
 *
 * **Invariant**: prices come from the sidecar's own estimate, so that what is shown is what will be held.
 */
import type { EstimateAnswer } from '../control/schemas.ts';
import type { Product } from '../units.ts';

/** One task that could be made. */
export interface SmokeTask {
  product: Product;
  model: string;
  /** For people. */
  title: string;
  path: string;
  body: Readonly<Record<string, unknown>>;
}

/** A task with what would be held for it. */
export interface PricedTask extends SmokeTask {
  credits: number;
  /** What is not sure about the price; empty for an exact one. */
  notes: readonly string[];
  /** Why the sidecar would refuse it, apart from budgets; null if it would not. */
  refusal: string | null;
}

const PROMPT = 'test: blue sky with clouds';

function video(model: string, seconds: number): SmokeTask {
  return {
    product: 'video',
    model,
    title: `one video of ${seconds} s with ${model}, mode std, no sound`,
    path: '/v1/videos/text2video',
    body: { model_name: model, prompt: PROMPT, mode: 'std', duration: String(seconds) },
  };
}

function image(model: string): SmokeTask {
  return {
    product: 'image',
    model,
    title: `one image with ${model}`,
    path: '/v1/images/generations',
    body: { model_name: model, prompt: PROMPT, n: 1 },
  };
}

/** Tasks that every kind of credentials may make, each at its model's shortest length. */
export const SMOKE_TASKS: readonly SmokeTask[] = [
  video('kling-v1', 5),
  video('kling-v2-5-turbo', 5),
  video('kling-v2-6', 5),
  video('kling-v3', 3),
  image('kling-v2-1'),
  image('kling-v3'),
];

/** The models that may be named. */
export const SMOKE_MODELS: readonly string[] = [...new Set(SMOKE_TASKS.map(({ model }) => model))];

/** Gives the tasks to choose from. */
export function candidates(product: Product, model: string | undefined): readonly SmokeTask[] {
  return SMOKE_TASKS.filter(
    (task) => task.product === product && (model === undefined || task.model === model),
  );
}

/** Joins tasks with the estimate's answer on them, the cheapest first; what has no price is left out. */
export function priced(
  tasks: readonly SmokeTask[],
  { requests }: Pick<EstimateAnswer, 'requests'>,
): readonly PricedTask[] {
  const found = tasks.flatMap((task, index): PricedTask[] => {
    const { credits = null, notes = [], refusal = null } = requests[index] ?? {};
    return credits === null ? [] : [{ ...task, credits, notes, refusal }];
  });
  return found.toSorted((a, b) => a.credits - b.credits);
}
