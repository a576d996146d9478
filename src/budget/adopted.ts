/**
 * What a new store takes over from Kling's books counts in the budgets, too: the creates of the account that an earlier store,
 * or somebody else, has made (ledger/adoption.ts).
 *
 * Kling's books name no app and no tag, and not the operation or model in words of ours. So an adopted create counts
 * against every budget, also one that matches an app, a tag, an operation or a model. A budget with `per` has one counter more, of the value {@link ADOPTED}: what is
 * on it lowers the limit of each app or tag in that window.
 *
 * **Invariant**: an adopted create never counts against fewer budgets than the create of the earlier store did. The operator
 * can raise a budget that is stricter than necessary.
 */
import type { Migration, Tx } from '../store/operation.ts';
import type { Ms, WindowKey } from '../units.ts';
import { counterIdOf, type ActiveRule } from './rule-book.ts';
import { windowAt } from './window.ts';

/** The app of adopted creates, and the value of their counters. No caller can send it: names have no brackets. */
export const ADOPTED = '(adopted)';

/** Kling's clock, the earlier sidecar's and ours may differ by this much: so much before a window counts in it, too. */
export const CLOCKS_MS: Ms = 300_000;

export const adoptionMigrations: readonly Migration[] = [
  {
    // `adoption` has one row in a store that adopts, none in others. `adopted_counters` are those of budgets with `per`.
    id: '250-adoption',
    sqlite: `
CREATE TABLE adoption (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  state TEXT NOT NULL CHECK (state = 'waiting' OR state = 'open' OR state = 'done'),
  began_at INTEGER NOT NULL,
  opened_at INTEGER,
  read_at INTEGER,
  from_at INTEGER,
  open_tasks INTEGER NOT NULL DEFAULT 0,
  held_credits INTEGER NOT NULL DEFAULT 0,
  ended_tasks INTEGER NOT NULL DEFAULT 0,
  settled_credits INTEGER NOT NULL DEFAULT 0,
  problem TEXT
) STRICT;
CREATE TABLE adopted_counters (
  id TEXT PRIMARY KEY
) STRICT, WITHOUT ROWID;
`,
  },
];

/** A counter that an adopted create counts on. */
export interface AdoptedCounter {
  id: string;
  rule: ActiveRule;
  windowKey: WindowKey;
  perValue: string;
}

/** Gives the counters of the present windows (at `now`) that a create of an instant counts on, in the order of the rules. */
export function adoptedCounters(rules: readonly ActiveRule[], at: Ms, now: Ms): AdoptedCounter[] {
  const counters: AdoptedCounter[] = [];
  for (const rule of rules) {
    const span = windowAt(rule.window, rule.timeZone, now);
    if (at + CLOCKS_MS < span.startsAt) continue;
    const perValue = rule.per === null ? '' : ADOPTED;
    counters.push({ id: counterIdOf(rule, span, perValue), rule, windowKey: span.key, perValue });
  }
  return counters;
}

/** Gives the earliest instant that counts in a present window of any rule; null if there are no rules. */
export function adoptedFrom(rules: readonly Pick<ActiveRule, 'window' | 'timeZone'>[], now: Ms): Ms | null {
  const starts = rules.map(({ window, timeZone }) => windowAt(window, timeZone, now).startsAt);
  return starts.length === 0 ? null : Math.min(...starts) - CLOCKS_MS;
}

/** Notes the counter of a budget with `per`. The rules must get a new version afterwards: their limits depend on it. */
export async function noteAdoptedCounter(tx: Tx, counterId: string): Promise<void> {
  await tx.run('INSERT INTO adopted_counters (id) VALUES (?) ON CONFLICT (id) DO NOTHING', counterId);
}
