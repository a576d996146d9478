/**
 * The names of Kling's models: those in the price list, their other spellings, and the name under which a create is
 * booked.
 *
 * Kling writes one model in several ways: `kling-v2-6` in legacy bodies, `kling-2.6` in paths, `kling-v2.6` in prose.
 * We book under the legacy spelling. A model that is not in the list is booked under its own name if the config
 * names it, else as {@link OTHER_MODEL}.
 *
 * **Invariant**: the names that creates are booked under are those of the list, those of the config and `other`: no caller
 * can add one. A name here is a label and proves nothing of a price: a price needs the exact spelling.
 */
import { MODEL_NAMES } from './price-rows.ts';

/** The name for every model that neither the price list nor the config has. */
export const OTHER_MODEL = 'other';

/** Path segments of the new generation, with the legacy spelling of their models. */
export const NEW_MODELS: Readonly<Record<string, string>> = {
  'kling-3.0-turbo': 'kling-v3-turbo',
  'kling-3.0': 'kling-v3',
  'kling-3.0-omni': 'kling-v3-omni',
  'kling-o1': 'kling-video-o1',
  'kling-2.6': 'kling-v2-6',
  'kling-2.5-turbo': 'kling-v2-5-turbo',
  // No legacy spelling is known yet; these follow the pattern of the others.
  'kling-4.0': 'kling-v4',
  'kling-4.0-flash': 'kling-v4-flash',
};

/** Gives the common form of all spellings of a model: no case, `-` between parts, no `v`, no `.0`. */
function fold(name: string): string {
  return name
    .normalize('NFKC')
    .toLowerCase()
    .trim()
    .replaceAll(/[\s._-]+/g, '-')
    .replace(/^kling-?v?(?=\d)/, 'kling-')
    .replace(/^(kling-\d+)-0(?=-|$)/, '$1');
}

const LISTED: ReadonlyMap<string, string> = new Map([
  ...Object.entries(NEW_MODELS).map(([segment, model]): [string, string] => [fold(segment), model]),
  ...[...MODEL_NAMES].map((model): [string, string] => [fold(model), model]),
]);

/** Gives the price list's name of a model in any spelling; null for a model that the list does not have. */
export function listedModel(name: string): string | null {
  if (MODEL_NAMES.has(name)) return name;
  return LISTED.get(fold(name.slice(0, 100))) ?? null;
}

/** Finds the name under which a create is booked. */
export interface ModelNames {
  /** Gives the list's name, else the config's, else {@link OTHER_MODEL}. */
  booked(name: string): string;
}

/** Makes the look-up of names for a config that names `models`, in any spelling. */
export function modelNames(models: Iterable<string>): ModelNames {
  const own = new Map<string, string>();
  for (const name of models) if (listedModel(name) === null) own.set(fold(name), name);
  return {
    booked: (name) => listedModel(name) ?? own.get(fold(name.slice(0, 100))) ?? OTHER_MODEL,
  };
}

/** The names of the price list alone. */
export const LISTED_MODELS: ModelNames = modelNames([]);
