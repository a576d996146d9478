/**
 * How long a budget lasts at its present burn, from its gauges in the last hour.
 *
 * Credits used (settled and held) are noted at each scrape and at each check of the alerts, at least a minute apart. The
 * burn is the use since the oldest note, divided by the time that passed. Each budget window begins without notes.
 */
import type { BudgetRow } from '../budget/budget-table.ts';
import type { MilliCredits, Ms } from '../units.ts';

const NOTE_EVERY_MS: Ms = 60_000;
const SPAN_MS: Ms = 3_600_000;
/** A burn measured over less time is no trend: it may be one video. */
const SPAN_MS_MIN: Ms = 300_000;

export interface BurningBudget {
  /** The key of this budget with its app or tag. */
  id: string;
  windowKey: string;
  resetsAt: Ms | null;
  limitCredits: MilliCredits;
  usedCredits: MilliCredits;
}

/** Gives the forecast's input for a budget. */
export function burningBudget(row: BudgetRow): BurningBudget {
  return {
    id: `${row.name}/${row.perValue ?? ''}`,
    windowKey: row.windowKey,
    resetsAt: row.resetsAt,
    limitCredits: row.limitCredits,
    usedCredits: row.settledCredits + row.heldCredits,
  };
}

interface Notes {
  windowKey: string;
  used: { at: Ms; credits: MilliCredits }[];
}

export class BudgetForecast {
  readonly #notes = new Map<string, Notes>();
  #firstAt: Ms | null = null;

  /**
   * Notes the use of budgets, and gives for each the seconds until its limit: 0 if it is reached, null if it will
   * not be reached before the window ends, or if its burn was measured over less than `spanMsMin`.
   */
  note(budgets: readonly BurningBudget[], at: Ms, spanMsMin: Ms = SPAN_MS_MIN): (number | null)[] {
    const ids = new Set(budgets.map(({ id }) => id));
    for (const id of this.#notes.keys()) if (!ids.has(id)) this.#notes.delete(id);
    return this.#noteEach(budgets, at, spanMsMin);
  }

  /** Does the same for some of the budgets; notes of the others are kept for an hour. */
  noteSome(budgets: readonly BurningBudget[], at: Ms): (number | null)[] {
    for (const [id, { used }] of this.#notes)
      if ((used.at(-1)?.at ?? at) < at - SPAN_MS) this.#notes.delete(id);
    return this.#noteEach(budgets, at, SPAN_MS_MIN);
  }

  /** Whether the notes reach back over that span for every budget whose window does too. */
  reachesBack(at: Ms, spanMs: Ms): boolean {
    return this.#firstAt !== null && at - this.#firstAt >= spanMs;
  }

  #noteEach(budgets: readonly BurningBudget[], at: Ms, spanMsMin: Ms): (number | null)[] {
    if (this.#firstAt === null || this.#firstAt > at) this.#firstAt = at;
    return budgets.map((budget) => this.#one(budget, at, spanMsMin));
  }

  #one(budget: BurningBudget, at: Ms, spanMsMin: Ms): number | null {
    const { id, windowKey, usedCredits, limitCredits, resetsAt } = budget;
    let notes = this.#notes.get(id);
    const last = notes?.used.at(-1);
    const isSetBack = last !== undefined && last.at > at;
    if (isSetBack) this.#firstAt = at;
    if (!notes || notes.windowKey !== windowKey || isSetBack) {
      notes = { windowKey, used: [] };
      this.#notes.set(id, notes);
    }
    if (!last || notes.used.length === 0 || at - last.at >= NOTE_EVERY_MS)
      notes.used.push({ at, credits: usedCredits });
    while ((notes.used[0]?.at ?? at) < at - SPAN_MS) notes.used.shift();
    if (usedCredits >= limitCredits) return 0;
    const first = notes.used[0];
    if (!first || at - first.at < spanMsMin) return null;
    const burned = usedCredits - first.credits;
    if (burned <= 0) return null;
    const leftMs = ((limitCredits - usedCredits) / burned) * (at - first.at);
    return resetsAt !== null && at + leftMs >= resetsAt ? null : leftMs / 1000;
  }
}
