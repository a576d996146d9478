/** Pieces that the letters and the page share: amounts, times, lists as Markdown. */
import { toDecimal } from '../sla/fraction.ts';
import type { WindowRate } from '../sla/reading.ts';
import type { Ms } from '../units.ts';
import type { ClaimCase, ClaimLine } from './claim-case.ts';
import { isoEast } from './evidence.ts';
import { formatMoney } from './money.ts';

/** Writes an instant to the minute in UTC, `2026-10-03 12:05`. */
export function utcMinute(at: Ms): string {
  return new Date(at).toISOString().slice(0, 16).replace('T', ' ');
}

/** Writes an instant to the minute in UTC+8. */
export function eastMinute(at: Ms): string {
  return isoEast(at).slice(0, 16).replace('T', ' ');
}

/** Gives the amount asked on a line; null where the fee is not known. */
export function askedText(line: ClaimLine, claim: ClaimCase): string | null {
  if (!line.voucher || !claim.fee) return null;
  return formatMoney(line.voucher.asked, claim.fee.currency);
}

/** Writes a window's error rate with six places, rounded down. */
export function rateText({ errors, valid }: WindowRate): string {
  return toDecimal({ num: BigInt(errors), den: BigInt(valid) }, 6);
}

/** Writes a Markdown table. */
export function markdownTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|').replaceAll('\n', ' ')).join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

/** Gives the first and last instant of the period, the last exclusive. */
export function periodBounds(claim: ClaimCase): { start: Ms; end: Ms } {
  const { spans } = claim.evidence.period;
  return { start: spans[0]?.start ?? 0, end: spans.at(-1)?.end ?? 0 };
}
