/**
 * The last filter that every log line passes: no secret, and nothing that could forge a line or steer a terminal.
 *
 * **Invariant**: a registered secret never leaves in its own form, JSON-escaped, percent-encoded or in base64 at
 * any of the three alignments; nor does anything shaped like a JWT. It never throws and never drops a line.
 */
import type { Secret } from '../secret.ts';

const REDACTED = '[redacted]';
/** A shorter secret would blank ordinary words out of the log; the config refuses such keys for other reasons. */
const SECRET_CHARACTERS_MIN = 4;
/** Below this a base64 core is too short to be told from chance. */
const BASE64_CORE_CHARACTERS_MIN = 8;
const JWT_MARK = 'eyJ';
const JWT = /eyJ[\w-]{4,}\.[\w-]+(?:\.[\w-]*)?/g;
/**
 * What JSON leaves as it is though a terminal or a reader acts on it: DEL and the C1 controls, zero-width and
 * directional marks (Trojan Source, CVE-2021-42574), line and paragraph separators, the byte order mark.
 */
const UNSAFE = /[\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g;
/** One JSON escape; a pair of backslashes is taken whole so that `\\n` is not mistaken for a line feed. */
const JSON_ESCAPE = /\\(?:u00[01][0-9a-f]|[nrtbf]|u(?:007f|00[89][0-9a-f]|061c|20[0-6][0-9a-f]|feff)|.)/gi;

export interface Redaction {
  /** Makes every later line free of this secret. Registering it twice is harmless. */
  hide(secret: Secret): void;
  /** Gives the text without secrets and with control characters escaped as JSON escapes. */
  clean(text: string): string;
}

/** Makes a filter that knows no secret yet; what looks like a JWT is always replaced. */
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
      return safe.replace(UNSAFE, escapeCharacter);
    },
  };
}

/**
 * Takes one line of JSON to another whose parsed strings hold the escapes as text, for readers that parse the line
 * and print what they find, as a terminal's pretty printer does.
 */
export function doubleEscape(jsonLine: string): string {
  return jsonLine.replace(JSON_ESCAPE, (escape) =>
    escape === '\\"' || escape === '\\\\' || escape === '\\/' ? escape : `\\${escape}`,
  );
}

/** Gives the forms in which a secret may show: itself, JSON-escaped, percent-encoded, in base64; none below four characters. */
export function formsOfSecret(value: string): string[] {
  if (value.length < SECRET_CHARACTERS_MIN) return [];
  const json = JSON.stringify(value).slice(1, -1);
  return [...new Set([value, json, encodeURIComponent(value), ...base64Cores(value)])];
}

/** The characters of base64 that depend on the secret alone, wherever it begins within a longer encoded text. */
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
