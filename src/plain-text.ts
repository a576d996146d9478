/** Makes text from elsewhere safe for terminals, tables and records. */
import { createHash } from 'node:crypto';

/** Invisible characters that a terminal acts on: controls, and marks that reverse or hide text. */
const UNSAFE = /[\p{Cc}\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/gu;
/** Characters of a name in the audit. */
export const ACTOR_CHARACTERS_MAX = 64;

/** Returns whether any engine of the store can keep a text: PostgreSQL takes neither U+0000 nor half of a surrogate pair. */
export function isStorable(text: string): boolean {
  return !text.includes('\0') && text.isWellFormed();
}

/** Removes what no engine can keep. Only for text that people read: for names, two that differ would become one. */
export function storableText(text: string): string {
  return isStorable(text) ? text : text.replaceAll(/[\0\p{Cs}]/gu, '');
}

/** Gives a name that can be kept: a hash of one that cannot, so that two that differ stay two. */
export function storableName(name: string): string {
  if (isStorable(name)) return name;
  return `unstorable~${createHash('sha256').update(name, 'utf16le').digest('hex').slice(0, 32)}`;
}

/** Replaces the characters that a terminal would act on. */
export function plainText(text: string): string {
  return text.replace(UNSAFE, '?');
}

/** Gives who orders a change as one short plain name; undefined if nothing is left of it. */
export function plainActor(text: string): string | undefined {
  const name = storableText(plainText(text).trim().slice(0, ACTOR_CHARACTERS_MAX)).trim();
  return name === '' ? undefined : name;
}
