/**
 * Reads a create's body as raw bytes: one plain JSON object that every parser reads in the same way, or a refusal.
 *
 * The price is computed from these bytes and these bytes are sent, so a document that two parsers may read differently
 * (a key twice, an escaped or similar key, a byte order mark, bytes after the end) is refused. Nodes carry
 * offsets; the text of a string, such as an image in base64, is decoded only on demand.
 *
 * **Invariant**: what {@link scanBody} accepts, `JSON.parse` accepts, with the same names and values. It never
 * recurses deeper than {@link DEPTH_MAX}, never makes more than {@link VALUES_MAX} nodes, and keeps no reference to
 * the bytes.
 */
import { isUtf8 } from 'node:buffer';
import { SidecarError } from '../errors.ts';
import { aliasOf, KNOWN_ARRAYS, KNOWN_FIELDS, KNOWN_OBJECTS, PRICED_FIELDS } from './fields.ts';
import { firstControl, wordsOf } from './control-bytes.ts';
import { afterDigits, found, isDigit, isHex, isText, keyHash } from './json-bytes.ts';

/** Deepest nesting accepted; the body itself is at depth 1. */
export const DEPTH_MAX = 32;
/** Most values, containers included, in one body. */
export const VALUES_MAX = 100_000;
/** Longest key accepted in objects that Kling does not document, in bytes. */
export const KEY_BYTES_MAX = 256;

export type JsonKind = 'object' | 'array' | 'string' | 'number' | 'true' | 'false' | 'null';

/** One value: `bytes[start, end)` is its text. `names` and `values` are empty except in containers. */
export interface JsonNode {
  readonly kind: JsonKind;
  readonly start: number;
  readonly end: number;
  /** Whether a string holds a backslash. */
  readonly escaped: boolean;
  readonly names: readonly string[];
  readonly values: readonly JsonNode[];
}
export interface JsonObject extends JsonNode {
  readonly kind: 'object';
}

const NO_NAMES: readonly string[] = [];
const NO_VALUES: readonly JsonNode[] = [];
const FORBIDDEN = new Set(['__proto__', 'constructor', 'prototype']);
const KEY_GRAMMAR = /^[a-z0-9_]{1,64}$/;
/** From this many names on, a set finds duplicates. */
const SET_FROM = 16;
/** Bytes of a string that are checked one by one before the jump to the next quote is tried. */
const WALK_BYTES = 64;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;

/**
 * Scans a body and gives its root object.
 *
 * `trusted` skips the checks that an earlier scan of the same bytes has made: UTF-8 and the content of long strings.
 * @throws SidecarError `body_refused`; `detail` has `rule`, `place` (a path such as `settings.duration`) and `offset`.
 */
export function scanBody(bytes: Uint8Array, options: { trusted?: boolean } = {}): JsonObject {
  const buffer = Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  return new Scanner(buffer, options.trusted === true).document();
}

/** Gives a member's value by its exact name; undefined if the object has none. */
export function memberOf(object: JsonNode, name: string): JsonNode | undefined {
  const at = object.names.indexOf(name);
  return at < 0 ? undefined : object.values[at];
}

/** Decodes one value: a string's characters, or the literal text of anything else. */
export function textOf(bytes: Uint8Array, node: JsonNode): string {
  const buffer = Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  if (node.kind !== 'string') return buffer.toString('utf8', node.start, node.end);
  if (node.escaped) return JSON.parse(buffer.toString('utf8', node.start, node.end)) as string;
  return buffer.toString('utf8', node.start + 1, node.end - 1);
}

/** Finds a documented key by the hash of its bytes, so that no text is made for it; matches are compared. */
const KNOWN_BY_HASH: ReadonlyMap<number, string> = new Map(
  [...KNOWN_FIELDS].map((name) => [[...Buffer.from(name)].reduce(keyHash, 0), name]),
);

class Scanner {
  readonly #bytes: Buffer;
  readonly #trusted: boolean;
  readonly #path: (string | number)[] = [];
  #at = 0;
  #count = 0;
  #depth = 0;
  /** Whether no byte of 0x80 or above was seen; a bulk jump does not look at its bytes and so makes it unknown. */
  #isAscii = true;
  #nextQuote = -1;
  #nextBackslash = -1;
  #words: Int32Array | null = null;

  constructor(bytes: Buffer, trusted: boolean) {
    this.#bytes = bytes;
    this.#trusted = trusted;
  }

