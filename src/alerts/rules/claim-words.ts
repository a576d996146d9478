/** The common words of the rules about claims. */
import { formatMoney } from '../../claims/money.ts';
import type { HeardFact } from '../../outbox/heard-facts.ts';
import type { AlertValues } from '../alert.ts';
import type { Format } from '../rule.ts';
import { numberOf, numberOrNull, textOf, textOrNull } from '../words/values.ts';

export type ClaimDeadline = Extract<HeardFact, { kind: 'claim_deadline' }>;

/** Gives an alert's values for a claim's deadline. */
export function deadlineValues(fact: ClaimDeadline): AlertValues {
  const { revision, percent, asked, currency, earliest, latest, daysLeft, folder } = fact;
  return { revision, percent, asked, currency, earliest, latest, daysLeft, folder };
}

/** Writes what a claim asks for: `10 % of the month’s fee, 12.30 USD`. */
export function askedInEnglish(values: AlertValues, format: Format): string {
  const money = moneyOf(values);
  return `${format.number(numberOf(values, 'percent'))} % of the month’s fee${money === null ? '' : `, ${money}`}`;
}

/** Writes what a claim asks for: `当月费用的 10%（12.30 USD）`. */
export function askedInChinese(values: AlertValues, format: Format): string {
  const money = moneyOf(values);
  return `当月费用的 ${format.number(numberOf(values, 'percent'))}%${money === null ? '' : `（${money}）`}`;
}

function moneyOf(values: AlertValues): string | null {
  const asked = numberOrNull(values, 'asked');
  const currency = textOrNull(values, 'currency');
  return asked === null || currency === null ? null : formatMoney(asked, currency);
}

/** Gives the command that shows a month's claim. */
export function showCommand(month: string): string {
  return `kling-sidecar claim show ${month}`;
}

/** Gives the command that records that a month's claim was sent. */
export function filedCommand(month: string): string {
  return `kling-sidecar claim mark ${month} filed --ticket TICKET`;
}

/** Gives the month of an alert about claims. */
export function monthIn(labels: Readonly<Record<string, string>>): string {
  return textOf(labels, 'month');
}
