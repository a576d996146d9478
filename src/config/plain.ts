/** Plain JSON values and the keys that name a place in them, such as `listen.port` or `budgets[0].credits`. */

export type PlainObject = Record<string, unknown>;
/** One step into a plain value. */
export type Step = string | number;

export function isPlainObject(value: unknown): value is PlainObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Writes a path for people; a name with unusual characters is quoted. */
export function keyOf(path: readonly Step[]): string {
  let text = '';
  for (const step of path) {
    if (typeof step === 'number') text += `[${step}]`;
    else if (/^[\w$-]+$/.test(step)) text += text === '' ? step : `.${step}`;
    else text += `[${JSON.stringify(step)}]`;
  }
  return text;
}

/** Gives the value at a path; undefined if there is none. */
export function valueAt(root: unknown, path: readonly Step[]): unknown {
  let value = root;
  for (const step of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, step)) return undefined;
    value = (value as Record<Step, unknown>)[step];
  }
  return value;
}

/** Calls back for every leaf: scalars, null, empty objects, and lists that hold no objects. */
export function forEachLeaf(
  value: unknown,
  visit: (path: readonly Step[], leaf: unknown) => void,
  path: readonly Step[] = [],
): void {
  if (isPlainObject(value) && Object.keys(value).length > 0) {
    for (const [name, child] of Object.entries(value)) forEachLeaf(child, visit, [...path, name]);
  } else if (Array.isArray(value) && value.some((item) => isPlainObject(item))) {
    for (const [index, child] of value.entries()) forEachLeaf(child, visit, [...path, index]);
  } else {
    visit(path, value);
  }
}
