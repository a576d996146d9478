/**
 * Admits a create: inserts its hold with the guard of repeats and the hash of joins, and adds it to the counters of its matching budgets; or refuses.
 *
 * **Invariant**: one transaction does all or nothing. A create is admitted if its price fits every matching budget in mode
 * `enforce`; one statement tests and changes a counter. A freeze stops every create, in `observe` mode too. No hold is dated
 * earlier than the one before it, so a clock that is set back opens no window a second time.
 */
import {
  newlyReached,
  noteThresholds,
  readCounter,
  reserve,
  reserveAtOnce,
  unreserve,
  unreserveAtOnce,
  type CounterState,
} from '../budget/counter-table.ts';
import { isUnpriced, labelsOf, pathShape, UNKNOWN_ROUTE, type NewHold } from '../budget/hold.ts';
import { createValues, inDoubtCredits, INSERT_CREATE } from '../budget/hold-table.ts';
import { knownRules, matchingBudgets, rulesOf, type MatchingBudget } from '../budget/rule-book.ts';
import { SidecarError } from '../errors.ts';
import type { Fact } from '../facts.ts';
import { findGuard, hasGuard } from '../idempotency/guard-table.ts';
import { hasJoinable, takeJoinable, type JoinRequest } from '../idempotency/join-table.ts';
import { defineFactWrite } from '../outbox/outbox-table.ts';
import type { SyncTx, Tx } from '../store/operation.ts';
import { INSERT_RELAY, relayValues } from '../tasks/relay-table.ts';
import { noteAdmitted } from '../tasks/retry-table.ts';
import type { MilliCredits, Ms } from '../units.ts';
import { admitForm } from './create-messages.ts';
import type { AdmitArgs, AdmitResult, BudgetRefusal, FreezeRefusal, JoinArgs } from './ledger.ts';

interface SpendingState {
  /** The present generation of the create's instance; null if that instance never began. */
  generation: number | null;
  rules_version: string;
  frozen_since: Ms | null;
  frozen_reason: string | null;
  frozen_actor: string | null;
  /** The earliest date of a new hold. */
  dated_to: Ms | null;
}

type UsualState = Pick<SpendingState, 'rules_version' | 'dated_to'>;

/** A matching budget with the state of its counter. */
interface Reserved {
  budget: MatchingBudget;
  state: CounterState;
}

const SELECT_STATE = `SELECT (SELECT generation FROM instances WHERE id = ?) AS generation,
  rules_version, frozen_since, frozen_reason, frozen_actor, dated_to
FROM spending WHERE id = 1`;
/** What the usual case needs of it; no row if spending is frozen, or another instance has taken over. */
const SELECT_USUAL_STATE = `SELECT rules_version, dated_to FROM spending WHERE id = 1 AND frozen_since IS NULL
  AND NOT EXISTS (SELECT 1 FROM instances WHERE instances.id = ? AND generation <> ?)`;
const SET_DATED_TO = 'UPDATE spending SET dated_to = ? WHERE id = 1';

