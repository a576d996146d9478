/**
 * The last filter of every log line: it removes secrets, and characters that could forge a line or control a terminal.
 *
 * **Invariant**: no line shows a registered secret in its own form, JSON-escaped, percent-encoded or in base64 at
 * any of the three alignments, nor anything with the form of a JWT or the token of a callback's address. It never throws and never
 * drops a line.
 */
import type { Secret } from '../secret.ts';

const REDACTED = '[redacted]';
/** A shorter secret would remove ordinary words from the log; the config refuses such keys for other reasons. */
const SECRET_CHARACTERS_MIN = 4;
/** A shorter base64 core could match by chance. */
const BASE64_CORE_CHARACTERS_MIN = 8;
const JWT_MARK = 'eyJ';
/** An address of callbacks (callbacks/callback-paths.ts): who knows it can send some. */
const CALLBACK_MARK = '/c/hold_';
const CALLBACK = /(\/c\/hold_[0-9a-z]{26}\.)[\w-]{43}/g;
const JWT = /eyJ[\w-]{4,}\.[\w-]+(?:\.[\w-]*)?/g;
/**
 * Characters that JSON leaves unchanged although a terminal or a reader acts on them: DEL and the C1 controls, zero-width
 * and directional marks (Trojan Source, CVE-2021-42574), line and paragraph separators, the byte order mark.
 */
const UNSAFE = /[\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g;
/** One JSON escape; a pair of backslashes is matched as one, so that `\\n` is not read as a line feed. */
const JSON_ESCAPE = /\\(?:u00[01][0-9a-f]|[nrtbf]|u(?:007f|00[89][0-9a-f]|061c|20[0-6][0-9a-f]|feff)|.)/gi;

export interface Redaction {
  /** Removes this secret from every later line. A second registration changes nothing. */
  hide(secret: Secret): void;
  /** Gives the text without secrets and with control characters escaped as JSON escapes. */
  clean(text: string): string;
}

/** Makes a filter without registered secrets; text with the form of a JWT is always replaced. */
export function createRedaction(): Redaction {
  const needles = new Set<string>();
  /** Longest first, so that a form which contains another is replaced whole. */
  let ordered: readonly string[] = [];
  return {
    hide(secret) {
      for (const form of formsOfSecret(secret.reveal())) needles.add(form);
      ordered = [...needles].toSorted((a, b) => b.length - a.length);
    },
    clean(text) {
      let safe = text;
      for (const needle of ordered) {
        if (safe.includes(needle)) safe = safe.replaceAll(needle, REDACTED);
      }
      if (safe.includes(JWT_MARK)) safe = safe.replace(JWT, REDACTED);
      if (safe.includes(CALLBACK_MARK)) safe = safe.replace(CALLBACK, `$1${REDACTED}`);
      return safe.replace(UNSAFE, escapeCharacter);
    },
  };
}

/**
 * Converts one line of JSON to another whose parsed strings hold the escapes as text, for readers that parse the line
 * and print its values, such as a terminal's pretty printer.
 */
export function doubleEscape(jsonLine: string): string {
  return jsonLine.replace(JSON_ESCAPE, (escape) =>
    escape === '\\"' || escape === '\\\\' || escape === '\\/' ? escape : `\\${escape}`,
  );
}

/** Gives the forms in which a secret may appear: itself, JSON-escaped, percent-encoded, in base64; none below four characters. */
export function formsOfSecret(value: string): string[] {
  if (value.length < SECRET_CHARACTERS_MIN) return [];
  const json = JSON.stringify(value).slice(1, -1);
  return [...new Set([value, json, encodeURIComponent(value), ...base64Cores(value)])];
}

/** The characters of base64 that depend on the secret alone, for any place within a longer encoded text. */
function base64Cores(value: string): string[] {
  const bytes = Buffer.from(value, 'utf8');
  const cores: string[] = [];
  for (const lead of [0, 1, 2]) {
    const text = Buffer.concat([Buffer.alloc(lead), bytes])
      .toString('base64')
      .replace(/=+$/, '');
    const first = Math.ceil((lead * 8) / 6);
    const last = Math.floor(((lead + bytes.length) * 8) / 6);
    const core = text.slice(first, last);
    if (core.length < BASE64_CORE_CHARACTERS_MIN) continue;
    cores.push(core, core.replaceAll('+', '-').replaceAll('/', '_'));
  }
  return cores;
}

function escapeCharacter(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
