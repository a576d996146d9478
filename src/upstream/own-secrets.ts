/**
 * Removes our own secrets from answers: a proxy or a debugging server may echo the request.
 *
 * Only a sent token can come back, so the search is for the tokens of our own Authorization, in every form that the log
 * hides as well. Asterisks replace each: no length changes.
 *
 * **Invariant**: no part of an answer is passed on, read or stored before its secrets are removed. A token in a form that
 * is not listed (such as compressed in an unknown coding) is not recognised.
 */
import { formsOfSecret } from '../telemetry/redaction.ts';

/** A shorter key would remove ordinary words from answers; Kling's have 32 characters and more. */
const TOKEN_LENGTH_MIN = 8;
/** The number of remembered tokens: the present one, and those of requests that may still run. */
const TOKENS_MAX = 3;
const ASTERISK = 0x2a;

export class OwnSecrets {
  readonly #tokens: string[] = [];
  #texts: readonly string[] = [];
  #needles: readonly Buffer[] = [];

  /** Remembers the token of an Authorization value that is about to be sent. */
  sent(authorization: string): void {
    const token = authorization.slice(authorization.indexOf(' ') + 1);
    if (token.length < TOKEN_LENGTH_MIN || this.#tokens.includes(token)) return;
    this.#tokens.push(token);
    if (this.#tokens.length > TOKENS_MAX) this.#tokens.shift();
    // Some servers escape the slashes of their JSON.
    const forms = new Set(
      this.#tokens.flatMap(formsOfSecret).flatMap((form) => [form, form.replaceAll('/', '\\/')]),
    );
    this.#texts = [...forms].toSorted((a, b) => b.length - a.length);
    this.#needles = this.#texts.map((text) => Buffer.from(text));
  }

  /** Gives a text without our secrets. */
  cleanText(text: string): string {
    let clean = text;
    for (const secret of this.#texts) {
      if (clean.includes(secret)) clean = clean.replaceAll(secret, '*'.repeat(secret.length));
    }
    return clean;
  }

  /** Gives header lines without our secrets. */
  cleanLines(lines: string[]): string[] {
    const all = lines.join('\n');
    return this.#texts.some((secret) => all.includes(secret))
      ? lines.map((line) => this.cleanText(line))
      : lines;
  }

  /** Gives a value that was parsed from JSON without our secrets: escapes may have hidden one until then. */
  cleanValue<T>(value: T): T {
    const text = JSON.stringify(value) ?? '';
    const clean = this.cleanText(text);
    return clean === text ? value : (JSON.parse(clean) as T);
  }

  /** Gives whole bytes without our secrets; the same buffer if it holds none. */
  clean(bytes: Buffer): Buffer {
    let clean = bytes;
    for (const needle of this.#needles) {
      for (let at = clean.indexOf(needle); at >= 0; at = clean.indexOf(needle, at + needle.length)) {
        if (clean === bytes) clean = Buffer.from(bytes);
        clean.fill(ASTERISK, at, at + needle.length);
      }
    }
    return clean;
  }

  /** Gives how many last bytes of a piece may be the beginning of a secret that continues in the next piece. */
  openBytes(bytes: Buffer): number {
    let open = 0;
    for (const needle of this.#needles) open = Math.max(open, openBytesOf(needle, bytes));
    return open;
  }
}

/** Compares only where the first byte of the secret is: almost no place. */
function openBytesOf(needle: Buffer, bytes: Buffer): number {
  const first = needle[0] ?? 0;
  const from = Math.max(0, bytes.length - needle.length + 1);
  for (let at = bytes.indexOf(first, from); at >= 0; at = bytes.indexOf(first, at + 1)) {
    if (bytes.compare(needle, 0, bytes.length - at, at) === 0) return bytes.length - at;
  }
  return 0;
}
