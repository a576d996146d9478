/** Prevents links and mentions in a text without a visible change. */

/** A space without width. */
const BREAK = '\u200b';

/** Gives a text without links and mentions. */
export function withoutLinks(text: string): string {
  return text
    .replaceAll(/:(?=\/\/)/g, `:${BREAK}`)
    .replaceAll(/\b(www|mailto|tel)(?=[.:])/gi, `$1${BREAK}`)
    .replaceAll('@', `@${BREAK}`);
}
