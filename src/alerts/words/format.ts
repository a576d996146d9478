/** Writes numbers and times in alerts, in each language. */
import type { MilliCredits, Ms } from '../../units.ts';
import { DAY_MS, HOUR_MS, localParts, offsetMs } from '../../zone.ts';
import type { Format } from '../rule.ts';
import type { AlertLanguage } from '../settings.ts';

const MINUTE_MS: Ms = 60_000;
const SECOND_MS: Ms = 1_000;
const UNITS = [
  { ms: DAY_MS, en: 'day', zh: '天' },
  { ms: HOUR_MS, en: 'hour', zh: '小时' },
  { ms: MINUTE_MS, en: 'minute', zh: '分钟' },
  { ms: SECOND_MS, en: 'second', zh: '秒' },
] as const;
const PLAIN = new Intl.NumberFormat('en-US', { maximumFractionDigits: 3 });

/** Makes the format of a language and a zone of the IANA data base. */
export function makeFormat(language: AlertLanguage, timeZone: string): Format {
  const number = (value: number): string => PLAIN.format(value);
  return {
    number,
    credits: (thousandths) => creditsText(language, thousandths, number),
    percent: (share) => `${number(wholeHundredths(share) / 100)}${language === 'zh' ? '' : ' '}%`,
    duration: (ms) => durationText(language, ms),
    time: (at) => timeText(timeZone, at),
  };
}

function creditsText(
  language: AlertLanguage,
  thousandths: MilliCredits,
  number: (value: number) => string,
): string {
  const amount = number(thousandths / 1000);
  if (language === 'zh') return `${amount} 积分`;
  return `${amount} ${thousandths === 1000 ? 'credit' : 'credits'}`;
}

/** Gives hundredths of a percent, rounded towards zero: almost 100 % is never shown as 100 %. */
function wholeHundredths(share: number): number {
  const tolerant = Math.round(share * 1e8) / 1e4;
  return Math.trunc(tolerant) + 0;
}

function durationText(language: AlertLanguage, ms: Ms): string {
  const seconds = Math.floor(Math.max(0, ms) / SECOND_MS) * SECOND_MS;
  const first = UNITS.findIndex((unit) => seconds >= unit.ms);
  const largest = UNITS[first === -1 ? UNITS.length - 1 : first];
  if (largest === undefined) return '';
  const next = largest.ms > MINUTE_MS ? UNITS[first + 1] : undefined;
  const count = Math.floor(seconds / largest.ms);
  const parts = [{ unit: largest, count }];
  if (next) parts.push({ unit: next, count: Math.floor((seconds - count * largest.ms) / next.ms) });
  const shown = parts.filter((part, index) => index === 0 || part.count > 0);
  if (language === 'zh') return shown.map((part) => `${part.count} ${part.unit.zh}`).join(' ');
  return shown.map((part) => `${part.count} ${part.unit.en}${part.count === 1 ? '' : 's'}`).join(' ');
}

function timeText(timeZone: string, at: Ms): string {
  const { year, month, day, hour, minute } = localParts(timeZone, at);
  return `${year}-${two(month)}-${two(day)} ${two(hour)}:${two(minute)} ${offsetText(offsetMs(timeZone, at))}`;
}

function offsetText(offset: Ms): string {
  const minutes = Math.round(Math.abs(offset) / MINUTE_MS);
  if (minutes === 0) return 'UTC';
  const rest = minutes % 60;
  return `UTC${offset < 0 ? '-' : '+'}${Math.floor(minutes / 60)}${rest === 0 ? '' : `:${two(rest)}`}`;
}

function two(value: number): string {
  return String(value).padStart(2, '0');
}
