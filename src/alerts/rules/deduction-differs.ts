/**
 * Kling deducts more or less than was held, for one operation and model.
 *
 * A hold without a published price has the highest price that fits: a lower deduction is expected. So only a hold with an
 * exact price can be too high; any hold can be too low.
 */
import { deductionSums, type DeductionSums } from '../../budget/deduction-differences.ts';
import type { Ms } from '../../units.ts';
import type { AlertEvent, AlertLabels, Finding } from '../alert.ts';
import type { Format, Look, Rule, RuleText } from '../rule.ts';
import type { RuleSettings } from '../settings.ts';
import { counted, numberOf, wordsOf } from '../words/values.ts';

const SPAN_MS: Ms = 86_400_000;
/** Fewer may be chance: a failed task that was charged, or a discount. */
const CREATES_MIN = 5;

export const deductionDiffers: Rule = {
  word: 'deduction_differs',
  look: differences,
  words: {
    en: wordsOf({ firing: differsEn, resolved: agreesEn }),
    zh: wordsOf({ firing: differsZh, resolved: agreesZh }),
  },
};

async function differences({ at, store }: Look, rule: RuleSettings): Promise<readonly Finding[]> {
  const rows = await store.read(deductionSums, { from: at - SPAN_MS, to: at });
  const threshold = rule.threshold ?? 0;
  const off = rows.filter((row) => row.creates >= CREATES_MIN && isOff(row, threshold));
  const worst = new Map<string, DeductionSums>();
  for (const row of off) {
    const key = JSON.stringify([row.operation, row.model]);
    const known = worst.get(key);
    if (!known || distance(row) > distance(known)) worst.set(key, row);
  }
  return [...worst.values()].map((row) => findingOf(row, threshold, at));
}

/** The difference between deduction and hold, as a share of the hold; 1 for a hold of 0. */
function distance({ heldCredits, deductedCredits }: DeductionSums): number {
  const difference = Math.abs(deductedCredits - heldCredits);
  return heldCredits === 0 ? Number(difference > 0) : difference / heldCredits;
}

function isOff(row: DeductionSums, threshold: number): boolean {
  const isAbove = row.deductedCredits > row.heldCredits;
  return distance(row) > threshold && (isAbove || row.isExact);
}

function findingOf(row: DeductionSums, threshold: number, at: Ms): Finding {
  const { operation, model, creates, heldCredits, deductedCredits } = row;
  const labels: AlertLabels = model === null ? { operation } : { operation, model };
  const values = { creates, heldCredits, deductedCredits, threshold };
  return { rule: 'deduction_differs', labels, period: null, values, since: at };
}

function what({ operation = '', model }: AlertLabels): string {
  return model === undefined ? operation : `${operation}, ${model}`;
}

interface Numbers {
  share: number;
  isAbove: boolean;
  held: number;
  deducted: number;
}

function numbersOf({ values }: AlertEvent): Numbers {
  const held = numberOf(values, 'heldCredits');
  const deducted = numberOf(values, 'deductedCredits');
  const share = held === 0 ? 1 : Math.abs(deducted - held) / held;
  return { share, isAbove: deducted > held, held, deducted };
}

const ADVICE_COMMANDS = 'kling-sidecar usage --by operation,model';

function differsEn(event: AlertEvent, format: Format): ReturnType<RuleText> {
  const { share, isAbove, held, deducted } = numbersOf(event);
  const { values, labels } = event;
  const creates = counted(format, numberOf(values, 'creates'), 'create');
  const effect = isAbove
    ? 'Budgets check such creates at too low a price, and may be passed.'
    : 'Budgets keep back too much, and refuse earlier than they must.';
  return {
    title: `Kling deducts ${format.percent(share)} ${isAbove ? 'more' : 'less'} than was held: ${what(labels)}`,
    finding:
      `In the last 24 hours ${creates} cost ${format.credits(deducted)}, and ${format.credits(held)} were held for them; ` +
      `more than ${format.percent(numberOf(values, 'threshold'))} is reported. ${effect}`,
    advice:
      `Compare with Kling’s price page, set the right price in pricing.overrides, then: kling-sidecar reload. ` +
      `What such creates cost: ${ADVICE_COMMANDS}.`,
  };
}

function differsZh(event: AlertEvent, format: Format): ReturnType<RuleText> {
  const { share, isAbove, held, deducted } = numbersOf(event);
  const { values, labels } = event;
  const effect = isAbove ? '预算按偏低的价格校验这类请求，可能被突破。' : '预算预扣偏多，会过早拒绝请求。';
  return {
    title: `可灵扣减比预扣${isAbove ? '多' : '少'} ${format.percent(share)}：${what(labels)}`,
    finding:
      `最近 24 小时内 ${format.number(numberOf(values, 'creates'))} 个创建请求实际扣减 ${format.credits(deducted)}，` +
      `预扣为 ${format.credits(held)}；差异超过 ${format.percent(numberOf(values, 'threshold'))} 即告警。${effect}`,
    advice:
      `请对照可灵价格页，在 pricing.overrides 中填写正确价格，然后执行：kling-sidecar reload。` +
      `查看这类请求的费用：${ADVICE_COMMANDS}。`,
  };
}

function agreesEn({ labels, values }: AlertEvent, format: Format): ReturnType<RuleText> {
  return {
    title: `Deductions and holds agree again: ${what(labels)}`,
    finding: `In the last 24 hours they differ by ${format.percent(numberOf(values, 'threshold'))} at most, or fewer than ${CREATES_MIN} creates were deducted.`,
    advice: '',
  };
}

function agreesZh({ labels, values }: AlertEvent, format: Format): ReturnType<RuleText> {
  return {
    title: `扣减与预扣已恢复一致：${what(labels)}`,
    finding: `最近 24 小时内差异不超过 ${format.percent(numberOf(values, 'threshold'))}，或扣减的创建请求不足 ${CREATES_MIN} 个。`,
    advice: '',
  };
}
