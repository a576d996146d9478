/** A claim was drafted, is valid again, or may be filed from now on: each is a notice of its own. */
import type { AlertEvent } from '../alert.ts';
import type { Format, Rule } from '../rule.ts';
import { counted, numberOf, textOf } from '../words/values.ts';
import {
  askedInChinese,
  askedInEnglish,
  deadlineValues,
  filedCommand,
  monthIn,
  showCommand,
} from './claim-words.ts';

type Words = ReturnType<Rule['words']['en']>;

export const claimOpen: Rule = {
  word: 'claim_open',
  ofFact: (fact) => {
    if (fact.kind === 'claim_drafted') {
      const { month, revision, percent, folder, at } = fact;
      const step = fact.isReopened ? 'reopened' : 'drafted';
      // A draft may be withdrawn and become valid again several times.
      const period = fact.isReopened
        ? `reopened/r${revision}/${new Date(at).toISOString()}`
        : `drafted/r${revision}`;
      const values = { step, revision, percent, folder };
      return { found: [{ rule: 'claim_open', labels: { month }, period, values, since: at }] };
    }
    if (fact.kind !== 'claim_deadline' || fact.step !== 'open') return {};
    const { month, at } = fact;
    const values = { step: 'open', ...deadlineValues(fact) };
    return { found: [{ rule: 'claim_open', labels: { month }, period: 'open', values, since: at }] };
  },
  words: {
    en: (event, format) => (event.values['step'] === 'open' ? openInEnglish : draftInEnglish)(event, format),
    zh: (event, format) => (event.values['step'] === 'open' ? openInChinese : draftInChinese)(event, format),
  },
};

function draftInEnglish({ labels, values }: AlertEvent, format: Format): Words {
  const month = monthIn(labels);
  const isAgain = values['step'] === 'reopened';
  return {
    title: isAgain
      ? `The claim for ${month} holds again: ${percentOf(values, format)} of the month’s fee`
      : `A claim for ${month} was drafted: ${percentOf(values, format)} of the month’s fee`,
    finding:
      `Revision ${format.number(numberOf(values, 'revision'))} is in ${textOf(values, 'folder')}. ` +
      (isAgain
        ? 'What had withdrawn it no longer does. An alert comes when its last days begin.'
        : 'Another alert comes on the day from which it may be filed.'),
    advice: `${showCommand(month)} shows it with its dates. Read the letter, and fill in what it leaves blank.`,
  };
}

function draftInChinese({ labels, values }: AlertEvent, format: Format): Words {
  const month = monthIn(labels);
  const isAgain = values['step'] === 'reopened';
  return {
    title: isAgain
      ? `${month} 的赔偿申请重新有效：当月费用的 ${chinesePercent(values, format)}`
      : `${month} 的赔偿申请已起草：当月费用的 ${chinesePercent(values, format)}`,
    finding:
      `第 ${format.number(numberOf(values, 'revision'))} 版位于 ${textOf(values, 'folder')}。` +
      (isAgain ? '此前使其撤回的原因已不存在；截止日期临近时会再次提醒。' : '到可以提交的那一天会再次提醒。'),
    advice: `运行 ${showCommand(month)} 查看申请和日期。请阅读申请书，并填写其中留空的内容。`,
  };
}

function openInEnglish({ labels, values }: AlertEvent, format: Format): Words {
  const month = monthIn(labels);
  return {
    title: `The claim for ${month} may be filed, until ${textOf(values, 'latest')}`,
    finding: `It asks for ${askedInEnglish(values, format)}. ${counted(format, numberOf(values, 'daysLeft'), 'day')} left.`,
    advice: `${showCommand(month)} shows it. Send it to Kling, then record that: ${filedCommand(month)}.`,
  };
}

function openInChinese({ labels, values }: AlertEvent, format: Format): Words {
  const month = monthIn(labels);
  return {
    title: `${month} 的赔偿申请可以提交，截止 ${textOf(values, 'latest')}`,
    finding: `申请金额为${askedInChinese(values, format)}。还剩 ${format.number(numberOf(values, 'daysLeft'))} 天。`,
    advice: `运行 ${showCommand(month)} 查看。提交给可灵后请登记：${filedCommand(month)}。`,
  };
}

function percentOf(values: AlertEvent['values'], format: Format): string {
  return `${format.number(numberOf(values, 'percent'))} %`;
}

function chinesePercent(values: AlertEvent['values'], format: Format): string {
  return `${format.number(numberOf(values, 'percent'))}%`;
}
