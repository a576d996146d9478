/** The operator's rules and what stands against a create before money is asked for. */
import { SidecarError } from '../errors.ts';
import type { MoneyRefusal } from '../ledger/ledger.ts';
import { formatCredits, lowerLimit, toCredits } from '../units.ts';
import type { CreateDeps, CreateRequest } from './create-request.ts';
import type { PreparedCreate } from './prepare.ts';

/**
 * Checks what can be said without the store; in `observe` mode what would refuse is only noted.
 * @throws SidecarError `route_not_priced`, `task_too_expensive`, `account_refused`, `ledger_unavailable`.
 */
export function checkRules(deps: CreateDeps, create: CreateRequest, prepared: PreparedCreate): void {
  const { settings } = create;
  const { price } = prepared;
  const checks = [
    () => checkPriced(create, prepared),
    () => checkEach(create, prepared),
    () => checkCredentials(create),
    () => deps.accountRefusals.check({ ...price, route: create.route.template }),
    () => deps.checkStore(),
  ];
  for (const check of checks) {
    try {
      check();
    } catch (error) {
      if (settings.mode === 'protect' || !(error instanceof SidecarError)) throw error;
      create.noteWouldRefuse(error);
    }
  }
}

/**
 * Sees that a create can be dated: Kling's clock is looked at where our own may be wrong. In `observe` mode what would
 * refuse is only noted.
 * @throws SidecarError `clock_untrusted`, `upstream_unreachable`.
 */
export async function settleClock(deps: CreateDeps, create: CreateRequest): Promise<void> {
  try {
    const looking = deps.clockLook.settle();
    if (looking) await looking;
    deps.clockTrust.check();
  } catch (error) {
    if (create.settings.mode === 'protect' || !(error instanceof SidecarError)) throw error;
    if (!create.isClockNoted) create.noteWouldRefuse(error);
    create.isClockNoted = true;
  }
}

function checkPriced(create: CreateRequest, prepared: PreparedCreate): void {
  if (prepared.price.basis !== 'unknown' || create.settings.unknownRoute !== 'refuse') return;
  throw new SidecarError(
    'route_not_priced',
    `There is no price for POST ${create.path}; add one to pricing.overrides, or set creates.unknownRoute to "hold".`,
    { detail: { path: create.path } },
  );
}

function checkEach(create: CreateRequest, prepared: PreparedCreate): void {
  const own = create.caller.settings?.maxCreditsEach ?? null;
  const limit = lowerLimit(own, create.settings.maxCreditsEach);
  const credits = prepared.price.credits ?? create.unpricedCredits;
  if (limit === null || credits <= limit) return;
  throw new SidecarError(
    'task_too_expensive',
    `This create costs ${formatCredits(credits)} credits (${prepared.price.rule}); one may cost at most ` +
      `${formatCredits(limit)}.`,
    { detail: { neededCredits: toCredits(credits), limitCredits: toCredits(limit) } },
  );
}

/** Kling answers 401/1002 to a JWT on a path of the new generation (its authentication page, read 2026-09-20). */
function checkCredentials(create: CreateRequest): void {
  if (create.route.generation !== 'new' || create.settings.hasApiKey) return;
  throw new SidecarError(
    'account_refused',
    `${create.path} takes only an API key, and this sidecar has an access key and secret key: Kling would answer ` +
      '401/1002. Make an API key in the console and set KLING_API_KEY_FILE.',
    { detail: { klingCode: 1002 } },
  );
}

/** Makes the error of a refusal of the ledger's. */
export function refusalError(refusal: MoneyRefusal, budgetStatus: number): SidecarError {
  if (refusal.word === 'spending_frozen') {
    const since = new Date(refusal.since).toISOString();
    return new SidecarError(
      'spending_frozen',
      `Spending is frozen since ${since} by ${refusal.actor}: ${refusal.reason}. Resume it with kling-sidecar unfreeze.`,
      { detail: { since, reason: refusal.reason } },
    );
  }
  const resetsAt = refusal.resetsAt === null ? null : new Date(refusal.resetsAt).toISOString();
  const used = refusal.settledCredits + refusal.heldCredits;
  return new SidecarError(
    'budget_exceeded',
    `The budget ${refusal.budget} allows ${formatCredits(refusal.limitCredits)} credits in ${refusal.windowKey}; ` +
      `${formatCredits(used)} are used and this create needs ${formatCredits(refusal.neededCredits)}. ` +
      (resetsAt === null ? 'It never resets.' : `It resets at ${resetsAt}.`),
    {
      status: budgetStatus,
      detail: {
        budget: refusal.budget,
        limitCredits: toCredits(refusal.limitCredits),
        settledCredits: toCredits(refusal.settledCredits),
        heldCredits: toCredits(refusal.heldCredits),
        inDoubtCredits: toCredits(refusal.inDoubtCredits),
        neededCredits: toCredits(refusal.neededCredits),
        windowKey: refusal.windowKey,
        resetsAt,
      },
    },
  );
}