  document(): JsonObject {
    const bytes = this.#bytes;
    if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) {
      this.#refuse('bom', 'begins with a byte order mark; send UTF-8 without one');
    }
    this.#space();
    if (bytes[this.#at] !== OPEN_BRACE) this.#refuse('not_object', 'is not one JSON object');
    const root = this.#object(true) as JsonObject;
    this.#space();
    if (this.#at < bytes.length) this.#refuse('trailing', 'has bytes behind its closing brace');
    if (!this.#isAscii && !this.#trusted && !isUtf8(bytes)) this.#refuse('utf8', 'is not valid UTF-8');
    return root;
  }

  #space(): void {
    const bytes = this.#bytes;
    let at = this.#at;
    while (at < bytes.length) {
      const byte = bytes[at];
      if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) break;
      at += 1;
    }
    this.#at = at;
  }

  /** Reads any value. `isKnown` says whether an object here, or in an array here, is one that Kling documents. */
  #value(isKnown: boolean): JsonNode {
    this.#count += 1;
    if (this.#count > VALUES_MAX) this.#refuse('too_many', `holds more than ${VALUES_MAX} values`);
    const byte = this.#bytes[this.#at];
    if (byte === QUOTE) return this.#string();
    if (byte === OPEN_BRACE) return this.#object(isKnown);
    if (byte === OPEN_BRACKET) return this.#array(isKnown);
    if (byte === 0x74) return this.#literal('true');
    if (byte === 0x66) return this.#literal('false');
    if (byte === 0x6e) return this.#literal('null');
    return this.#number();
  }

  #enter(): void {
    this.#depth += 1;
    if (this.#depth > DEPTH_MAX) this.#refuse('too_deep', `is nested deeper than ${DEPTH_MAX} levels`);
  }

  #object(isKnown: boolean): JsonNode {
    const start = this.#at;
    const names: string[] = [];
    const values: JsonNode[] = [];
    this.#enter();
    this.#at += 1;
    this.#space();
    let seen: Set<string> | null = null;
    if (this.#bytes[this.#at] === CLOSE_BRACE) this.#at += 1;
    else {
      for (;;) {
        const name = this.#key(isKnown);
        if (names.length >= SET_FROM) seen ??= new Set(names);
        if (seen === null ? names.includes(name) : seen.has(name)) {
          this.#refuse('duplicate_key', 'has this key twice; send each key once');
        }
        seen?.add(name);
        names.push(name);
        this.#space();
        if (this.#bytes[this.#at] !== COLON) this.#refuse('syntax', 'has a key without a colon');
        this.#at += 1;
        this.#space();
        const isChildKnown = isKnown && (KNOWN_OBJECTS.has(name) || KNOWN_ARRAYS.has(name));
        const value = this.#value(isChildKnown);
        if (value.escaped && isKnown && PRICED_FIELDS.has(name)) this.#wellFormed(value);
        values.push(value);
        if (this.#next(CLOSE_BRACE)) break;
      }
    }
    this.#depth -= 1;
    return { kind: 'object', start, end: this.#at, escaped: false, names, values };
  }

  #array(isKnown: boolean): JsonNode {
    const start = this.#at;
    const values: JsonNode[] = [];
    this.#enter();
    this.#at += 1;
    this.#space();
    if (this.#bytes[this.#at] === CLOSE_BRACKET) this.#at += 1;
    else {
      for (;;) {
        this.#path[this.#depth - 1] = values.length;
        values.push(this.#value(isKnown));
        if (this.#next(CLOSE_BRACKET)) break;
      }
    }
    this.#depth -= 1;
    return { kind: 'array', start, end: this.#at, escaped: false, names: NO_NAMES, values };
  }

  /** Reads the byte after a member or item: true after the closing byte, false after a comma. */
  #next(close: number): boolean {
    this.#space();
    const byte = this.#bytes[this.#at];
    this.#at += 1;
    if (byte === close) return true;
    if (byte !== COMMA) {
      this.#at -= 1;
      this.#refuse('syntax', 'has something else where a comma or a closing bracket belongs');
    }
    this.#space();
    return false;
  }

  #key(isKnown: boolean): string {
    const bytes = this.#bytes;
    if (bytes[this.#at] !== QUOTE) this.#refuse('syntax', 'has something else where a key belongs');
    const from = this.#at + 1;
    const limit = Math.min(bytes.length, from + KEY_BYTES_MAX + 1);
    let at = from;
    let hash = 0;
    let seen = 0;
    for (; at < limit; at += 1) {
      const byte = bytes[at] as number;
      if (byte === QUOTE) break;
      if (byte === BACKSLASH) this.#refuse('escaped_key', 'has an escape inside a key; write keys plainly');
      if (byte < 0x20) this.#refuse('control', 'has a raw control character inside a key');
      hash = keyHash(hash, byte);
      seen |= byte;
    }
    if (at === bytes.length) this.#refuse('syntax', 'ends inside a key');
    if (at === limit) this.#refuse('key_length', `has a key longer than ${KEY_BYTES_MAX} bytes`);
    this.#at = at + 1;
    const known = KNOWN_BY_HASH.get(hash);
    if (known !== undefined && isText(bytes, from, at, known)) {
      this.#path[this.#depth - 1] = known;
      return known;
    }
    if (seen >= 0x80) this.#isAscii = false;
    const name = bytes.toString('utf8', from, at);
    this.#path[this.#depth - 1] = name;
    this.#checkName(name, isKnown);
    return name;
  }

  #checkName(name: string, isKnown: boolean): void {
    if (FORBIDDEN.has(name)) this.#refuse('forbidden_key', 'has a key that changes objects themselves');
    if (!isKnown) return;
    const alias = aliasOf(name);
    if (alias !== null) this.#refuse('alias_key', `has a key that may be read as ${alias}; write ${alias}`);
    if (!KEY_GRAMMAR.test(name)) {
      this.#refuse('key_grammar', 'has a key other than 1 to 64 of a-z, 0-9 and _');
    }
  }

  #string(): JsonNode {
    const start = this.#at;
    const bytes = this.#bytes;
    const length = bytes.length;
    let at = start + 1;
    let escaped = false;
    let seen = 0;
    let walkTo = Math.min(length, at + WALK_BYTES);
    for (;;) {
      while (at < walkTo) {
        const byte = bytes[at] as number;
        if (byte === QUOTE) {
          this.#at = at + 1;
          if (seen >= 0x80) this.#isAscii = false;
          return { kind: 'string', start, end: at + 1, escaped, names: NO_NAMES, values: NO_VALUES };
        }
        if (byte === BACKSLASH) {
          escaped = true;
          at = this.#escape(at);
          walkTo = Math.min(length, at + WALK_BYTES);
          continue;
        }
        if (byte < 0x20) this.#refuseControl(at);
        seen |= byte;
        at += 1;
      }
      if (at >= length) this.#refuse('syntax', 'ends inside a string');
      at = this.#jump(at);
      walkTo = Math.min(length, at + WALK_BYTES);
    }
  }

  /** Gives the offset of the next quote or backslash from `from`, after a bulk check of all bytes between. */
  #jump(from: number): number {
    const bytes = this.#bytes;
    if (this.#nextQuote < from) this.#nextQuote = found(bytes.indexOf(QUOTE, from), bytes.length);
    if (this.#nextBackslash < from) this.#nextBackslash = found(bytes.indexOf(BACKSLASH, from), bytes.length);
    const to = Math.min(this.#nextQuote, this.#nextBackslash);
    this.#isAscii = false;
    if (!this.#trusted && to - from > 0) {
      this.#words ??= wordsOf(bytes);
      const control = firstControl(bytes, this.#words, from, to);
      if (control >= 0) this.#refuseControl(control);
    }
    return to;
  }

  /** Checks the escape at `at` and gives the offset after it. */
  #escape(at: number): number {
    const kind = this.#bytes[at + 1];
    // The short escapes: " \ / b f n r t
    switch (kind) {
      case 0x22:
      case 0x5c:
      case 0x2f:
      case 0x62:
      case 0x66:
      case 0x6e:
      case 0x72:
      case 0x74:
        return at + 2;
      case 0x75: {
        for (let digit = at + 2; digit < at + 6; digit += 1) {
          if (!isHex(this.#bytes[digit]))
            this.#refuse('escape', 'has a \\u escape without four hex digits', at);
        }
        return at + 6;
      }
      default:
        return this.#refuse('escape', 'has an escape that JSON does not know', at);
    }
  }

  #wellFormed(value: JsonNode): void {
    const text = textOf(this.#bytes, value);
    if (text.includes('\0')) {
      this.#refuse('nul', 'has U+0000 in a value that is priced or a name', value.start);
    }
    if (!text.isWellFormed()) {
      this.#refuse('lone_surrogate', 'has half of a surrogate pair in a value that is priced', value.start);
    }
  }

  #literal(kind: 'true' | 'false' | 'null'): JsonNode {
    const start = this.#at;
    const end = start + kind.length;
    for (let i = 1; i < kind.length; i += 1) {
      if (this.#bytes[start + i] !== kind.charCodeAt(i))
        this.#refuse('syntax', 'has a value that is not JSON');
    }
    this.#at = end;
    return { kind, start, end, escaped: false, names: NO_NAMES, values: NO_VALUES };
  }

  #number(): JsonNode {
    const start = this.#at;
    const bytes = this.#bytes;
    let at = start;
    if (bytes[at] === 0x2d) at += 1;
    const first = bytes[at];
    if (!isDigit(first)) this.#refuse('syntax', 'has a value that is not JSON');
    at = first === 0x30 ? at + 1 : afterDigits(bytes, at);
    if (bytes[at] === 0x2e) {
      if (!isDigit(bytes[at + 1])) this.#refuse('number', 'has a number that ends in its point');
      at = afterDigits(bytes, at + 1);
    }
    if (bytes[at] === 0x65 || bytes[at] === 0x45) {
      const sign = bytes[at + 1];
      const digits = sign === 0x2b || sign === 0x2d ? at + 2 : at + 1;
      if (!isDigit(bytes[digits])) this.#refuse('number', 'has a number with an empty exponent');
      at = afterDigits(bytes, digits);
    }
    this.#at = at;
    return { kind: 'number', start, end: at, escaped: false, names: NO_NAMES, values: NO_VALUES };
  }

  #refuseControl(offset: number): never {
    return this.#refuse('control', 'has a raw control character inside a string; escape it', offset);
  }

  #refuse(rule: string, what: string, offset = this.#at): never {
    const place = this.#path.slice(0, this.#depth).join('.').slice(0, 200);
    const where = place === '' ? `byte ${offset}` : `${JSON.stringify(place)}, byte ${offset}`;
    throw new SidecarError('body_refused', `The body ${what} (at ${where}).`, {
      detail: { rule, place, offset },
    });
  }
}