/** Inserts the hold of a create, or gives the reason of its refusal. A refusal changes nothing. */
export const admit = defineFactWrite(
  'ledger.admit',
  async (tx: Tx, args: AdmitArgs): Promise<AdmitResult> => {
    const { hold, guard, join, retry, relayTo, enforce } = args;
    if (guard) {
      const state = await findGuard(tx, { app: hold.app, guard, at: hold.at });
      if (state) return { kind: 'repeat', state };
    }
    const joined = join && (await takeJoinable(tx, joinRequest(hold, join)));
    if (joined) return { kind: 'join', ...joined };
    const state = await tx.get<SpendingState>(SELECT_STATE, hold.owner.instance);
    if (!state) throw new Error('the row of table spending is missing');
    if (isReplaced(state, hold)) throw replaced(hold.owner);
    const frozen = freezeOf(state);
    if (frozen) return { kind: 'refused', refusal: frozen };
    const at = Math.max(hold.at, state.dated_to ?? hold.at);
    const budgets = matchingBudgets(await rulesOf(tx, state.rules_version), hold, at);
    const reserved = await reserveAll(tx, budgets, hold.credits, enforce);
    if (!reserved) return { kind: 'refused', refusal: await explain(tx, budgets, hold.credits) };
    const counters = budgets.map((budget) => budget.counterId).join(' ');
    if (at !== state.dated_to) await tx.run(SET_DATED_TO, at);
    await tx.run(INSERT_CREATE, ...createValues(hold, { at, counters, guard, joinHash: join?.hash ?? null }));
    if (retry) await noteAdmitted(tx, hold.holdId, retry);
    if (relayTo !== undefined) await tx.run(INSERT_RELAY, ...relayValues(hold.holdId, relayTo));
    const facts = unpricedFacts(hold, at);
    for (const { budget, state: counter } of reserved) {
      facts.push(...(await noteThresholds(tx, { ...budget, windowKey: budget.span.key }, counter, at)));
    }
    const wouldRefuse = enforce ? null : await wouldExceed(tx, reserved, hold.credits);
    return { kind: 'admitted', ...lowestRemainder(reserved), wouldRefuse, facts };
  },
  {
    scope: 'own',
    isPlain: ({ retry }) => retry === undefined,
    form: admitForm,
    priority: 'request',
    usual: admitUsual,
    toPublish: ({ hold }, result) => (result.kind === 'admitted' ? [heldFact(hold), ...result.facts] : []),
  },
);

/**
 * The usual case: no repeat, no join and no task retry, no freeze, known rules, a published price, room in every budget, and no
 * threshold reached. Gives undefined in all other cases, with unchanged counters.
 */
function admitUsual(tx: SyncTx, { hold, guard, join, retry, relayTo }: AdmitArgs): AdmitResult | undefined {
  if (retry || isUnpriced(hold) || (guard && hasGuard(tx, hold.app, guard))) return undefined;
  if (join && hasJoinable(tx, hold.app, join.hash)) return undefined;
  const { instance, generation } = hold.owner;
  const state = tx.get<UsualState>(SELECT_USUAL_STATE, [instance, generation]);
  const rules = state && knownRules(state.rules_version);
  if (!state || !rules) return undefined;
  const at = Math.max(hold.at, state.dated_to ?? hold.at);
  const reserved: Reserved[] = [];
  for (const budget of matchingBudgets(rules, hold, at)) {
    const { rule, limitCredits } = budget;
    const counter = reserveAtOnce(tx, budget, hold.credits, rule.mode === 'enforce');
    if (counter) reserved.push({ budget, state: counter });
    if (!counter || newlyReached(rule, counter, limitCredits).length > 0) {
      for (const earlier of reserved) unreserveAtOnce(tx, earlier.budget.counterId, hold.credits);
      return undefined;
    }
  }
  const counters = reserved.map(({ budget }) => budget.counterId).join(' ');
  if (at !== state.dated_to) tx.run(SET_DATED_TO, [at]);
  tx.run(INSERT_CREATE, createValues(hold, { at, counters, guard, joinHash: join?.hash ?? null }));
  if (relayTo !== undefined) tx.run(INSERT_RELAY, relayValues(hold.holdId, relayTo));
  return { kind: 'admitted', ...lowestRemainder(reserved), wouldRefuse: null, facts: [] };
}

function joinRequest({ app, requestId, tag, at }: NewHold, join: JoinArgs): JoinRequest {
  return { app, requestId, tag, at, ...join };
}

/** Returns whether another instance has taken over the creates of this one. */
function isReplaced({ generation }: SpendingState, { owner }: NewHold): boolean {
  return generation !== null && generation !== owner.generation;
}

function replaced({ instance, generation }: NewHold['owner']): SidecarError {
  return new SidecarError(
    'ledger_unavailable',
    `generation ${generation} of instance ${instance} was replaced while it was paused: restart this sidecar`,
  );
}

