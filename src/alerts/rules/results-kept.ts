/** Kept results: files that are not saved and expire soon, and a quota or disk that leaves no room for them. */
import { unsavedFiles } from '../../tasks/delivery-table.ts';
import type { Ms } from '../../units.ts';
import type { Rule } from '../rule.ts';
import { RULES } from '../rule-words.ts';
import { counted, lasted, numberOf, textOf, wordsOf } from '../words/values.ts';

const HOUR_MS: Ms = 3_600_000;

export const resultsExpiring: Rule = {
  word: 'results_expiring',
  look: async ({ at, store, signals }, rule) => {
    if (signals.results === null) return [];
    const hours = rule.threshold ?? RULES.results_expiring.threshold;
    const { expiring, firstExpiresAt } = await store.read(unsavedFiles, { before: at + hours * HOUR_MS });
    if (expiring === 0 || firstExpiresAt === null) return [];
    const values = { files: expiring, firstExpiresAt, hours };
    return [{ rule: 'results_expiring', labels: {}, period: null, values, since: at }];
  },
  words: {
    en: wordsOf({
      firing: ({ values }, format) => ({
        title: `${counted(format, numberOf(values, 'files'), 'result is', 'results are')} not saved and will be gone soon`,
        finding:
          `Kling clears them within ${counted(format, numberOf(values, 'hours'), 'hour')}, the first at ` +
          `${format.time(numberOf(values, 'firstExpiresAt'))}.`,
        advice:
          'The log says why (result_failed), and tasks ID shows each file. Make room, allow the host (results.allowedHosts), or ' +
          'download the files yourself.',
      }),
      resolved: (event, format) => ({
        title: 'No unsaved result is close to its end any more',
        finding: `It lasted ${lasted(event, format)}. The files were saved, or are gone: result_lost in the log.`,
        advice: '',
      }),
    }),
    zh: wordsOf({
      firing: ({ values }, format) => ({
        title: `${format.number(numberOf(values, 'files'))} 个结果文件尚未保存，即将失效`,
        finding:
          `可灵将在 ${format.number(numberOf(values, 'hours'))} 小时内清除这些文件，最早的时间为 ` +
          `${format.time(numberOf(values, 'firstExpiresAt'))}。`,
        advice:
          '日志（result_failed）说明原因，tasks ID 显示每个文件。请释放空间、允许该主机（results.allowedHosts），或自行下载文件。',
      }),
      resolved: (event, format) => ({
        title: '已没有即将失效而未保存的结果',
        finding: `持续了 ${lasted(event, format)}。文件已保存，或已失效（日志中的 result_lost）。`,
        advice: '',
      }),
    }),
  },
};

export const resultsFull: Rule = {
  word: 'results_full',
  look: ({ at, signals: { results } }) => {
    if (results === null || results.noRoom === null) return Promise.resolve([]);
    const { noRoom, savedBytes, quotaBytes } = results;
    const values = { why: noRoom, savedBytes, quotaBytes };
    return Promise.resolve([{ rule: 'results_full', labels: {}, period: null, values, since: at }]);
  },
  words: {
    en: wordsOf({
      firing: ({ values }, format) => ({
        title: 'No result is saved any more: there is no room',
        finding:
          textOf(values, 'why') === 'disk_low'
            ? 'The disk has no more than results.freeGiBMin left; the ledger needs it.'
            : `${gib(numberOf(values, 'savedBytes'), format)} of results.quotaGiB, ${gib(numberOf(values, 'quotaBytes'), format)}, are used.`,
        advice:
          'Make room, raise results.quotaGiB, or set results.keepDays. What waits is saved then, unless Kling has cleared it.',
      }),
      resolved: (event, format) => ({
        title: 'Results are saved again',
        finding: `There was no room for ${lasted(event, format)}.`,
        advice: '',
      }),
    }),
    zh: wordsOf({
      firing: ({ values }, format) => ({
        title: '空间不足，结果不再保存',
        finding:
          textOf(values, 'why') === 'disk_low'
            ? '磁盘剩余空间已不多于 results.freeGiBMin，需留给账本。'
            : `已使用 ${gib(numberOf(values, 'savedBytes'), format)}，配额 results.quotaGiB 为 ${gib(numberOf(values, 'quotaBytes'), format)}。`,
        advice:
          '请释放空间、提高 results.quotaGiB，或设置 results.keepDays。届时会保存等待中的文件，除非可灵已清除。',
      }),
      resolved: (event, format) => ({
        title: '结果已恢复保存',
        finding: `空间不足持续了 ${lasted(event, format)}。`,
        advice: '',
      }),
    }),
  },
};

function gib(bytes: number, format: { number(value: number): string }): string {
  return `${format.number(Math.floor((bytes / 1_073_741_824) * 10) / 10)} GiB`;
}
