/**
 * Spending from the account outside this sidecar, by Kling's own ledgers; reported once for each day with such
 * spending.
 */
import { spendingElsewhere, type ElsewhereSum } from '../../ledger/spending-elsewhere.ts';
import type { Ms } from '../../units.ts';
import { DAY_MS, dateOf, startOfDate } from '../../zone.ts';
import type { AlertEvent, Finding } from '../alert.ts';
import type { Format, Look, Rule, RuleText } from '../rule.ts';
import type { AlertLanguage, AlertSettings, RuleSettings } from '../settings.ts';
import { counted, numberOf, textOf } from '../words/values.ts';

/** A deduction appears within a day and is read within six hours. */
const SPAN_MS: Ms = 2 * DAY_MS;
const MILLION = 1_000_000;
const EXAMPLES_MAX = 3;
const KEYS_MAX = 3;

export const foreignSpending: Rule = {
  word: 'foreign_spending',
  look: lastDay,
  words: { en: foreignEn, zh: foreignZh },
};

async function lastDay(
  { at, store }: Look,
  _rule: RuleSettings,
  { timeZone }: AlertSettings,
): Promise<readonly Finding[]> {
  const { lastAt } = await store.read(spendingElsewhere, { from: at - SPAN_MS, at });
  if (lastAt === null) return [];
  const date = dateOf(timeZone, lastAt);
  const since = startOfDate(timeZone, date);
  const { tasks, sums, taskIds, keys } = await store.read(spendingElsewhere, { from: since, at });
  const day = `${date.year}-${String(date.month).padStart(2, '0')}-${String(date.day).padStart(2, '0')}`;
  const values = {
    day,
    tasks,
    sums: JSON.stringify(sums),
    examples: taskIds.slice(0, EXAMPLES_MAX).join(', '),
    keys: keys.slice(0, KEYS_MAX).join(', '),
  };
  return [{ rule: 'foreign_spending', labels: {}, period: day, values, since: lastAt }];
}

/** Writes the spent amount, such as `60 video units and 12.5 USD`. */
function sumsText({ values }: AlertEvent, format: Format, language: AlertLanguage): string {
  const sums = JSON.parse(textOf(values, 'sums')) as ElsewhereSum[];
  const texts = sums.map((sum) => (language === 'zh' ? sumZh(sum, format) : sumEn(sum, format)));
  return texts.join(language === 'zh' ? '、' : ' and ');
}

function sumEn({ wallet, product, currency, amount }: ElsewhereSum, format: Format): string {
  const quantity = format.number(amount / MILLION);
  if (wallet === 'balance') return `${quantity} ${currency ?? 'of an unnamed currency'}`;
  return `${quantity} ${product === null ? '' : `${product} `}units`;
}

const PRODUCTS_ZH: Readonly<Record<string, string>> = { video: '视频', image: '图片' };

function sumZh({ wallet, product, currency, amount }: ElsewhereSum, format: Format): string {
  const quantity = format.number(amount / MILLION);
  if (wallet === 'balance') return `${quantity} ${currency ?? '（币种未知）'}`;
  return `${quantity} 个${product === null ? '' : (PRODUCTS_ZH[product] ?? product)}单位`;
}

function foreignEn(event: AlertEvent, format: Format): ReturnType<RuleText> {
  const { values } = event;
  const keys = values['keys'] === '' ? '' : `, made with the key ${textOf(values, 'keys')}`;
  return {
    title: `${sumsText(event, format, 'en')} were spent on the account past this sidecar`,
    finding:
      `On ${textOf(values, 'day')} Kling deducted them for ${counted(format, numberOf(values, 'tasks'), 'task')} that this ` +
      `store does not know (such as ${textOf(values, 'examples')}${keys}). Budgets do not see such spending.`,
    advice:
      'Find the program whose key made them, and point it at this sidecar; kling-sidecar doctor lists more. ' +
      'Until then lower the budgets by what it spends. If nobody knows the key, revoke it in Kling’s console.',
  };
}

function foreignZh(event: AlertEvent, format: Format): ReturnType<RuleText> {
  const { values } = event;
  const keys = values['keys'] === '' ? '' : `，所用密钥为 ${textOf(values, 'keys')}`;
  return {
    title: `账号有未经本 sidecar 的消费：${sumsText(event, format, 'zh')}`,
    finding:
      `${textOf(values, 'day')} 可灵为 ${format.number(numberOf(values, 'tasks'))} 个本库没有记录的任务扣减了上述用量` +
      `（例如 ${textOf(values, 'examples')}${keys}）。预算无法统计这类消费。`,
    advice:
      '请找到使用该密钥的程序，并让它改用本 sidecar；更多信息请运行 kling-sidecar doctor。' +
      '在此之前，请相应调低预算。如果没有人认识该密钥，请在可灵控制台吊销。',
  };
}
