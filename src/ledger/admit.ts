/**
 * Admits a create: its hold, with the counters of every budget it matches and the guard of repeats, or a refusal.
 *
 * **Invariant**: all or nothing in one transaction. A create is admitted when its price fits every matching budget
 * that enforces; the test and the change of a counter are one statement. A freeze stops every create, in `observe` mode
 * too. No hold is earlier than the one before it, so a clock set back opens no window a second time.
 */
import {
  giveBack,
  giveBackAtOnce,
  newlyReached,
  noteThresholds,
  readCounter,
  take,
  takeAtOnce,
  type CounterState,
} from '../budget/counter-table.ts';
import { isUnpriced, labelsOf, pathShape, UNKNOWN_ROUTE, type NewHold } from '../budget/hold.ts';
import { createValues, inDoubtCredits, INSERT_CREATE } from '../budget/hold-table.ts';
import { claimsOf, knownRules, rulesOf, type Claim } from '../budget/rule-book.ts';
import { SidecarError } from '../errors.ts';
import type { Fact } from '../facts.ts';
import { findGuard, hasGuard } from '../idempotency/guard-table.ts';
import { defineFactWrite } from '../outbox/outbox-table.ts';
import type { SyncTx, Tx } from '../store/operation.ts';
import type { MilliCredits, Ms } from '../units.ts';
import type { AdmitArgs, AdmitResult, BudgetRefusal, FreezeRefusal } from './ledger.ts';

interface SpendingState {
  /** Of the instance that asks, now; null where it never began. */
  generation: number | null;
  rules_version: string;
  frozen_since: Ms | null;
  frozen_reason: string | null;
  frozen_actor: string | null;
  /** No hold is dated earlier. */
  dated_to: Ms | null;
}

interface Taken {
  claim: Claim;
  state: CounterState;
}

const SELECT_STATE = `SELECT (SELECT generation FROM instances WHERE id = ?) AS generation,
  rules_version, frozen_since, frozen_reason, frozen_actor, dated_to
FROM spending WHERE id = 1`;
const SET_DATED_TO = 'UPDATE spending SET dated_to = ? WHERE id = 1';

/** Inserts the hold of a create, or says why it may not leave. Nothing is changed unless it is admitted. */
export const admit = defineFactWrite(
  'ledger.admit',
  async (tx: Tx, args: AdmitArgs): Promise<AdmitResult> => {
    const { hold, guard, enforce } = args;
    if (guard) {
      const state = await findGuard(tx, { app: hold.app, guard, at: hold.at });
      if (state) return { kind: 'repeat', state };
    }
    const state = await tx.get<SpendingState>(SELECT_STATE, hold.owner.instance);
    if (!state) throw new Error('the row of table spending is missing');
    if (isReplaced(state, hold)) throw replaced(hold.owner);
    const frozen = freezeOf(state);
    if (frozen) return { kind: 'refused', refusal: frozen };
    const at = Math.max(hold.at, state.dated_to ?? hold.at);
    const claims = claimsOf(await rulesOf(tx, state.rules_version), hold, at);
    const taken = await takeAll(tx, claims, hold.credits, enforce);
    if (!taken) return { kind: 'refused', refusal: await explain(tx, claims, hold.credits) };
    const counters = claims.map((claim) => claim.counterId).join(' ');
    if (at !== state.dated_to) await tx.run(SET_DATED_TO, at);
    await tx.run(INSERT_CREATE, ...createValues(hold, { at, counters, guard }));
    const facts = unpricedFacts(hold, at);
    for (const { claim, state: counter } of taken) {
      facts.push(...(await noteThresholds(tx, { ...claim, windowKey: claim.span.key }, counter, at)));
    }
    const wouldRefuse = enforce ? null : await wouldPass(tx, taken, hold.credits);
    return { kind: 'admitted', ...lowestRemainder(taken), wouldRefuse, facts };
  },
  {
    scope: 'own',
    isPlain: () => true,
    priority: 'request',
    usual: admitUsual,
    toPublish: ({ hold }, result) => (result.kind === 'admitted' ? [heldFact(hold), ...result.facts] : []),
  },
);

/**
 * The usual case: no repeat, no freeze, rules that are known, a price of its own, room in every budget, and no threshold
 * reached. Gives undefined in all others, with the counters as before.
 */
