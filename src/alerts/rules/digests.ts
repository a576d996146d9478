/** The daily digest and the weekly report: one composer, a table of words for each language. A job finds them, not a look. */
import { toCredits } from '../../units.ts';
import type { AlertEvent } from '../alert.ts';
import type { DigestLists } from '../digest-finding.ts';
import type { Format, Rule, RuleText } from '../rule.ts';
import { clip } from '../words/clip.ts';
import { numberOf, textOf } from '../words/values.ts';
import { CHINESE_DIGEST, ENGLISH_DIGEST, type DigestWords } from './digest-words.ts';

/** The most characters of the name of an app, a model or a budget. */
const NAME_CHARACTERS_MAX = 24;

export const dailyDigest: Rule = {
  word: 'daily_digest',
  words: { en: digestIn(ENGLISH_DIGEST, 'day'), zh: digestIn(CHINESE_DIGEST, 'day') },
};

export const weeklyReport: Rule = {
  word: 'weekly_report',
  words: { en: digestIn(ENGLISH_DIGEST, 'week'), zh: digestIn(CHINESE_DIGEST, 'week') },
};

export const digestRules: readonly Rule[] = [dailyDigest, weeklyReport];

function digestIn(words: DigestWords, kind: 'day' | 'week'): RuleText {
  return (event, format) => {
    const { values, period } = event;
    const creates = numberOf(values, 'creates');
    const what = {
      creates: format.number(creates),
      isOne: creates === 1,
      settled: format.credits(numberOf(values, 'settledCredits')),
    };
    const { space } = words.marks;
    return {
      title: words.title(kind, period ?? '', what),
      finding: partsOf(words, event, format)
        .filter((part) => part !== '')
        .join(space),
      advice: words.advice,
    };
  };
}

function partsOf(words: DigestWords, { values }: AlertEvent, format: Format): string[] {
  const lists = JSON.parse(textOf(values, 'lists')) as DigestLists;
  const number = (key: string): string => format.number(numberOf(values, key));
  const money = (credits: string, cost: string): string =>
    words.money(
      plain(numberOf(values, credits), format),
      costText(numberOf(values, cost), textOf(values, 'currency'), format),
    );
  const list = (name: keyof DigestWords['names'], entries: readonly string[], total = ''): string =>
    entries.length === 0 ? '' : sentence(words, words.names[name] + total, entries);
  const spent = ({ name, credits }: { name: string; credits: number }): string =>
    `${short(name)} ${plain(credits, format)}`;
  return [
    words.credits({
      settled: money('settledCredits', 'settledCost'),
      held: money('heldCredits', 'heldCost'),
      refused: money('refusedCredits', 'refusedCost'),
    }),
    list(
      'budgets',
      lists.budgets.map((budget) => `${short(budget.name)} ${budgetText(words, budget, format)}`),
    ),
    list('apps', lists.apps.map(spent)),
    list('models', lists.models.map(spent)),
    list(
      'refused',
      lists.refused.map(({ word, refusals }) => `${word} ${format.number(refusals)}`),
      ` ${number('refusals')}`,
    ),
    list(
      'failed',
      lists.failed.map(({ reason, tasks }) => `${words.reasons[reason]} ${format.number(tasks)}`),
      ` ${number('failedTasks')}`,
    ),
    words.kling(
      { failed: number('failedRequests'), valid: number('validRequests') },
      monthText(lists, format),
    ),
    words.present({ stuck: number('stuckTasks'), doubts: number('holdsInDoubt') }),
    list(
      'packs',
      lists.packs.map(({ product, daysLeft }) => words.pack(product, wholeDays(daysLeft, format))),
    ),
    list(
      'claims',
      lists.claims.map(({ kind, month, daysLeft }) => words.claim(kind, month, format.number(daysLeft))),
    ),
  ];
}

function sentence({ marks }: DigestWords, name: string, entries: readonly string[]): string {
  return `${name}${marks.colon}${entries.join(marks.comma)}${marks.stop}`;
}

function budgetText(
  words: DigestWords,
  { usedCredits, limitCredits }: DigestLists['budgets'][number],
  format: Format,
): string {
  const share = limitCredits > 0 ? usedCredits / limitCredits : 1;
  return words.share(format.percent(share), plain(limitCredits, format));
}

function monthText({ month }: DigestLists, format: Format): Parameters<DigestWords['kling']>[1] {
  if (month === null) return null;
  const { month: name, availability, budgetUsedShare } = month;
  return { month: name, availability, used: format.percent(budgetUsedShare) };
}

function wholeDays(daysLeft: number | null, format: Format): string | null {
  return daysLeft === null ? null : format.number(Math.floor(daysLeft));
}

/** Credits without their unit. */
function plain(milli: number, format: Format): string {
  return format.number(toCredits(milli));
}

/** Writes money with two decimals. */
function costText(cost: number, currency: string, format: Format): string {
  const cents = Math.round(cost * 100);
  return `${format.number(Math.floor(cents / 100))}.${String(cents % 100).padStart(2, '0')} ${currency}`;
}

function short(name: string): string {
  return clip(name, NAME_CHARACTERS_MAX);
}
