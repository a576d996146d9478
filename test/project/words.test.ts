import { expect, test } from 'vitest';
import { parseSource, readSources } from './source-code.ts';
import { isNotYet, NOT_YET, wordsInTitles, wordsToAvoid } from './words.ts';

const found = [
  ...readSources('src').flatMap(wordsToAvoid),
  ...readSources('test').flatMap(wordsInTitles),
  ...readSources('test-debian').flatMap(wordsInTitles),
];
const pathOf = (complaint: string): string => complaint.slice(0, complaint.indexOf(':'));

test('comments, texts and titles have no word to avoid, except in the files that are not passed yet', () => {
  expect(found.filter((complaint) => !isNotYet(pathOf(complaint)))).toEqual([]);
});

test('every file that is not passed yet has such a word, so that the list only shrinks', () => {
  const clean = Object.keys(NOT_YET).filter(
    (entry) => !found.some((complaint) => pathOf(complaint) === entry || complaint.startsWith(`${entry}/`)),
  );
  expect(clean.map((entry) => `remove ${entry} from NOT_YET in test/project/words.ts`)).toEqual([]);
});

test('words are found in comments, texts and titles with their line, and not in names', () => {
  const source = parseSource('src/a.ts', '/** Is told once. */\nconst told = `waits in vain`;\n');
  expect(wordsToAvoid(source)).toEqual([
    'src/a.ts:1 has "told": write report, send, log, show, return',
    'src/a.ts:2 has "in vain": write without success, timed out',
  ]);
  const tests = parseSource('test/a.test.ts', `\ntest.each([1])('goes its ${'way'} %s', () => {});\n`);
  expect(wordsInTitles(tests)).toEqual(['test/a.test.ts:2 has "its way": write request state, path, steps']);
});
