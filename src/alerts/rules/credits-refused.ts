/** Creates of an app are refused for money: a budget is full, they cost too much each, or their route has no price. */
import { moneyRefusals, type MoneyRefusals } from '../../calls/money-refusals.ts';
import type { MilliCredits, Ms } from '../../units.ts';
import type { AlertEvent, Finding } from '../alert.ts';
import type { Format, Look, Rule, RuleText } from '../rule.ts';
import type { RuleSettings } from '../settings.ts';
import { raiseCommand, titleName } from '../words/phrases.ts';
import { counted, numberOf, textOf, textOrNull, wordsOf } from '../words/values.ts';

const SPAN_MS: Ms = 600_000;
/** Without configured apps callers choose their names: only the apps with the most refused credits are reported. */
const APPS_MAX = 20;

export const creditsRefused: Rule = {
  word: 'credits_refused',
  look: refusedApps,
  words: {
    en: wordsOf({ firing: refusedEn, resolved: goneEn }),
    zh: wordsOf({ firing: refusedZh, resolved: goneZh }),
  },
};

async function refusedApps({ at, store }: Look, rule: RuleSettings): Promise<readonly Finding[]> {
  const rows = await store.read(moneyRefusals, { from: at - SPAN_MS, to: at });
  const leastCredits: MilliCredits = (rule.threshold ?? 0) * 1000;
  const found = [...Map.groupBy(rows, ({ app }) => app)].map(([app, own]) => findingOf(app, own));
  return found.filter(({ values }) => numberOf(values, 'credits') >= leastCredits).slice(0, APPS_MAX);
}

/** @param rows of one app, the reason with the most refused credits first. */
function findingOf(app: string, rows: readonly MoneyRefusals[]): Finding {
  const [main] = rows;
  const sum = (of: (row: MoneyRefusals) => number): number => rows.reduce((total, row) => total + of(row), 0);
  return {
    rule: 'credits_refused',
    labels: { app },
    period: null,
    values: {
      word: main?.word ?? '',
      budget: main?.budget ?? null,
      creates: sum(({ creates }) => creates),
      credits: sum(({ credits }) => credits),
    },
    since: Math.min(...rows.map(({ firstAt }) => firstAt)),
  };
}

const WHY_EN: Readonly<Record<string, string>> = {
  task_too_expensive: 'they cost too much each',
  route_not_priced: 'their route has no price',
};
const WHY_ZH: Readonly<Record<string, string>> = {
  task_too_expensive: '单个创建请求的费用超过上限',
  route_not_priced: '接口没有价格',
};
const LIST = 'kling-sidecar calls list --kind refused';

function refusedEn(event: AlertEvent, format: Format): ReturnType<RuleText> {
  const { values, labels } = event;
  const budget = textOrNull(values, 'budget');
  const word = textOf(values, 'word');
  const isOne = numberOf(values, 'creates') === 1;
  const creates = counted(format, numberOf(values, 'creates'), 'create');
  const why = budget === null ? (WHY_EN[word] ?? word) : `budget ${titleName(budget)} has no room`;
  return {
    title: `Creates of app ${titleName(textOf(labels, 'app'))} are refused: ${why}`,
    finding: `${creates} with ${format.credits(numberOf(values, 'credits'))} in all ${isOne ? 'was' : 'were'} refused in the last 10 minutes. Reads go on.`,
    advice: `${adviceEn(word, budget)} Each refusal with its reason: ${LIST}.`,
  };
}

function adviceEn(word: string, budget: string | null): string {
  if (budget !== null) {
    return `See the budgets: kling-sidecar budget list. Raise this one: ${raiseCommand({ budget }, null)}; or wait until its window ends.`;
  }
  if (word === 'task_too_expensive') {
    return 'If they are wanted, raise maxCreditsEach (of creates, or of the app) in the config, then: kling-sidecar reload.';
  }
  return 'If they are wanted, name their price in pricing.overrides, then: kling-sidecar reload.';
}

function refusedZh(event: AlertEvent, format: Format): ReturnType<RuleText> {
  const { values, labels } = event;
  const budget = textOrNull(values, 'budget');
  const word = textOf(values, 'word');
  const why = budget === null ? (WHY_ZH[word] ?? word) : `预算 ${titleName(budget)} 额度不足`;
  return {
    title: `应用 ${titleName(textOf(labels, 'app'))} 的创建请求被拒绝：${why}`,
    finding:
      `最近 10 分钟内有 ${format.number(numberOf(values, 'creates'))} 个创建请求被拒绝，` +
      `共 ${format.credits(numberOf(values, 'credits'))}。读取请求不受影响。`,
    advice: `${adviceZh(word, budget)}逐条查看拒绝原因：${LIST}。`,
  };
}

function adviceZh(word: string, budget: string | null): string {
  if (budget !== null) {
    return `查看各预算：kling-sidecar budget list。上调该预算：${raiseCommand({ budget }, null)}；或等待本周期结束。`;
  }
  if (word === 'task_too_expensive') {
    return '如属正常请求，请在配置中调高 maxCreditsEach（creates 或该应用），然后执行：kling-sidecar reload。';
  }
  return '如属正常请求，请在 pricing.overrides 中填写价格，然后执行：kling-sidecar reload。';
}

function goneEn({ labels }: AlertEvent): ReturnType<RuleText> {
  return {
    title: `Creates of app ${titleName(textOf(labels, 'app'))} are no longer refused for money`,
    finding: 'None, or hardly any, was refused in the last 10 minutes.',
    advice: '',
  };
}

function goneZh({ labels }: AlertEvent): ReturnType<RuleText> {
  return {
    title: `应用 ${titleName(textOf(labels, 'app'))} 的创建请求不再因额度被拒绝`,
    finding: '最近 10 分钟内没有（或几乎没有）创建请求被拒绝。',
    advice: '',
  };
}
