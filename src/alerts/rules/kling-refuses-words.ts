/** The words for each of Kling's refusals: every code has its own remedy. */
import type { AlertEvent, AlertLabels } from '../alert.ts';
import type { Format, RuleText } from '../rule.ts';
import { counted, numberOf, textOf } from '../words/values.ts';

interface CodeText {
  title: (labels: AlertLabels) => string;
  effect: (labels: AlertLabels) => string;
  advice: string;
  /** The title once it is over. */
  over: (labels: AlertLabels) => string;
}

const packEn = ({ product }: AlertLabels): string => (product === undefined ? 'resource' : product);
const apiOf = ({ route = '', model }: AlertLabels, between: string): string =>
  model === undefined ? route : `${model}${between}${route}`;

const EN: Readonly<Record<string, CodeText>> = {
  1100: {
    title: () => 'Kling refuses the account: it is abnormal (code 1100)',
    effect: () => 'No create of any app works.',
    advice:
      'Open Kling’s console and see what it says of the account. If it says nothing, write to Kling’s support with a request ' +
      'id: kling-sidecar calls list shows the last calls.',
    over: () => 'Kling takes creates of the account again (code 1100 is gone)',
  },
  1101: {
    title: () => 'The Kling account is in arrears (code 1101)',
    effect: () => 'No create of any app works until it is paid.',
    advice:
      'Recharge the account in Kling’s console. Creates go on by themselves within a minute of the payment.',
    over: () => 'The Kling account is no longer in arrears',
  },
  1102: {
    title: (labels) => `The ${packEn(labels)} pack is used up or expired (code 1102)`,
    effect: (labels) => `No create that is paid in ${packEn(labels)} units works.`,
    advice:
      'See what is left and when it ends: kling-sidecar doctor. Buy the next pack of this type in Kling’s console; creates go ' +
      'on by themselves within a minute.',
    over: (labels) => `The ${packEn(labels)} pack pays creates again`,
  },
  1103: {
    title: (labels) => `The account may not use ${apiOf(labels, ' on ')} (code 1103)`,
    effect: () => 'Creates of this kind fail; others go on.',
    advice:
      'Ask Kling for the right, or have the app use another model. See who sends them: kling-sidecar calls list.',
    over: (labels) => `The account may use ${apiOf(labels, ' on ')} now`,
  },
  1304: {
    title: () => 'This machine’s address is not on Kling’s allow-list (code 1304)',
    effect: () => 'No create and no read works from here.',
    advice:
      'Add this machine’s public address to the IP allow-list in Kling’s console. Has it changed: another host, gateway or ' +
      'proxy (upstream.proxy)? kling-sidecar doctor tries again.',
    over: () => 'Kling answers this machine’s address again',
  },
};

const PACKS_ZH: Readonly<Record<string, string>> = { video: '视频资源包', image: '图片资源包' };
const packZh = ({ product }: AlertLabels): string => PACKS_ZH[product ?? ''] ?? '资源包';

const ZH: Readonly<Record<string, CodeText>> = {
  1100: {
    title: () => '可灵拒绝了本账号：账号异常（错误码 1100）',
    effect: () => '所有应用的创建请求都会失败。',
    advice:
      '请在可灵控制台查看账号状态。如无说明，请联系可灵客服并提供请求 ID：kling-sidecar calls list 可查看最近的调用。',
    over: () => '可灵已恢复受理本账号的创建请求（错误码 1100 已消失）',
  },
  1101: {
    title: () => '可灵账号已欠费（错误码 1101）',
    effect: () => '充值之前，所有应用的创建请求都会失败。',
    advice: '请在可灵控制台充值。到账后一分钟内，创建请求会自动恢复。',
    over: () => '可灵账号已不再欠费',
  },
  1102: {
    title: (labels) => `${packZh(labels)}已用完或已过期（错误码 1102）`,
    effect: (labels) => `由${packZh(labels)}付费的创建请求都会失败。`,
    advice:
      '查看剩余用量和到期时间：kling-sidecar doctor。请在可灵控制台购买同类资源包，购买后一分钟内创建请求会自动恢复。',
    over: (labels) => `${packZh(labels)}已恢复可用`,
  },
  1103: {
    title: (labels) => `账号无权使用 ${apiOf(labels, '，接口 ')}（错误码 1103）`,
    effect: () => '此类创建请求会失败，其他请求不受影响。',
    advice: '请向可灵申请权限，或让应用改用其他模型。查看是谁发送的：kling-sidecar calls list。',
    over: (labels) => `账号已可使用 ${apiOf(labels, '，接口 ')}`,
  },
  1304: {
    title: () => '本机 IP 地址不在可灵的白名单中（错误码 1304）',
    effect: () => '本机的创建请求和读取请求都会失败。',
    advice:
      '请在可灵控制台把本机的公网地址加入 IP 白名单。请确认地址是否变化：更换了主机、网关或代理（upstream.proxy）？' +
      '可用 kling-sidecar doctor 重试。',
    over: () => '可灵已恢复受理来自本机地址的请求',
  },
};

function textFor(texts: Readonly<Record<string, CodeText>>, labels: AlertLabels): CodeText {
  const text = texts[textOf(labels, 'code')];
  if (text === undefined) throw new TypeError('the alert has a code without words');
  return text;
}

/** Writes in English that Kling refuses. */
export function refusesEn({ labels, values, startedAt }: AlertEvent, format: Format): ReturnType<RuleText> {
  const { title, effect, advice } = textFor(EN, labels);
  const calls = counted(format, numberOf(values, 'calls'), 'call');
  return {
    title: title(labels),
    finding:
      `${effect(labels)} Kling answered ${calls} with it since ${format.time(startedAt)}, the last one at ` +
      `${format.time(numberOf(values, 'lastAt'))}.`,
    advice,
  };
}

/** Writes in Chinese that Kling refuses. */
export function refusesZh({ labels, values, startedAt }: AlertEvent, format: Format): ReturnType<RuleText> {
  const { title, effect, advice } = textFor(ZH, labels);
  const calls = format.number(numberOf(values, 'calls'));
  return {
    title: title(labels),
    finding:
      `${effect(labels)}自 ${format.time(startedAt)} 起可灵已 ${calls} 次返回该错误码，` +
      `最近一次在 ${format.time(numberOf(values, 'lastAt'))}。`,
    advice,
  };
}

/** Writes in English that it is over. */
export function takesEn({ labels }: AlertEvent): ReturnType<RuleText> {
  return {
    title: textFor(EN, labels).over(labels),
    finding: 'Kling took such a request, or refused none for a day.',
    advice: '',
  };
}

/** Writes in Chinese that it is over. */
export function takesZh({ labels }: AlertEvent): ReturnType<RuleText> {
  return {
    title: textFor(ZH, labels).over(labels),
    finding: '可灵已受理此类请求，或一天内没有再拒绝。',
    advice: '',
  };
}

/** The codes with words, in both languages. */
export const WORDED_CODES: readonly number[] = Object.keys(EN).map(Number);
