/**
 * Reads a request body strictly: each getter reads one field, and refuses a wrong value like Kling, with the field's name.
 *
 * **Invariant**: absent, `null` and (for text) `""` mean "not set"; the vendor's samples use `""` with this meaning. A key
 * that is not read is ignored. Missing is 400/1200, wrong is 400/1201 (kling-api.md, section 6).
 */
import { KlingRefusal } from './replies.ts';

interface TextRule {
  /** The longest allowed text, in characters, inclusive. */
  max?: number;
  required?: boolean;
}

export class Fields {
  readonly #values: Readonly<Record<string, unknown>>;
  readonly #prefix: string;
  readonly #warn: (text: string) => void;

  constructor(values: unknown, warn: (text: string) => void, prefix = '') {
    if (!isRecord(values)) throw new KlingRefusal(1200, `${prefix || 'the body'} must be a JSON object`);
    this.#values = values;
    this.#prefix = prefix;
    this.#warn = warn;
  }

  /** Refuses a field of this object with 400/1201. */
  refuse(name: string, why: string): never {
    throw new KlingRefusal(1201, `${this.#prefix}${name} ${why}`);
  }

  /** Refuses for a field that is missing, with 400/1200. */
  missing(name: string): never {
    throw new KlingRefusal(1200, `Missing Request Parameter: ${this.#prefix}${name}`);
  }

  has(name: string): boolean {
    const value = this.#get(name);
    return value !== undefined && value !== '';
  }

  /** Returns whether a field is exactly this text. */
  is(name: string, text: string): boolean {
    return this.#get(name) === text;
  }

  text(name: string, rule: TextRule = {}): string | undefined {
    const value = this.#get(name);
    if (value === undefined || value === '') {
      if (rule.required === true) this.missing(name);
      return undefined;
    }
    if (typeof value !== 'string') this.refuse(name, 'must be a string');
    if (rule.max !== undefined && [...value].length > rule.max) {
      this.refuse(name, `must not exceed ${rule.max} characters`);
    }
    return value;
  }

  choice<Value extends string>(name: string, allowed: readonly Value[], fallback: Value): Value {
    const value = this.text(name);
    if (value === undefined) return fallback;
    const found = allowed.find((one) => one === value);
    return found ?? this.refuse(name, `value '${value}' is invalid, allowed: ${allowed.join(', ')}`);
  }

  needChoice<Value extends string>(name: string, allowed: readonly Value[]): Value {
    const first = allowed[0];
    if (first === undefined || !this.has(name)) this.missing(name);
    return this.choice(name, allowed, first);
  }

  flag(name: string, fallback: boolean): boolean {
    const value = this.#get(name) ?? fallback;
    return typeof value === 'boolean' ? value : this.refuse(name, 'must be a boolean');
  }

  number(name: string, min: number, max: number): number | undefined {
    const value = this.#get(name);
    if (value === undefined) return undefined;
    if (typeof value !== 'number') this.refuse(name, 'must be a number');
    if (value < min || value > max) this.refuse(name, `must be within [${min}, ${max}]`);
    return value;
  }

  whole(name: string, min: number, max: number): number | undefined {
    const value = this.number(name, min, max);
    if (value !== undefined && !Number.isInteger(value)) this.refuse(name, 'must be an integer');
    return value;
  }

  /**
   * A length from a closed set. Legacy documents require text, new ones a number; it is not proved that Kling refuses the
   * other type (kling-api.md, section 11), so both are accepted and the wrong one adds a warning.
   */
  seconds(name: string, allowed: readonly number[], wanted: 'string' | 'number'): number {
    const value = this.#get(name);
    if (value === undefined || value === '') return 5;
    if (typeof value !== 'string' && typeof value !== 'number')
      this.refuse(name, `must be a ${wanted} of seconds`);
    const seconds = allowed.find((one) => String(one) === String(value));
    if (seconds === undefined)
      this.refuse(name, `value '${value}' is invalid, allowed: ${allowed.join(', ')}`);
    if (typeof value !== wanted)
      this.#warn(`${this.#prefix}${name} was a ${typeof value}, documented as a ${wanted}`);
    return seconds;
  }

  /** A URL or raw base64; a `data:` prefix is refused. */
  media(name: string): string | undefined {
    const value = this.text(name);
    if (value?.startsWith('data:') === true) {
      this.refuse(name, 'must be a URL or raw base64 without the data: prefix');
    }
    return value;
  }

  /** Media that Kling accepts only by URL. */
  url(name: string): string | undefined {
    const value = this.media(name);
    if (value !== undefined && !/^https?:\/\//i.test(value)) this.refuse(name, 'must be a URL');
    return value;
  }

  /** An id, as text or as an integer. */
  id(name: string): string | undefined {
    const value = this.#get(name);
    return typeof value === 'number' && Number.isSafeInteger(value) ? String(value) : this.text(name);
  }

  /** A list of objects; absent is empty. `max` and `min` are inclusive. */
  list(name: string, max: number, min = 0): Fields[] {
    const items = this.values(name, max, min);
    return items.map((item, index) => new Fields(item, this.#warn, `${this.#prefix}${name}[${index}].`));
  }

  /** A list of anything. */
  values(name: string, max: number, min = 0): unknown[] {
    const value = this.#get(name) ?? [];
    if (!Array.isArray(value)) this.refuse(name, 'must be an array');
    if (value.length === 0 && min > 0) this.missing(name);
    if (value.length < min || value.length > max)
      this.refuse(name, `must have ${min} to ${max} items, has ${value.length}`);
    return value as unknown[];
  }

  object(name: string): Fields | undefined {
    const value = this.#get(name);
    if (value === undefined) return undefined;
    if (!isRecord(value)) this.refuse(name, 'must be an object');
    return new Fields(value, this.#warn, `${this.#prefix}${name}.`);
  }

  #get(name: string): unknown {
    const value = Object.hasOwn(this.#values, name) ? this.#values[name] : undefined;
    return value === null ? undefined : value;
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
