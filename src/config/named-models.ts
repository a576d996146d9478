/**
 * The models that a config names in budgets, limits and prices: checked, and converted to the names that creates are
 * booked under.
 *
 * **Invariant**: an accepted name is one that a create can be booked under. Another spelling of a model of the price list
 * is that model; a name that the list does not have is a new model, unless it looks mistyped.
 */
import { listedModel, NEW_MODELS, OTHER_MODEL } from '../kling/models.ts';
import { MODEL_NAMES } from '../kling/price-rows.ts';
import { hasModels } from '../kling/prices.ts';
import { showValue, type ConfigProblem } from './config-problem.ts';
import type { ConfigValues } from './config-schema.ts';
import { editDistance } from './nearest.ts';

const POOLS: readonly string[] = ['video', 'image'];

/** One place of the config that names a model. */
interface Place {
  key: string;
  name: string;
  /** Further words that are allowed there. */
  others: readonly string[];
  /** Whether any name is allowed there: that of an operator's own price. */
  isFree: boolean;
}

/** Finds names that no create is booked under. */
export function wronglyNamedModels(values: ConfigValues): ConfigProblem[] {
  const own = ownModels(values);
  return [
    ...placesOf(values).flatMap((place) => problemOf(place, own)),
    ...modelsOfModelless(values),
    ...limitsNamedTwice(values),
  ];
}

/** Gives warnings about names that the price list does not have: they are allowed, and should be checked. */
export function modelWarnings(values: ConfigValues): string[] {
  return placesOf(values)
    .filter(
      ({ name, others }) => name !== OTHER_MODEL && !others.includes(name) && listedModel(name) === null,
    )
    .map(
      ({ key, name }) =>
        `${key} names ${showValue(name)}, which the price list does not have: creates that name it are booked under it, ` +
        'and held at the dearest price that fits unless pricing.overrides has one.',
    );
}

/** Gives the booked form of a name of the config. */
export function bookedName(name: string): string {
  return listedModel(name) ?? name;
}

function placesOf({ budgets, limits, pricing }: ConfigValues): Place[] {
  const places: Place[] = [];
  const add = (key: string, name: string | undefined, given: Partial<Place> = {}): void => {
    if (name !== undefined) places.push({ key, name, others: [], isFree: false, ...given });
  };
  for (const [index, { match }] of budgets.entries()) add(`budgets[${index}].match.model`, match.model);
  for (const name of Object.keys(limits.concurrency)) {
    add(`limits.concurrency.${name}`, name, { others: POOLS });
  }
  for (const [index, { model }] of pricing.overrides.entries()) {
    add(`pricing.overrides[${index}].model`, model, { isFree: true });
  }
  return places;
}

function ownModels({ pricing }: ConfigValues): ReadonlySet<string> {
  return new Set(pricing.overrides.flatMap(({ model }) => model ?? []));
}

function problemOf({ key, name, others, isFree }: Place, own: ReadonlySet<string>): ConfigProblem[] {
  if (name === OTHER_MODEL || others.includes(name) || listedModel(name) !== null) return [];
  const known = [...others, ...MODEL_NAMES, OTHER_MODEL];
  const meant = mistyped(name, [...known, ...Object.keys(NEW_MODELS)]);
  const isModel = isFree || own.has(name) || /^(kling|kolors)[\s._-]?/i.test(name);
  if (meant === null && isModel) return [];
  return [
    {
      key,
      value: showValue(name),
      allowed: `${known.join(', ')}, or a new model whose name begins with "kling" or that pricing.overrides names`,
      suggestion:
        meant === null ? 'write the name that creates send' : `did you mean "${bookedName(meant)}"?`,
    },
  ];
}

/** Gives the known word that a name was meant to be: one part of it differs by a letter or two. Null if it is new. */
function mistyped(name: string, known: readonly string[]): string | null {
  const given = partsOf(name);
  for (const word of known) {
    const parts = partsOf(word);
    if (parts.length !== given.length) continue;
    const differing = parts.flatMap((part, at) => (part === given[at] ? [] : [[part, given[at] ?? '']]));
    const [one = '', other = ''] = differing[0] ?? [];
    if (differing.length === 1 && isSlip(one, other)) return word;
  }
  return null;
}

/** Splits a name into its words; numbers are left out, since a new model differs by its number. */
function partsOf(name: string): string[] {
  return name
    .toLowerCase()
    .replaceAll(/\d+/g, '')
    .split(/[\s._-]+/)
    .filter((part) => part !== '');
}

/** Words of four letters and more are mistyped if one letter differs, of six and more if two do. */
function isSlip(one: string, other: string): boolean {
  const shorter = Math.min(one.length, other.length);
  return shorter >= 4 && editDistance(one, other) <= (shorter >= 6 ? 2 : 1);
}

/** Budgets for a model of an operation whose creates name none. */
function modelsOfModelless({ budgets, pricing }: ConfigValues): ConfigProblem[] {
  const labelled = new Set(pricing.overrides.flatMap(({ model }) => model ?? []));
  return budgets.flatMap(({ match: { operation, model } }, index) => {
    if (operation === undefined || model === undefined) return [];
    if (hasModels(operation) || labelled.has(model)) return [];
    return {
      key: `budgets[${index}].match.model`,
      value: showValue(model),
      allowed: `no model: a create of ${operation} names none`,
      suggestion: 'remove it',
    };
  });
}

function limitsNamedTwice({ limits }: ConfigValues): ConfigProblem[] {
  const seen = new Map<string, string>();
  return Object.keys(limits.concurrency).flatMap((name) => {
    const booked = bookedName(name);
    const first = seen.get(booked);
    seen.set(booked, first ?? name);
    if (first === undefined) return [];
    return {
      key: `limits.concurrency.${name}`,
      value: showValue(limits.concurrency[name]),
      allowed: 'one limit for each model',
      suggestion: `${first} is the same model: keep one of the two`,
    };
  });
}
