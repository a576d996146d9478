/** Breaks what programs make links and mentions of, without a change to what is seen. */

/** A space without width. */
const BREAK = '\u200b';

/** Gives a text in which no address is linked and nobody is mentioned. */
export function withoutLinks(text: string): string {
  return text
    .replaceAll(/:(?=\/\/)/g, `:${BREAK}`)
    .replaceAll(/\b(www|mailto|tel)(?=[.:])/gi, `$1${BREAK}`)
    .replaceAll('@', `@${BREAK}`);
}
