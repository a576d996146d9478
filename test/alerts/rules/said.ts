/** What the words of every rule must be, whatever an event knows. */
import fc from 'fast-check';
import { expect } from 'vitest';
import type { AlertEvent, AlertLabels, AlertStatus, AlertValues } from '../../../src/alerts/alert.ts';
import type { Rule } from '../../../src/alerts/rule.ts';
import { TITLE_CHARACTERS_MAX, TEXT_CHARACTERS_MAX } from '../../../src/alerts/words/compose.ts';
import { makeFormat } from '../../../src/alerts/words/format.ts';
import { eventOf } from '../making.ts';

/** What one rule's events know: an arbitrary for each label and value. */
export interface WordCase {
  labels?: Readonly<Record<string, fc.Arbitrary<string>>>;
  values?: Readonly<Record<string, fc.Arbitrary<AlertValues[string]>>>;
  /** All values together, where they hang together. */
  all?: fc.Arbitrary<AlertValues>;
  period?: string;
  /** Statuses besides `firing` and `repeat`. */
  isResolved?: boolean;
}

const LANGUAGES = ['en', 'zh'] as const;
const CHINESE = /[\u4e00-\u9fff]/;
const BROKEN = /undefined|NaN|Infinity|\bnull\b|\[object|\$\{|\{\{|TODO/;

export const count = fc.integer({ min: 1, max: 2_000_000 });
export const share = fc.double({ min: 0, max: 1, noNaN: true });
export const credits = fc.integer({ min: 0, max: 10_000_000_000 });
export const instant = fc.integer({ min: Date.UTC(2026, 0, 1), max: Date.UTC(2030, 0, 1) });
export const month = fc.constantFrom('2026-10', '2027-01');
export const day = fc.constantFrom('2026-12-31', '2027-02-28');
/** Words of others, in any script, such as an error or a folder. */
export const words = fc.constantFrom(
  '/var/lib/kling/claims/2026-10/r1',
  'connect ECONNREFUSED 203.0.113.7:443',
  'é'.repeat(200),
);
export const app = fc.constantFrom('web', 'a'.repeat(64));

/** Says events of a rule, of any values, in both languages, and checks what must be true of every text. */
export function checkWords(
  rule: Rule,
  { labels = {}, values = {}, all, period, isResolved = true }: WordCase,
): void {
  const statuses: AlertStatus[] = ['firing', 'repeat', ...(isResolved ? (['resolved'] as const) : [])];
  const events = fc.record({
    labels: fc.record(labels) as fc.Arbitrary<AlertLabels>,
    values: all ?? (fc.record(values) as fc.Arbitrary<AlertValues>),
    period: fc.constant(period ?? null),
    status: fc.constantFrom(...statuses),
    startedAt: instant,
    lastsMs: fc.integer({ min: 0, max: 40 * 86_400_000 }),
  });
  fc.assert(
    fc.property(events, ({ lastsMs, ...known }) => {
      const at = known.startedAt + lastsMs;
      const endedAt = known.status === 'resolved' ? at : null;
      for (const language of LANGUAGES)
        checkEvent(rule, language, eventOf({ rule: rule.word, ...known, at, endedAt }));
    }),
    { numRuns: 60 },
  );
}

function checkEvent(rule: Rule, language: 'en' | 'zh', event: AlertEvent): void {
  const said = rule.words[language](event, makeFormat(language, 'Asia/Shanghai'));
  const { title, finding, advice } = said;
  expect(title.length).toBeLessThanOrEqual(TITLE_CHARACTERS_MAX);
  expect(Math.max(finding.length, advice.length)).toBeLessThanOrEqual(TEXT_CHARACTERS_MAX);
  expect([title, finding].every((text) => text.trim() !== '')).toBe(true);
  if (event.status !== 'resolved') expect(advice).not.toBe('');
  for (const text of [title, finding, advice]) {
    expect(text).not.toMatch(BROKEN);
    expect(text).not.toMatch(/\s{2}|^\s|\s$|[\n\r\t]/);
    if (language === 'en') expect(text).not.toMatch(CHINESE);
    if (language === 'zh' && text !== '') expect(text).toMatch(CHINESE);
  }
}