function admitUsual(tx: SyncTx, { hold, guard }: AdmitArgs): AdmitResult | undefined {
  if (isUnpriced(hold) || (guard && hasGuard(tx, hold.app, guard))) return undefined;
  const state = tx.get<SpendingState>(SELECT_STATE, [hold.owner.instance]);
  const rules = state && state.frozen_since === null ? knownRules(state.rules_version) : undefined;
  if (!state || !rules || isReplaced(state, hold)) return undefined;
  const at = Math.max(hold.at, state.dated_to ?? hold.at);
  const taken: Taken[] = [];
  for (const claim of claimsOf(rules, hold, at)) {
    const { rule, limitCredits } = claim;
    const counter = takeAtOnce(tx, claim, hold.credits, rule.mode === 'enforce');
    if (counter) taken.push({ claim, state: counter });
    if (!counter || newlyReached(rule, counter, limitCredits).length > 0) {
      for (const earlier of taken) giveBackAtOnce(tx, earlier.claim.counterId, hold.credits);
      return undefined;
    }
  }
  const counters = taken.map(({ claim }) => claim.counterId).join(' ');
  if (at !== state.dated_to) tx.run(SET_DATED_TO, [at]);
  tx.run(INSERT_CREATE, createValues(hold, { at, counters, guard }));
  return { kind: 'admitted', ...lowestRemainder(taken), wouldRefuse: null, facts: [] };
}

/** Tells whether another instance has taken over the creates of the one that asks. */
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

/** Adds the hold to every counter; null, and every counter as before, where one that enforces has no room. */
async function takeAll(
  tx: Tx,
  claims: Claim[],
  credits: MilliCredits,
  enforce: boolean,
): Promise<Taken[] | null> {
  const taken: Taken[] = [];
  for (const claim of claims) {
    const state = await take(tx, claim, credits, enforce && claim.rule.mode === 'enforce');
    if (!state) {
      for (const earlier of taken) await giveBack(tx, earlier.claim.counterId, credits);
      return null;
    }
    taken.push({ claim, state });
  }
  return taken;
}

/** Names the tightest of the budgets that refused, with its state as it stands without the new hold. */
async function explain(tx: Tx, claims: Claim[], credits: MilliCredits): Promise<BudgetRefusal> {
  const states: Taken[] = [];
  for (const claim of claims) states.push({ claim, state: await readCounter(tx, claim.counterId) });
  const refusal = await tightest(tx, states, credits);
  if (!refusal) throw new Error('a create was refused by no budget');
  return refusal;
}

/** In `observe` mode: what would have refused the hold that has just been added. */
function wouldPass(tx: Tx, taken: Taken[], credits: MilliCredits): Promise<BudgetRefusal | null> {
  const before = taken.map(({ claim, state }) => ({
    claim,
    state: { ...state, held: state.held - credits },
  }));
  return tightest(tx, before, credits);
}

async function tightest(tx: Tx, states: Taken[], credits: MilliCredits): Promise<BudgetRefusal | null> {
  if (credits === 0) return null;
  let worst: Taken | null = null;
  for (const candidate of states) {
    const isPassed = candidate.claim.rule.mode === 'enforce' && remainder(candidate) < credits;
    if (isPassed && (!worst || remainder(candidate) < remainder(worst))) worst = candidate;
  }
  if (!worst) return null;
  const { claim, state } = worst;
  return {
    word: 'budget_exceeded',
    budget: claim.rule.name,
    limitCredits: claim.limitCredits,
    settledCredits: state.settled,
    heldCredits: state.held,
    inDoubtCredits: await inDoubtCredits(tx, claim.counterId),
    neededCredits: credits,
    windowKey: claim.span.key,
    resetsAt: claim.span.resetsAt,
  };
}

function remainder({ claim, state }: Taken): MilliCredits {
  return claim.limitCredits - state.settled - state.held;
}

function lowestRemainder(taken: Taken[]): { remainingCredits: MilliCredits | null; budget: string | null } {
  let lowest: MilliCredits | null = null;
  let budget: string | null = null;
  for (const one of taken) {
    if (one.claim.rule.mode !== 'enforce') continue;
    const left = remainder(one);
    if (lowest !== null && left >= lowest) continue;
    lowest = left;
    budget = one.claim.rule.name;
  }
  return { remainingCredits: lowest, budget };
}
