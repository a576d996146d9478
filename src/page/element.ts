/**
 * Elements of a page, made by hono/jsx's functions: our sources are run without a build step, so they hold no JSX.
 *
 * **Invariant**: every text and every attribute is escaped. Nothing here takes markup from a caller.
 */
import { createElement } from 'hono/jsx';

/** A part of a page: an element, a text, or nothing. */
export type Part = Element | string | number | null | false | readonly Part[];
export type Element = ReturnType<typeof createElement>;

/** Attributes by name; null, undefined and false leave one out. */
export type Attributes = Readonly<Record<string, string | number | boolean | null | undefined>>;

/** Makes an element. */
export function h(tag: string, attributes: Attributes | null, ...children: readonly Part[]): Element {
  return createElement(tag, attributes === null ? {} : present(attributes), ...(children as Element[]));
}

function present(attributes: Attributes): Record<string, string | number | true> {
  const kept: Record<string, string | number | true> = {};
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== null && value !== undefined && value !== false) kept[name] = value;
  }
  return kept;
}

/** Writes an element as HTML. */
export function htmlOf(element: Element): string {
  return element.toString() as string;
}