function heldFact({ holdId, credits: heldCredits, upstream }: NewHold): Fact {
  return { kind: 'create_held', holdId, heldCredits, upstream };
}

/** A create without a price of its own is reported once for each route and model (outbox/heard-facts.ts). */
function unpricedFacts(hold: NewHold, at: Ms): Fact[] {
  if (!isUnpriced(hold)) return [];
  const { holdId, route, path, credits: heldCredits, basis } = hold;
  const place = route === UNKNOWN_ROUTE ? pathShape(path) : route;
  const isUnknown = basis === 'unknown';
  return [{ kind: 'create_unpriced', holdId, route: place, heldCredits, isUnknown, at, ...labelsOf(hold) }];
}

function freezeOf(state: SpendingState): FreezeRefusal | null {
  if (state.frozen_since === null) return null;
  const { frozen_reason, frozen_actor, frozen_since } = state;
  return {
    word: 'spending_frozen',
    reason: frozen_reason ?? '',
    since: frozen_since,
    actor: frozen_actor ?? '',
  };
}

/** Adds the hold to every counter; null, with unchanged counters, if a budget in mode `enforce` has no room. */
async function reserveAll(
  tx: Tx,
  budgets: MatchingBudget[],
  credits: MilliCredits,
  enforce: boolean,
): Promise<Reserved[] | null> {
  const reserved: Reserved[] = [];
  for (const budget of budgets) {
    const state = await reserve(tx, budget, credits, enforce && budget.rule.mode === 'enforce');
    if (!state) {
      for (const earlier of reserved) await unreserve(tx, earlier.budget.counterId, credits);
      return null;
    }
    reserved.push({ budget, state });
  }
  return reserved;
}

/** Names the tightest of the budgets that refused, with its state without the new hold. */
async function explain(tx: Tx, budgets: MatchingBudget[], credits: MilliCredits): Promise<BudgetRefusal> {
  const states: Reserved[] = [];
  for (const budget of budgets) states.push({ budget, state: await readCounter(tx, budget.counterId) });
  const refusal = await tightest(tx, states, credits);
  if (!refusal) throw new Error('a create was refused by no budget');
  return refusal;
}

/** In `observe` mode: gives the refusal that `protect` would have given for the hold that was just added. */
function wouldExceed(tx: Tx, reserved: Reserved[], credits: MilliCredits): Promise<BudgetRefusal | null> {
  const before = reserved.map(({ budget, state }) => ({
    budget,
    state: { ...state, held: state.held - credits },
  }));
  return tightest(tx, before, credits);
}

async function tightest(tx: Tx, states: Reserved[], credits: MilliCredits): Promise<BudgetRefusal | null> {
  if (credits === 0) return null;
  let worst: Reserved | null = null;
  for (const candidate of states) {
    const isExceeded = candidate.budget.rule.mode === 'enforce' && remainder(candidate) < credits;
    if (isExceeded && (!worst || remainder(candidate) < remainder(worst))) worst = candidate;
  }
  if (!worst) return null;
  const { budget, state } = worst;
  return {
    word: 'budget_exceeded',
    budget: budget.rule.name,
    limitCredits: budget.limitCredits,
    settledCredits: state.settled,
    heldCredits: state.held,
    inDoubtCredits: await inDoubtCredits(tx, budget.counterId),
    neededCredits: credits,
    windowKey: budget.span.key,
    resetsAt: budget.span.resetsAt,
  };
}

function remainder({ budget, state }: Reserved): MilliCredits {
  return budget.limitCredits - state.settled - state.held;
}

function lowestRemainder(reserved: Reserved[]): {
  remainingCredits: MilliCredits | null;
  budget: string | null;
} {
  let lowest: MilliCredits | null = null;
  let budget: string | null = null;
  for (const one of reserved) {
    if (one.budget.rule.mode !== 'enforce') continue;
    const left = remainder(one);
    if (lowest !== null && left >= lowest) continue;
    lowest = left;
    budget = one.budget.rule.name;
  }
  return { remainingCredits: lowest, budget };
}
