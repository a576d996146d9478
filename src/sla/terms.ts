/**
 * The terms that a month is clipped to: those of the config, else the packs' dates, else whole months.
 *
 * **Invariant**: if the account paid with its balance within the month, no term begins or ends there, so the month
 * stays whole. It also stays whole if no pack touches it.
 */
import type { Pack } from '../account/account.ts';
import { selectPacks, sumDeductions } from '../account/account-table.ts';
import type { Tx } from '../store/operation.ts';
import type { MonthQuestion } from './month.ts';
import { dayOf, daysOfMonth, servicePeriod, type Term, type Terms } from './period.ts';

/** Gives the question with the terms of its month. */
export async function withTerms<T extends MonthQuestion>(tx: Tx, question: T): Promise<T> {
  return question.terms.source === 'config'
    ? question
    : { ...question, terms: await packTerms(tx, question) };
}

async function packTerms(tx: Tx, question: MonthQuestion): Promise<Terms> {
  const { month, timeZone } = question;
  const whole: Terms = { source: 'none', terms: [] };
  const terms = (await selectPacks(tx)).map((pack) => termOf(pack, timeZone));
  const days = daysOfMonth(month);
  const isTouched = terms.some(({ from, to }) => from <= (days.at(-1) ?? '') && to >= (days[0] ?? ''));
  if (!isTouched) return whole;
  const { spans } = servicePeriod(month, timeZone, whole);
  const isPaidByBalance = (await sumDeductions(tx, spans)).some(({ wallet }) => wallet === 'balance');
  return isPaidByBalance ? whole : { source: 'packs', terms };
}

/** Gives the days on which a pack can be used, from the first to the last whole day. */
function termOf(pack: Pack, timeZone: string): Term {
  const lastMs = Math.max(pack.effectiveAt, pack.invalidAt - 1);
  return { from: dayOf(pack.effectiveAt, timeZone), to: dayOf(lastMs, timeZone), name: pack.name };
}
