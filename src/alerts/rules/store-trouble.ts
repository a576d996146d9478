/**
 * A problem of the store: it takes no writes, its files are not those that were opened, or the ledger does not agree with
 * itself. Each is an alert of its own.
 */
import { lastVerification } from '../../ledger/verification-table.ts';
import type { AlertEvent, AlertValues, Finding } from '../alert.ts';
import type { Format, Look, Rule, RuleText } from '../rule.ts';
import { quoted } from '../words/phrases.ts';
import { counted, lasted, numberOf, textOf, wordsOf } from '../words/values.ts';

type Trouble = 'writes' | 'lost' | 'ledger';
type Words = ReturnType<RuleText>;

export const storeTrouble: Rule = {
  word: 'store_trouble',
  look: async (look) => {
    const { at, signals } = look;
    const found: Finding[] = [];
    if (!signals.isStoreWritable) found.push(findingOf('writes', {}, at));
    if (signals.storeLost !== null) found.push(findingOf('lost', { why: signals.storeLost }, at));
    const ledger = ledgerTrouble(look);
    // A store with such a problem may not be readable either.
    return [...found, ...(await (found.length > 0 ? ledger.catch(() => []) : ledger))];
  },
  words: {
    en: wordsOf({
      firing: (event, format) => ENGLISH[troubleOf(event)](event, format),
      resolved: overInEnglish,
    }),
    zh: wordsOf({
      firing: (event, format) => CHINESE[troubleOf(event)](event, format),
      resolved: overInChinese,
    }),
  },
};

async function ledgerTrouble({ store }: Look): Promise<Finding[]> {
  const last = await store.read(lastVerification, undefined);
  if (last === null || last.since === null) return [];
  return [findingOf('ledger', { problems: last.problems, first: last.first }, last.since)];
}

function findingOf(trouble: Trouble, values: AlertValues, since: number): Finding {
  return { rule: 'store_trouble', labels: { trouble }, period: null, values, since };
}

function troubleOf({ labels }: AlertEvent): Trouble {
  const trouble = textOf(labels, 'trouble');
  if (trouble === 'writes' || trouble === 'lost' || trouble === 'ledger') return trouble;
  throw new TypeError(`the alert names no trouble of the store: ${trouble}`);
}

const ENGLISH: Readonly<Record<Trouble, RuleText>> = {
  writes: () => ({
    title: 'The store takes no writes',
    finding:
      'In protect creates are refused with 503 ledger_unavailable; in observe they are forwarded unrecorded. Reads go on. ' +
      'What Kling answered meanwhile is kept in memory and written again every second.',
    advice: 'Free space on the disk or mend its mount. Do not stop the process before writes work again.',
  }),
  lost: ({ values }) => ({
    title: 'The store’s files are gone: creates are refused until a restart',
    finding: `The store says ${quoted(textOf(values, 'why'), 'en')}. What is written now is lost.`,
    advice:
      'Stop the sidecar, put the files back or run kling-sidecar restore FILE with the newest backup, and start it again. ' +
      'If apps must go on meanwhile, bypass the sidecar.',
  }),
  ledger: ({ values }, format) => ({
    title: `The ledger does not agree with itself: ${counted(format, numberOf(values, 'problems'), 'difference')}`,
    finding: `The last verification found ${quoted(textOf(values, 'first'), 'en')}.`,
    advice:
      'kling-sidecar ledger verify lists all differences. Freeze spending if a budget is affected (kling-sidecar freeze), ' +
      'make a backup, and compare with the newest backup that agrees.',
  }),
};

const CHINESE: Readonly<Record<Trouble, RuleText>> = {
  writes: () => ({
    title: '存储无法写入',
    finding:
      'protect 模式下创建请求会被拒绝（503 ledger_unavailable）；observe 模式下照常转发但不记录。读取不受影响。' +
      '期间可灵的应答保存在内存中，每秒重试写入。',
    advice: '请释放磁盘空间或修复挂载。恢复写入之前不要停止进程。',
  }),
  lost: ({ values }) => ({
    title: '存储文件丢失：重启之前拒绝所有创建请求',
    finding: `原因为${quoted(textOf(values, 'why'), 'zh')}。此时写入的内容会丢失。`,
    advice:
      '请停止 sidecar，放回文件，或用最新备份运行 kling-sidecar restore FILE，然后重新启动。' +
      '如果应用必须继续运行，请暂时绕过 sidecar。',
  }),
  ledger: ({ values }, format) => ({
    title: `账本不一致：发现 ${format.number(numberOf(values, 'problems'))} 处差异`,
    finding: `最近一次核对发现${quoted(textOf(values, 'first'), 'zh')}。`,
    advice:
      '运行 kling-sidecar ledger verify 查看所有差异。如果预算受影响，请先冻结支出（kling-sidecar freeze），' +
      '做一次备份，并与最近一份一致的备份比较。',
  }),
};

function overInEnglish(event: AlertEvent, format: Format): Words {
  const titles: Readonly<Record<Trouble, string>> = {
    writes: 'The store takes writes again',
    lost: 'The store’s files are in place again',
    ledger: 'The ledger agrees with itself again',
  };
  return { title: titles[troubleOf(event)], finding: `It lasted ${lasted(event, format)}.`, advice: '' };
}

function overInChinese(event: AlertEvent, format: Format): Words {
  const titles: Readonly<Record<Trouble, string>> = {
    writes: '存储已恢复写入',
    lost: '存储文件已恢复',
    ledger: '账本已恢复一致',
  };
  return { title: titles[troubleOf(event)], finding: `持续了 ${lasted(event, format)}。`, advice: '' };
}
