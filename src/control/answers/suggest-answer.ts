/** `GET /v1/suggestions/…`: overrides of prices by Kling's deductions, and limits of budgets by what was spent. */
import type { CashPrice } from '../../account/row-credits.ts';
import { deductionEvidence } from '../../budget/deduction-evidence.ts';
import { suggestPrices, type PriceKind, type PriceSuggestion } from '../../kling/price-suggestions.ts';
import { suggestLimits } from '../../ledger/budget-suggestions.ts';
import { spendingByTime, type Spent } from '../../ledger/spending-by-time.ts';
import type { Store } from '../../store/store.ts';
import { toCredits, type Ms } from '../../units.ts';
import { DAY_MS } from '../../zone.ts';
import type {
  PricesAnswer,
  PricesQuery,
  SuggestedBudgetsAnswer,
  SuggestedBudgetsQuery,
} from '../suggest-schemas.ts';
import { iso } from './shape.ts';

const SPAN_MS: Ms = 30 * DAY_MS;
const AMOUNTS = { second: 'creditsPerSecond', each: 'creditsEach', task: 'credits' } as const;

/** Suggests prices. */
export async function answerPrices(
  reader: Pick<Store, 'read'>,
  { from, to, tasks }: PricesQuery,
  now: Ms,
): Promise<PricesAnswer> {
  const span = { from: from ?? now - SPAN_MS, to: to ?? now };
  const found = suggestPrices(await reader.read(deductionEvidence, span), { createsMin: tasks });
  return {
    from: iso(span.from),
    to: iso(span.to),
    overrides: found.suggestions.map(overrideOf),
    suggestions: found.suggestions.map((one) => ({
      ...shapeKind(one),
      tasks: one.creates,
      heldCredits: toCredits(one.held),
      deductedCredits: toCredits(one.deducted),
    })),
    unclear: found.unclear.map((one) => ({
      ...shapeKind(one),
      tasks: one.creates,
      rates: one.rates.map(toCredits),
    })),
  };
}

function shapeKind({ operation, model, mode, sound, per }: PriceKind): PriceKind {
  return { operation, model, mode, sound, per };
}

function overrideOf({
  operation,
  model,
  mode,
  sound,
  per,
  deducted,
}: PriceSuggestion): PricesAnswer['overrides'][number] {
  return {
    operation,
    ...(model === null ? {} : { model }),
    ...(mode === null ? {} : { mode }),
    ...(sound === null ? {} : { sound }),
    [AMOUNTS[per]]: toCredits(deducted),
  };
}

/** Suggests limits for the account and for each app. */
export async function answerSuggestedBudgets(
  reader: Pick<Store, 'read'>,
  { from, to, timeZone, headroom }: SuggestedBudgetsQuery,
  { now, price }: { now: Ms; price: CashPrice },
): Promise<SuggestedBudgetsAnswer> {
  const span = { from: from ?? now - SPAN_MS, to: to ?? now };
  const { account, apps } = await reader.read(spendingByTime, { ...span, price });
  const all: { app: string | null; spent: readonly Spent[] }[] = [
    { app: null, spent: account ?? apps.flatMap(({ spent }) => spent) },
    // One app alone is the account.
    ...(apps.length > 1 ? apps : []),
  ];
  const limits = all.flatMap(({ app, spent }) =>
    suggestLimits(spent, { timeZone, headroom }).map(({ window, highest, windows, limit }) => ({
      app,
      window,
      highestCredits: toCredits(highest),
      windows,
      limitCredits: toCredits(limit),
    })),
  );
  return {
    from: iso(span.from),
    to: iso(span.to),
    source: account === null ? 'ours' : 'kling',
    budgets: limits.map(({ app, window, limitCredits }) => ({
      name: app === null ? `account-${window}` : `${app}-${window}`,
      credits: limitCredits,
      window,
      timeZone,
      ...(app === null ? {} : { match: { app } }),
    })),
    limits,
  };
}
