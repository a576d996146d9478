/** Judges the checklist beside an app, or in a folder without one, and finds its lines. */
import { expect } from 'vitest';
import type { Check } from '../../src/check.ts';
import type { JudgedLine, LineId } from '../../src/cli/checklist-lines.ts';
import { PhraseBook } from '../../src/page/phrase-book.ts';
import { PHRASES } from '../../src/page/words/zh/phrases/phrases.ts';
import { VALUES } from '../../src/page/words/zh/values.ts';
import { runBeside, type RunOptions } from './smoke-rig.ts';

export interface Judging {
  code: number;
  fingerprint: string | null;
  /** Gives a line as `level: reason → remedy`. */
  line(id: LineId): string;
  lines: readonly JudgedLine[];
}

/** The page says verdicts in Chinese. */
const CHINESE = new PhraseBook(PHRASES, VALUES.values);

type Place = Parameters<typeof runBeside>[0];

/** Runs `doctor --checklist --json`, and checks what is true of every answer. */
export async function judge(
  place: Place,
  args: readonly string[] = [],
  options: RunOptions = {},
): Promise<Judging> {
  const { code, out, err } = await runBeside(place, ['doctor', '--checklist', '--json', ...args], options);
  expect(err).toBe('');
  const { lines, checks, fingerprint, counts } = JSON.parse(out) as {
    lines: JudgedLine[];
    checks: Check[];
    fingerprint: string | null;
    counts: Record<string, number>;
  };
  expect(code).toBe(lines.some(({ level }) => level === 'fail') ? 1 : 0);
  for (const { level, reason, remedy } of lines) {
    expect(reason).toMatch(/[.!?…)]$/);
    expect([reason, remedy === null]).toEqual([reason, level === 'ok']);
  }
  const said = [
    ...lines.flatMap(({ reason, remedy }) => [reason, remedy]),
    ...checks.flatMap(({ finding, advice }) => [finding, advice]),
  ];
  expect(said.filter((text) => text !== null && CHINESE.say(text) === null)).toEqual([]);
  expect(Object.values(counts).reduce((sum, count) => sum + count, 0)).toBe(lines.length);
  const line = (id: LineId): string => {
    const found = lines.find((one) => one.id === id);
    return `${found?.level}: ${found?.reason}${found?.remedy == null ? '' : ` → ${found.remedy}`}`;
  };
  return { code, fingerprint, lines, line };
}
