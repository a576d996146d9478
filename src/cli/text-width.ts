/** How many cells of a terminal a text takes, and how it is cut and wrapped to fit. */

/** Ranges of characters that take two cells (Unicode 16, East Asian Width W and F), emoji apart. */
const WIDE =
  /[\u1100-\u115f\u2329\u232a\u2e80-\u303e\u3041-\u33ff\u3400-\u4dbf\u4e00-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\ufe10-\ufe19\ufe30-\ufe6f\uff01-\uff60\uffe0-\uffe6\u{16fe0}-\u{18cff}\u{1aff0}-\u{1b2ff}\u{20000}-\u{3fffd}]/u;
const EMOJI = /\p{Emoji_Presentation}|\ufe0f/u;
/** What takes no cell: marks on the character before, and controls. */
const NO_CELL = /^[\p{Mn}\p{Me}\p{Cf}\p{Cc}]+$/u;
/** Colours, as `paint` writes them. */
// oxlint-disable-next-line no-control-regex -- the escape character is what is looked for
const COLOUR = /\u001b\[[0-9;]*m/g;
const PLAIN_ASCII = /^[\x20-\x7e]*$/;
const ELLIPSIS = '…';

const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' });

function cellsOf(grapheme: string): number {
  if (NO_CELL.test(grapheme)) return 0;
  return WIDE.test(grapheme) || EMOJI.test(grapheme) ? 2 : 1;
}

/** Gives the cells that a text takes; its colours take none. */
export function textWidth(text: string): number {
  if (PLAIN_ASCII.test(text)) return text.length;
  let width = 0;
  for (const { segment } of graphemes.segment(text.replace(COLOUR, ''))) width += cellsOf(segment);
  return width;
}

/** Fills a text with spaces up to a width, behind it or, for numbers, in front of it. */
export function padText(text: string, width: number, side: 'left' | 'right' = 'left'): string {
  const fill = ' '.repeat(Math.max(0, width - textWidth(text)));
  return side === 'left' ? text + fill : fill + text;
}

/** Cuts a text to a width (1 or more), where it can between two words, and marks the cut. */
export function cutText(text: string, width: number): string {
  if (textWidth(text) <= width) return text;
  let kept = '';
  let used = 0;
  for (const { segment } of graphemes.segment(text)) {
    const cells = cellsOf(segment);
    if (used + cells > width - 1) break;
    kept += segment;
    used += cells;
  }
  const word = kept.lastIndexOf(' ');
  const isInWord = !/\s/.test(text.charAt(kept.length));
  const whole = isInWord && word > kept.length / 2 ? kept.slice(0, word) : kept;
  return whole.trimEnd() + ELLIPSIS;
}

/** Breaks a text into lines of at most `width` cells, between words alone: a longer word has a line of its own. */
export function wrapText(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    const longer = line === '' ? word : `${line} ${word}`;
    if (line !== '' && textWidth(longer) > width) {
      lines.push(line);
      line = word;
    } else line = longer;
  }
  return [...lines, line];
}
