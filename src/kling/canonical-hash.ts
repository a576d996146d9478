/**
 * The hash by which a create is known to be equal to an earlier one.
 *
 * Two bodies are equal if they parse to the same JSON without `external_task_id` and `callback_url`: clients and people that send
 * a create again give it another id. The order of keys, white space, escapes and the spelling of numbers (`5`, `5.0`, `5e0`) make
 * no difference.
 *
 * **Invariant**: the bytes are only read. A number is never converted to a floating-point number, so that two long ids that differ
 * stay two. Whether a string is hashed by itself depends on its text alone, not on its spelling.
 */
import { hash, subtle } from 'node:crypto';
import type { KlingRoute } from './routes.ts';
import type { JsonNode, JsonObject } from './strict-json.ts';
import { unescapeString } from './unescape.ts';

/** The fields that do not count, at the top level and, in the new generation, in `options`. */
const LEFT_OUT: ReadonlySet<string> = new Set(['external_task_id', 'callback_url']);
/** Strings above this, such as images in base64, are part of the text by their own hash. */
const SHORT_STRING_BYTES_MAX = 16_384;
/** Long strings of bodies above this are hashed off the event loop. */
export const HASH_INLINE_BYTES_MAX = 262_144;
/** Characters of the hash, in base64url: 132 of its 256 bits. */
const HASH_CHARACTERS = 22;

/** A request, as far as it decides whether two are equal. */
export interface HashedRequest {
  /** Of its route only the generation counts: the place of the fields that are left out. */
  route: Pick<KlingRoute, 'generation'>;
  method: 'POST';
  path: string;
  bytes: Buffer;
  /** The scan of `bytes`. */
  body: JsonObject;
}

/** Gives 22 characters that are the same for equal requests; a promise only for a large body with long strings. */
export function canonicalHash({ route, method, path, bytes, body }: HashedRequest): string | Promise<string> {
  const parts = new CanonicalText(bytes, route.generation === 'new').of(body);
  const hashed = (text: string): string =>
    hash('sha256', `${method} ${path}\n${text}`, 'base64url').slice(0, HASH_CHARACTERS);
  if (isSettled(parts)) return hashed(parts.join(''));
  return Promise.all(parts).then((texts) => hashed(texts.join('')));
}

function isSettled(parts: readonly (string | Promise<string>)[]): parts is readonly string[] {
  return parts.every((part) => typeof part === 'string');
}

/** Where an object is: fields are left out of the first two. */
type Place = 'body' | 'options' | 'inner';

/** The text of a body in which equal bodies have equal characters. */
class CanonicalText {
  readonly #bytes: Buffer;
  readonly #hasOptions: boolean;
  /** What comes before `#text`. */
  readonly #parts: (string | Promise<string>)[] = [];
  #text = '';

  constructor(bytes: Buffer, hasOptions: boolean) {
    this.#bytes = bytes;
    this.#hasOptions = hasOptions;
  }

  of(body: JsonObject): (string | Promise<string>)[] {
    this.#object(body, 'body');
    this.#parts.push(this.#text);
    return this.#parts;
  }

  #object({ names, values }: JsonNode, place: Place): void {
    this.#text += '{';
    for (const at of inOrder(names)) {
      const name = names[at] ?? '';
      const value = values[at];
      if (value === undefined || (place !== 'inner' && LEFT_OUT.has(name))) continue;
      const isOptions = this.#hasOptions && place === 'body' && name === 'options';
      if (isOptions && isEmptied(value)) continue;
      // A key has no escapes: the scan refuses them.
      this.#text += `"${name}":`;
      this.#value(value, isOptions ? 'options' : 'inner');
      this.#text += ',';
    }
    this.#text += '}';
  }

  #value(node: JsonNode, place: Place): void {
    switch (node.kind) {
      case 'object':
        this.#object(node, place);
        return;
      case 'array':
        this.#text += '[';
        for (const value of node.values) {
          this.#value(value, 'inner');
          this.#text += ',';
        }
        this.#text += ']';
        return;
      case 'string':
        this.#string(node);
        return;
      case 'number':
        this.#text += canonicalNumber(this.#bytes.toString('latin1', node.start, node.end));
        return;
      default:
        this.#text += node.kind;
    }
  }

  #string({ start, end, escaped }: JsonNode): void {
    if (!escaped) {
      if (end - start > SHORT_STRING_BYTES_MAX) this.#long(this.#bytes.subarray(start, end));
      else this.#text += this.#bytes.toString('utf8', start, end);
      return;
    }
    const plain = unescapeString(this.#bytes, start, end);
    if (plain.length > SHORT_STRING_BYTES_MAX) this.#long(plain);
    else this.#text += plain.toString();
  }

  /** No other value begins with `#`. */
  #long(text: Buffer): void {
    if (this.#bytes.length <= HASH_INLINE_BYTES_MAX) {
      this.#text += `#${hash('sha256', text, 'hex')}`;
      return;
    }
    this.#parts.push(this.#text, sha256(text));
    this.#text = '';
  }
}

async function sha256(text: Buffer): Promise<string> {
  const digest = await subtle.digest('SHA-256', text as Uint8Array<ArrayBuffer>);
  return `#${Buffer.from(digest).toString('hex')}`;
}

/** Returns whether `options` says nothing but what is left out. */
function isEmptied({ kind, names }: JsonNode): boolean {
  return kind === 'null' || (kind === 'object' && names.every((name) => LEFT_OUT.has(name)));
}

/** Gives the places of names in the order of the names. */
function inOrder(names: readonly string[]): number[] {
  const places = names.map((_, at) => at);
  return places.sort((one, other) => ((names[one] ?? '') < (names[other] ?? '') ? -1 : 1));
}

/** Sign, whole digits, digits behind the point, sign and digits of the exponent. */
const NUMBER = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?)(\d+))?$/;
const PLAIN_WHOLE = /^[1-9]\d*$/;
/** Exponents with more digits keep their spelling: no number of that size has a meaning. */
const EXPONENT_DIGITS_MAX = 15;
const ZERO = 0x30;

/** Gives a number's text in one spelling: its digits without zeros at both ends, and the exponent of the last. */
export function canonicalNumber(text: string): string {
  if (PLAIN_WHOLE.test(text) && !text.endsWith('0')) return text;
  const [, sign = '', whole = '', fraction = '', exponentSign = '', exponent = '0'] = NUMBER.exec(text) ?? [];
  const all = whole + fraction;
  const digits = all.slice(zerosBefore(all), all.length - zerosAfter(all));
  if (digits === '') return '0';
  const shift = zerosAfter(all) - fraction.length;
  const size = exponent.slice(zerosBefore(exponent));
  if (size.length > EXPONENT_DIGITS_MAX) return `${sign}${digits}e${exponentSign}${size}e${shift}`;
  const power = (exponentSign === '-' ? -Number(size) : Number(size)) + shift;
  return power === 0 ? sign + digits : `${sign}${digits}e${power}`;
}

function zerosBefore(digits: string): number {
  let at = 0;
  while (digits.charCodeAt(at) === ZERO) at += 1;
  return at;
}

function zerosAfter(digits: string): number {
  let at = digits.length;
  while (digits.charCodeAt(at - 1) === ZERO) at -= 1;
  return digits.length - at;
}
