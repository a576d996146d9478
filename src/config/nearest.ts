/** The nearest of some words to one that was mistyped. */

/** Counts the insertions, deletions, replacements and swaps of neighbours that turn one word into the other. */
export function editDistance(left: string, right: string): number {
  let twoBack: number[] = [];
  let oneBack = Array.from({ length: right.length + 1 }, (_, at) => at);
  for (let i = 1; i <= left.length; i += 1) {
    const row = [i];
    for (let j = 1; j <= right.length; j += 1) {
      const isSame = left[i - 1] === right[j - 1];
      const replaced = (oneBack[j - 1] ?? 0) + (isSame ? 0 : 1);
      let best = Math.min(replaced, (oneBack[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1);
      const isSwap = i > 1 && j > 1 && left[i - 1] === right[j - 2] && left[i - 2] === right[j - 1];
      if (isSwap) best = Math.min(best, (twoBack[j - 2] ?? 0) + 1);
      row.push(best);
    }
    twoBack = oneBack;
    oneBack = row;
  }
  return oneBack[right.length] ?? 0;
}

/** Gives the nearest word, case aside; undefined if none is near (more than a third of it would change). */
export function nearestWord(given: string, words: readonly string[]): string | undefined {
  const fold = (word: string): string => word.toLowerCase().replaceAll(/[_\s-]/g, '');
  const target = fold(given.slice(0, 100));
  let best: { word: string; distance: number } | undefined;
  for (const word of words) {
    const folded = fold(word);
    const isStart = target.length >= 3 && (folded.startsWith(target) || target.startsWith(folded));
    const distance = Math.min(editDistance(target, folded), isStart ? 2 : Infinity);
    if (!best || distance < best.distance) best = { word, distance };
  }
  const limit = Math.max(2, Math.floor(target.length / 3));
  return best && best.distance <= Math.min(limit, Math.max(target.length - 1, 1)) ? best.word : undefined;
}
