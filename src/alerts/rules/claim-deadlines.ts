/** The last day of a claim is near or over, or a granted voucher ends: each step once. */
import type { Format, Rule } from '../rule.ts';
import { ruleDefault, type RuleWord } from '../rule-words.ts';
import type { Finding } from '../alert.ts';
import type { HeardFact } from '../../outbox/heard-facts.ts';
import type { RuleSettings } from '../settings.ts';
import { counted, numberOf, textOf } from '../words/values.ts';
import {
  askedInChinese,
  askedInEnglish,
  deadlineValues,
  filedCommand,
  monthIn,
  showCommand,
  type ClaimDeadline,
} from './claim-words.ts';

/** With more days left, the alert can wait for the morning. */
const URGENT_DAYS = 3;

export const claimDue: Rule = {
  word: 'claim_due',
  ofFact: (fact, rule) => {
    const found = foundAt(fact, 'due', 'claim_due');
    return { found: found.map((one) => ({ ...one, ...severityOf(fact, rule) })) };
  },
  words: {
    en: ({ labels, values }, format) => ({
      title: `${leftInEnglish(numberOf(values, 'daysLeft'), format)} to file the claim for ${monthIn(labels)}`,
      finding: `It asks for ${askedInEnglish(values, format)}, and ${textOf(values, 'latest')} is its last day. Nobody has recorded that it was sent.`,
      advice: `${showCommand(monthIn(labels))} shows it. Send it to Kling today, then record that: ${filedCommand(monthIn(labels))}.`,
    }),
    zh: ({ labels, values }, format) => ({
      title: `${monthIn(labels)} 的赔偿申请${leftInChinese(numberOf(values, 'daysLeft'), format)}`,
      finding: `申请金额为${askedInChinese(values, format)}，截止日期为 ${textOf(values, 'latest')}，目前没有提交记录。`,
      advice: `运行 ${showCommand(monthIn(labels))} 查看。请今天就提交给可灵，然后登记：${filedCommand(monthIn(labels))}。`,
    }),
  },
};

export const claimMissed: Rule = {
  word: 'claim_missed',
  ofFact: (fact) => ({ found: foundAt(fact, 'missed', 'claim_missed') }),
  words: {
    en: ({ labels, values }, format) => ({
      title: `The claim for ${monthIn(labels)} was not filed in time`,
      finding: `Its last day was ${textOf(values, 'latest')}. It asked for ${askedInEnglish(values, format)}.`,
      advice:
        `If it was sent, record it: ${filedCommand(monthIn(labels))}. ` +
        `Else ask Kling whether it still takes it; if not, kling-sidecar claim mark ${monthIn(labels)} expired.`,
    }),
    zh: ({ labels, values }, format) => ({
      title: `${monthIn(labels)} 的赔偿申请已错过提交期限`,
      finding: `截止日期为 ${textOf(values, 'latest')}。申请金额为${askedInChinese(values, format)}。`,
      advice:
        `如果已提交，请登记：${filedCommand(monthIn(labels))}。` +
        `否则请询问可灵是否仍可受理；如不可受理，请运行 kling-sidecar claim mark ${monthIn(labels)} expired。`,
    }),
  },
};

export const voucherEnds: Rule = {
  word: 'voucher_ends',
  ofFact: (fact) => ({ found: foundAt(fact, 'voucher_ends', 'voucher_ends') }),
  words: {
    en: ({ labels, values }, format) => ({
      title: `The voucher for ${monthIn(labels)} ${endsInEnglish(numberOf(values, 'daysLeft'), format)}`,
      finding: 'Kling granted it as compensation. What is left of it at its end is lost.',
      advice: `kling-sidecar claim show ${monthIn(labels)} shows its code. Use it in Kling’s console, or ask Kling for more time.`,
    }),
    zh: ({ labels, values }, format) => ({
      title: `${monthIn(labels)} 的赔偿代金券${endsInChinese(numberOf(values, 'daysLeft'), format)}`,
      finding: '这是可灵发放的赔偿代金券，到期后剩余部分将作废。',
      advice: `运行 kling-sidecar claim show ${monthIn(labels)} 查看券码。请在可灵控制台使用，或请可灵延长有效期。`,
    }),
  },
};

function foundAt(fact: HeardFact, step: ClaimDeadline['step'], rule: RuleWord): Finding[] {
  if (fact.kind !== 'claim_deadline' || fact.step !== step) return [];
  const { month, notice, at } = fact;
  return [{ rule, labels: { month }, period: notice, values: deadlineValues(fact), since: at }];
}

/** Two weeks before the end the alert wakes nobody, unless the config sets its severity. */
function severityOf(fact: HeardFact, rule: RuleSettings): Pick<Finding, 'severity'> {
  const isEarly = fact.kind === 'claim_deadline' && fact.daysLeft > URGENT_DAYS;
  const isDefault = rule.severity === ruleDefault('claim_due').severity;
  return isEarly && isDefault ? { severity: 'ticket' } : {};
}

function leftInEnglish(days: number, format: Format): string {
  if (days <= 0) return 'Today is the last day';
  return `${counted(format, days, 'day')} ${days === 1 ? 'is' : 'are'} left`;
}

function leftInChinese(days: number, format: Format): string {
  return days <= 0 ? '今天截止' : `还剩 ${format.number(days)} 天可以提交`;
}

function endsInEnglish(days: number, format: Format): string {
  return days <= 0 ? 'ends today' : `ends in ${counted(format, days, 'day')}`;
}

function endsInChinese(days: number, format: Format): string {
  return days <= 0 ? '今天到期' : `将在 ${format.number(days)} 天后到期`;
}
