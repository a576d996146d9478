/** Makes text from elsewhere safe for terminals, tables and records. */

/** Invisible characters that a terminal acts on: controls, and marks that reverse or hide text. */
const UNSAFE = /[\p{Cc}\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/gu;
/** Characters of a name in the audit. */
export const ACTOR_CHARACTERS_MAX = 64;

/** Replaces the characters that a terminal would act on. */
export function plainText(text: string): string {
  return text.replace(UNSAFE, '?');
}

/** Gives who orders a change as one short plain name; undefined if nothing is left of it. */
export function plainActor(text: string): string | undefined {
  const name = plainText(text).trim().slice(0, ACTOR_CHARACTERS_MAX).trim();
  return name === '' ? undefined : name;
}
