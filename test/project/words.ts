/** The list of words to avoid: each with what to write in its place. */
import { lineAt, type SourceFile } from './source-code.ts';

const WORDS: readonly (readonly [RegExp, string])[] = [
  [/\btold\b|\btells?\b|\btelling\b/gi, 'report, send, log, show, return'],
  [/\bstands?\b(?! for\b)/gi, 'is, overrides, unchanged'],
  [/\b(?:is|are) borne\b/gi, 'allowed, the maximum'],
  [/\bdr(?:awn|aws?|ew) up\b/gi, 'written, rewritten'],
  [/\bin vain\b/gi, 'without success, timed out'],
  [
    /\bwhoever\b|\bwhatever\b|\bwhat is beyond\b/gi,
    'the thing itself: the caller, any value, values above the limit',
  ],
  [/\btakeAll\b|\bgiveBack\b/g, 'reserveAll, unreserve'],
  [/\bhurry\b|\bhaste\b|\bunhurried\b|\bspare [a-z]/gi, 'priority: request or background'],
  [/\bpassage\b|\b(?:its|on the) way\b/gi, 'request state, path, steps'],
  [/\bseed of\b/gi, 'advisory'],
];

/**
 * Files and folders that may still have such words, each with the reason. An entry without a word to avoid fails the test:
 * remove it.
 */
export const NOT_YET: Readonly<Record<string, string>> = {
  'src/claims/letter-en.ts': 'the same evidence must give the same letter, byte for byte',
  'src/claims/method.ts': 'the same',
};

/** Returns whether a path is one of {@link NOT_YET}, or below one. */
export function isNotYet(path: string): boolean {
  return Object.keys(NOT_YET).some((entry) => path === entry || path.startsWith(`${entry}/`));
}

/** Gives the words to avoid in a file’s comments and texts. */
export function wordsToAvoid(file: SourceFile): string[] {
  return found(file.path, proseOf(file));
}

/** Gives the words to avoid in a test file's titles. */
export function wordsInTitles({ path, text }: SourceFile): string[] {
  const titles = [...text.matchAll(TITLE)].map((match) => ({ title: match[2] ?? '', at: match.index }));
  return titles.flatMap(({ title, at }) => found(path, title, lineAt(text, at)));
}

/** `test('…`, `describe.each(…)('…` and the `])('…` that ends a table of cases. */
const TITLE = /(?:\b(?:test|it|describe)(?:\.\w+)?(?:\([^\n]*?\))?|\]\)|^\))\(\s*(['"`])(.*?)\1/gm;

function found(path: string, prose: string, firstLine = 1): string[] {
  return WORDS.flatMap(([pattern, instead]) =>
    [...prose.matchAll(pattern)].map(({ 0: word, index }) => {
      const line = firstLine + lineAt(prose, index) - 1;
      return `${path}:${line} has "${word}": write ${instead}`;
    }),
  );
}

/** The comments and the contents of strings and patterns: all that `code` has blanked. */
function proseOf({ text, code }: SourceFile): string {
  let prose = '';
  for (let at = 0; at < text.length; at += 1) {
    const sign = text.charAt(at);
    prose += sign === '\n' || code.charAt(at) !== sign ? sign : ' ';
  }
  return prose;
}
