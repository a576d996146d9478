/** Nothing is due any more for a month: its draft must not be filed. */
import type { Rule } from '../rule.ts';
import { numberOf, textOf } from '../words/values.ts';
import { filedCommand, monthIn } from './claim-words.ts';

export const claimWithdrawn: Rule = {
  word: 'claim_withdrawn',
  ofFact: (fact) => {
    if (fact.kind !== 'claim_withdrawn') return {};
    const { month, revision, why, at } = fact;
    // A draft may be withdrawn, become valid again, and be withdrawn once more.
    const period = `r${revision}/${new Date(at).toISOString()}`;
    const values = { revision, why };
    return { found: [{ rule: 'claim_withdrawn', labels: { month }, period, values, since: at }] };
  },
  words: {
    en: ({ labels, values }, format) => ({
      title: `Do not file the claim for ${monthIn(labels)}: it was withdrawn`,
      finding: `Revision ${format.number(numberOf(values, 'revision'))} no longer holds. ${textOf(values, 'why')}`,
      advice:
        `kling-sidecar audit shows who recorded what. If the claim was sent already, inform Kling, and record that it was: ` +
        `${filedCommand(monthIn(labels))}.`,
    }),
    zh: ({ labels, values }, format) => ({
      title: `请勿提交 ${monthIn(labels)} 的赔偿申请：已撤回`,
      finding: `第 ${format.number(numberOf(values, 'revision'))} 版已不成立。原因：${textOf(values, 'why')}`,
      advice:
        `运行 kling-sidecar audit 查看是谁登记了什么。如果申请已经提交，请告知可灵，并登记：` +
        `${filedCommand(monthIn(labels))}。`,
    }),
  },
};
