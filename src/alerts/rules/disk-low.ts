/** The store's disk has little free space, or its write-ahead log is large. */
import type { Format, Rule } from '../rule.ts';
import { RULES } from '../rule-words.ts';
import { lasted, numberOf, wordsOf } from '../words/values.ts';

const MIB = 1_048_576;
const GIB = 1024 * MIB;

export const diskLow: Rule = {
  word: 'disk_low',
  look: async ({ at, signals: { disk } }, rule) => {
    if (disk === null || disk.totalBytes <= 0) return null;
    const threshold = rule.threshold ?? RULES.disk_low.threshold;
    const { freeBytes, totalBytes } = disk;
    if (freeBytes >= threshold * totalBytes) return [];
    const values = { freeBytes, totalBytes, share: freeBytes / totalBytes, threshold };
    return [{ rule: 'disk_low', labels: {}, period: null, values, since: at }];
  },
  words: {
    en: wordsOf({
      firing: ({ values }, format) => ({
        title: `Only ${format.percent(numberOf(values, 'share'))} of the store’s disk is free`,
        finding:
          `${bytes(numberOf(values, 'freeBytes'), format)} of ${bytes(numberOf(values, 'totalBytes'), format)} are left; the alert fires below ` +
          `${format.percent(numberOf(values, 'threshold'))}. When the disk is full, the store takes no writes and creates are refused.`,
        advice:
          'Make room: look at old backups, logs and other programs first (df -h). The store itself keeps money for ever.',
      }),
      resolved: (event, format) => ({
        title: 'The store’s disk has room again',
        finding: `It was low for ${lasted(event, format)}.`,
        advice: '',
      }),
    }),
    zh: wordsOf({
      firing: ({ values }, format) => ({
        title: `存储所在磁盘仅剩 ${format.percent(numberOf(values, 'share'))} 可用空间`,
        finding:
          `剩余 ${bytes(numberOf(values, 'freeBytes'), format)}，总容量 ${bytes(numberOf(values, 'totalBytes'), format)}；低于 ` +
          `${format.percent(numberOf(values, 'threshold'))} 即告警。磁盘写满后存储无法写入，创建请求会被拒绝。`,
        advice: '请释放空间：先检查旧备份、日志和其他程序（df -h）。存储中的账目会永久保留。',
      }),
      resolved: (event, format) => ({
        title: '存储所在磁盘空间已恢复',
        finding: `空间不足持续了 ${lasted(event, format)}。`,
        advice: '',
      }),
    }),
  },
};

export const walLarge: Rule = {
  word: 'wal_large',
  look: async ({ at, signals: { walBytes } }, rule) => {
    if (walBytes === null) return null;
    const thresholdMiB = rule.threshold ?? RULES.wal_large.threshold;
    if (walBytes <= thresholdMiB * MIB) return [];
    const values = { walBytes, thresholdMiB };
    return [{ rule: 'wal_large', labels: {}, period: null, values, since: at }];
  },
  words: {
    en: wordsOf({
      firing: ({ values }, format) => ({
        title: `The store’s write-ahead log is ${bytes(numberOf(values, 'walBytes'), format)}`,
        finding:
          `The alert fires above ${format.number(numberOf(values, 'thresholdMiB'))} MiB. The log grows while something reads the store for long, ` +
          'such as a report or another program, or while the disk is too slow.',
        advice:
          'End long reports and programs that have the store open. It becomes short by itself, at the latest after a restart.',
      }),
      resolved: (event, format) => ({
        title: 'The store’s write-ahead log is short again',
        finding: `It was large for ${lasted(event, format)}.`,
        advice: '',
      }),
    }),
    zh: wordsOf({
      firing: ({ values }, format) => ({
        title: `存储的预写日志已达 ${bytes(numberOf(values, 'walBytes'), format)}`,
        finding:
          `超过 ${format.number(numberOf(values, 'thresholdMiB'))} MiB 即告警。有程序长时间读取存储（例如报表）或磁盘过慢时，` +
          '预写日志会不断增长。',
        advice: '请结束耗时的报表以及打开该存储的其他程序。日志会自行缩短，最迟在重启之后。',
      }),
      resolved: (event, format) => ({
        title: '存储的预写日志已恢复正常',
        finding: `持续了 ${lasted(event, format)}。`,
        advice: '',
      }),
    }),
  },
};

/** Writes a size with at most one decimal, never rounded up: 1.9 GiB, 512 MiB. */
function bytes(size: number, format: Format): string {
  const [unit, name] = size >= GIB ? [GIB, 'GiB'] : [MIB, 'MiB'];
  return `${format.number(Math.floor((size / unit) * 10) / 10)} ${name}`;
}
