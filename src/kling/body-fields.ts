/**
 * Reads single fields of a scanned body for pricing: by exact type and exact text.
 *
 * Null and `""` count as absent. A value of the right type that Kling does not document gives {@link UNKNOWN}, which
 * gets the highest price of its field. A value of another type refuses the body, since the result of Kling's own parser
 * is unknown.
 *
 * **Invariant**: no value is coerced. The one exception is numbers: `5`, `5.0`, `5e0` and the same in quotes are all 5.
 */
import { SidecarError } from '../errors.ts';
import { readWhole } from './number-text.ts';
import { memberOf, textOf, type JsonNode, type JsonObject } from './strict-json.ts';

/** A value of the right type that the price table does not have. */
export const UNKNOWN = Symbol('unknown');
export type Unknown = typeof UNKNOWN;

/** Characters of a refused value that its message shows. */
const SHOWN_CHARS_MAX = 40;
/** Longer texts match no documented value; they are not decoded. */
const VALUE_BYTES_MAX = 512;
/** Longer texts are no number. */
const NUMBER_BYTES_MAX = 64;

/** Reads one body and collects notes on its fields. */
export class BodyFields {
  readonly bytes: Uint8Array;
  readonly root: JsonObject;
  readonly flags: string[] = [];
  /** Whether some value was not in the table. */
  hasUnknown = false;

  constructor(bytes: Uint8Array, root: JsonObject) {
    this.bytes = bytes;
    this.root = root;
  }

  /** Notes a value that the table does not have. */
  noteUnknown(name: string): Unknown {
    this.flags.push(`unknown_value:${name}`);
    this.hasUnknown = true;
    return UNKNOWN;
  }

  /** Gives a text; null if it is absent. @throws SidecarError `body_refused` for another type. */
  text(holder: JsonNode | null, name: string): string | null {
    const node = present(holder, name);
    if (node === null) return null;
    if (node.kind !== 'string') this.refuse(name, node, 'a string');
    if (node.end - node.start > VALUE_BYTES_MAX) return this.#long(node);
    const text = textOf(this.bytes, node);
    return text === '' ? null : text;
  }

  #long(node: JsonNode): string {
    return `${node.end - node.start} bytes`;
  }

  /** Gives one of the documented texts, null if absent. @throws SidecarError `body_refused` for another type. */
  oneOf<T extends string>(holder: JsonNode | null, name: string, allowed: readonly T[]): T | null | Unknown {
    const node = present(holder, name);
    if (node === null) return null;
    if (node.kind !== 'string') this.refuse(name, node, quoted(allowed));
    const text = this.text(holder, name);
    if (text === null) return null;
    return allowed.find((it) => it === text) ?? this.noteUnknown(name);
  }

  /** Gives a boolean, null if absent. @throws SidecarError `body_refused` for another type. */
  truth(holder: JsonNode | null, name: string): boolean | null {
    const node = present(holder, name);
    if (node === null || isEmptyText(node)) return null;
    if (node.kind !== 'true' && node.kind !== 'false') this.refuse(name, node, 'true or false');
    return node.kind === 'true';
  }

  /** Gives a whole number in bounds, null if absent. @throws SidecarError `body_refused` for anything else. */
  integer(
    holder: JsonNode | null,
    name: string,
    bounds: [min: number, max: number],
  ): number | null | Unknown {
    const [min, max] = bounds;
    const value = this.#whole(holder, name, `a whole number from ${min} to ${max}`);
    if (value === null) return null;
    return value >= min && value <= max ? value : this.noteUnknown(name);
  }

  /** Gives a length out of a closed set, null if absent. @throws SidecarError `body_refused` for no whole number. */
  seconds(holder: JsonNode | null, name: string, allowed: readonly number[]): number | null | Unknown {
    const value = this.#whole(holder, name, `one of ${allowed.join(', ')}`);
    if (value === null) return null;
    return allowed.includes(value) ? value : this.noteUnknown(name);
  }

  #whole(holder: JsonNode | null, name: string, allowed: string): number | null {
    const node = present(holder, name);
    if (node === null || isEmptyText(node)) return null;
    const isShort = node.end - node.start <= NUMBER_BYTES_MAX;
    const isNumeric = node.kind === 'string' || node.kind === 'number';
    const value = isShort && isNumeric ? readWhole(textOf(this.bytes, node)) : null;
    return value ?? this.refuse(name, node, allowed);
  }

  /** Returns whether a field is present with a number in place of a text, or the reverse. */
  kindOf(holder: JsonNode | null, name: string): JsonNode['kind'] | null {
    return present(holder, name)?.kind ?? null;
  }

  /** Gives a list's items, none if absent. @throws SidecarError `body_refused` for another type. */
  list(holder: JsonNode | null, name: string): readonly JsonNode[] {
    const node = present(holder, name);
    if (node === null || isEmptyText(node)) return [];
    if (node.kind !== 'array') this.refuse(name, node, 'a list');
    return node.values;
  }

  /** As {@link BodyFields.list}, of objects only. */
  objects(holder: JsonNode | null, name: string): readonly JsonNode[] {
    const items = this.list(holder, name);
    for (const item of items) if (item.kind !== 'object') this.refuse(name, item, 'a list of objects');
    return items;
  }

  /** Gives a sub-object, null if absent. @throws SidecarError `body_refused` for another type. */
  object(name: string): JsonNode | null {
    const node = present(this.root, name);
    if (node === null) return null;
    if (node.kind !== 'object') this.refuse(name, node, 'an object');
    return node;
  }

  /** Refuses the body for a value. @throws SidecarError `body_refused`, always. */
  refuse(name: string, node: JsonNode, allowed: string): never {
    const end = Math.min(node.end, node.start + SHOWN_CHARS_MAX * 4);
    const text = Buffer.from(this.bytes.subarray(node.start, end)).toString('utf8');
    const shown = text.length > SHOWN_CHARS_MAX ? `${text.slice(0, SHOWN_CHARS_MAX)}…` : text;
    throw new SidecarError(
      'body_refused',
      `The body's ${name} is ${shown}; it must be ${allowed}, or absent.`,
      {
        detail: { rule: 'value', place: name, offset: node.start },
      },
    );
  }
}

function present(holder: JsonNode | null, name: string): JsonNode | null {
  const node = holder === null ? undefined : memberOf(holder, name);
  return node === undefined || node.kind === 'null' ? null : node;
}

function isEmptyText(node: JsonNode): boolean {
  return node.kind === 'string' && node.end - node.start === 2;
}

function quoted(allowed: readonly string[]): string {
  return allowed.map((it) => `"${it}"`).join(' or ');
}
