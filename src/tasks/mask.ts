/**
 * The kept parts of a prompt: a hash of all of it, and its beginning without data that could identify somebody.
 *
 * **Invariant**: no e-mail address, telephone number or run of six digits and more is ever in a preview. Masking
 * too much is accepted (a date written with dashes looks like a telephone number); masking too little is not.
 */
import { hash as digestOf } from 'node:crypto';
import { storableText } from '../plain-text.ts';

/** How much of a long prompt is read for the preview; Kling's own limit is 3072 characters. */
const READ_CHARS = 8192;
/** Characters that are read for each kept one: masking shortens the text. */
const READ_PER_KEPT = 8;
const READ_CHARS_MIN = 512;

// Counted repetitions, so that no text makes these slow.
const EMAIL = /[\p{L}\p{N}._%+'-]{1,64}[@＠][\p{L}\p{N}.-]{1,255}/gu;
const PHONE = /[+(]{0,2}\p{Nd}(?:[\s().\-/]{0,3}\p{Nd}){6,}/gu;
const DIGITS = /\p{Nd}{6,}/gu;
const AT_SIGN = /[@＠]/u;
const DIGIT = /\p{Nd}/u;

/**
 * Gives the hash of a prompt (SHA-256, the first 32 hex characters) and its beginning of at most `chars` UTF-16 units
 * (0 keeps none), masked, never ending in half a character.
 */
export function previewPrompt(text: string, chars: number): { hash: string; preview: string } {
  const hash = digestOf('sha256', text, 'hex').slice(0, 32);
  const readChars = Math.min(READ_CHARS, Math.max(READ_CHARS_MIN, chars * READ_PER_KEPT));
  return { hash, preview: cut(mask(storableText(readable(text, readChars))), chars) };
}

/** Leaves out the word that the end of a long prompt's beginning would cut: half an address is not recognised. */
function readable(text: string, chars: number): string {
  return text.length <= chars ? text : text.slice(0, chars).replace(/\S{1,512}$/u, '');
}

/** Each pattern is tried only on text that has its mark: most prompts have neither. */
function mask(text: string): string {
  const masked = AT_SIGN.test(text) ? text.replace(EMAIL, '[e-mail]') : text;
  return DIGIT.test(masked) ? masked.replace(PHONE, '[phone]').replace(DIGITS, '[digits]') : masked;
}

function cut(text: string, chars: number): string {
  if (text.length <= chars) return text;
  const last = text.charCodeAt(chars - 1);
  const isHighSurrogate = last >= 0xd800 && last <= 0xdbff;
  return text.slice(0, isHighSurrogate ? chars - 1 : chars);
}
