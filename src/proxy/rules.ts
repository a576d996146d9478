/** The refusals of a create before its admission: by the operator's rules, the credentials, the store, and the clock. */
import { SidecarError } from '../errors.ts';
import type { MoneyRefusal } from '../ledger/ledger.ts';
import { formatCredits, lowerLimit, toCredits } from '../units.ts';
import type { CreateDeps, CreateRequest } from './create-request.ts';
import type { Prepared } from './prepare.ts';

/**
 * Gives the refusals of a create that need no read of the store, in their order: `route_not_priced`,
 * `task_too_expensive`, `account_refused`, `ledger_unavailable`. The mode decides whether they are carried out
 * ({@link refuseUnlessObserving}).
 */
export function brokenRules(
  deps: CreateDeps,
  create: CreateRequest,
  prepared: Prepared,
): readonly SidecarError[] {
  return [
    whyUnpriced(create, prepared),
    whyTooExpensive(create, prepared),
    whyNoCredentials(create),
    caught(() => deps.checkStore()),
  ].filter((refusal) => refusal !== null);
}

/**
 * Gives the refusal if a create cannot be dated: `clock_untrusted`, `upstream_unreachable`. A promise only if Kling's
 * clock must be read first, since our own may be wrong.
 */
export function whyUndated({
  clockLook,
  clockTrust,
}: Pick<CreateDeps, 'clockLook' | 'clockTrust'>): SidecarError | null | Promise<SidecarError | null> {
  const check = (): SidecarError | null => caught(() => clockTrust.check());
  return clockLook.settle()?.then(check, refusalOf) ?? check();
}

/** Returns whether a create can be dated at once, without a read of Kling's clock. */
export function isDatable({ clockTrust }: Pick<CreateDeps, 'clockTrust'>): boolean {
  return caught(() => clockTrust.check()) === null;
}

/** Refuses in `protect` mode; `observe` only counts the refusal. */
export function refuseUnlessObserving(create: CreateRequest, refusal: SidecarError): void {
  if (create.settings.mode === 'protect') throw refusal;
  create.noteWouldRefuse(refusal);
}

/** Gives the refusal that a check throws, or null. */
function caught(check: () => void): SidecarError | null {
  try {
    check();
    return null;
  } catch (error) {
    return refusalOf(error);
  }
}

/** An error that is no refusal is thrown again. */
function refusalOf(error: unknown): SidecarError {
  if (error instanceof SidecarError) return error;
  throw error;
}

function whyUnpriced(create: CreateRequest, { price }: Prepared): SidecarError | null {
  if (price.basis !== 'unknown' || create.settings.unknownRoute !== 'refuse') return null;
  return new SidecarError(
    'route_not_priced',
    `There is no price for POST ${create.path}; add one to pricing.overrides, or set creates.unknownRoute to "hold".`,
    { detail: { path: create.path } },
  );
}

function whyTooExpensive(create: CreateRequest, { credits, price }: Prepared): SidecarError | null {
  const own = create.caller.settings?.maxCreditsEach ?? null;
  const limit = lowerLimit(own, create.settings.maxCreditsEach);
  if (limit === null || credits <= limit) return null;
  return new SidecarError(
    'task_too_expensive',
    `This create costs ${formatCredits(credits)} credits (${price.rule}); one may cost at most ` +
      `${formatCredits(limit)}.`,
    { detail: { neededCredits: toCredits(credits), limitCredits: toCredits(limit) } },
  );
}

/** Kling answers 401/1002 to a JWT on a path of the new generation (its authentication page, read 2026-09-20). */
function whyNoCredentials(create: CreateRequest): SidecarError | null {
  if (create.route.generation !== 'new' || create.settings.hasApiKey) return null;
  return new SidecarError(
    'account_refused',
    `${create.path} takes only an API key, and this sidecar has an access key and secret key: Kling would answer ` +
      '401/1002. Make an API key in the console and set KLING_API_KEY_FILE.',
    { detail: { klingCode: 1002 } },
  );
}

/** Makes the error of a ledger's refusal. */
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
