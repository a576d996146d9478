/**
 * Parts of sentences that several rules share.
 *
 * One word for one thing in Chinese, too: create 创建请求, hold 预扣, settled 已结算, budget 预算, window 周期, deduction 扣减,
 * pack 资源包, unit 单位, price list 价目表, app 应用, tag 标签, in doubt 待确认, frozen 已冻结, refused 被拒绝.
 */
import type { Ms } from '../../units.ts';
import type { AlertLabels } from '../alert.ts';
import type { AlertLanguage } from '../settings.ts';
import { clip } from './clip.ts';

const QUOTED_CHARACTERS_MAX = 200;

/** Gives somebody's own words in quotation marks, as one line of at most 200 characters. */
export function quoted(text: string, language: AlertLanguage): string {
  const [left, right] = language === 'zh' ? ['“', '”'] : ['"', '"'];
  return `${left}${clip(text, QUOTED_CHARACTERS_MAX)}${right}`;
}

/** Gives a word in the form of a POSIX shell: in quotes unless it is plain. */
export function shellWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}

/** Gives an instant in the form of the commands, to the second. */
export function commandTime(at: Ms): string {
  return `${new Date(at).toISOString().slice(0, 19)}Z`;
}

/** Gives the command that raises a budget until its window ends; null for one that never resets. */
export function raiseCommand(labels: AlertLabels, resetsAt: Ms | null): string {
  const until = resetsAt === null ? 'TIME' : commandTime(resetsAt);
  return `kling-sidecar budget raise ${shellWord(labels['budget'] ?? '')} --by CREDITS --until ${until} --reason TEXT`;
}

/** Gives the labels of a budget: its name, and the app or tag that it is for. */
export function budgetLabels(budget: string, per: 'app' | 'tag' | null, perValue: string): AlertLabels {
  return per === null ? { budget } : { budget, [per]: perValue };
}

/** The most characters of a name within a title, so that the title's other words have room. */
const NAME_CHARACTERS_MAX = 48;

/** Cuts a name so that a title has room for two of them and a sentence. */
export function titleName(name: string): string {
  return clip(name, NAME_CHARACTERS_MAX);
}

/**
 * Names a budget, with the app or tag that it is for; each name cut to 48 characters. Chinese words follow directly: the space
 * after a Latin name is part of it.
 */
export function budgetName(labels: AlertLabels, language: AlertLanguage): string {
  const cut = (name: string | undefined): string | undefined =>
    name === undefined ? undefined : titleName(name);
  const [budget = '', app, tag] = [cut(labels['budget']), cut(labels['app']), cut(labels['tag'])];
  if (language === 'zh') return `预算 ${budget}${forZh(app, tag)}`;
  return `Budget ${budget}${forEn(app, tag)}`;
}

function forEn(app: string | undefined, tag: string | undefined): string {
  if (app !== undefined) return ` of app ${app}`;
  if (tag === undefined) return '';
  return tag === '' ? ' of creates without a tag' : ` of tag ${tag}`;
}

function forZh(app: string | undefined, tag: string | undefined): string {
  if (app !== undefined) return `（应用 ${app}）`;
  if (tag === undefined) return ' ';
  return tag === '' ? '（无标签的创建请求）' : `（标签 ${tag}）`;
}
