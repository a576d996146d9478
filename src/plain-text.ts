/** Text that came from elsewhere, made harmless for terminals, tables and records. */

/** What a terminal acts on though it shows nothing: controls, and marks that turn text around or hide it. */
const UNSAFE = /[\p{Cc}\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/gu;
/** Characters of a name in the audit. */
export const ACTOR_CHARACTERS_MAX = 64;

/** Replaces what a terminal would act on. */
export function plainText(text: string): string {
  return text.replace(UNSAFE, '?');
}

/** Gives who orders a change as one short plain name; undefined where nothing is left of it. */
export function plainActor(text: string): string | undefined {
  const name = plainText(text).trim().slice(0, ACTOR_CHARACTERS_MAX).trim();
  return name === '' ? undefined : name;
}
