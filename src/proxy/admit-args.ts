/** The arguments of a create's admission. */
import { keptNotes } from '../budget/price-rule-schema.ts';
import type { JoinRequest } from '../idempotency/join-table.ts';
import { newId } from '../ids.ts';
import type { AdmitArgs, JoinArgs } from '../ledger/ledger.ts';
import type { Line } from '../upstream/line.ts';
import type { CreateDeps, CreateRequest } from './create-request.ts';
import type { Prepared } from './prepare.ts';

/** Makes the arguments of a create's admission, with the present date and the line that it will be sent on. */
export function admitArgs(
  deps: CreateDeps,
  create: CreateRequest,
  { prepared, line }: { prepared: Prepared; line: Line },
): AdmitArgs {
  const { price } = prepared;
  const at = deps.clockTrust.now();
  const args: AdmitArgs = {
    hold: {
      holdId: prepared.holdId ?? newId('hold', at),
      requestId: create.requestId,
      at,
      app: create.caller.app,
      tag: create.caller.tag,
      path: create.path,
      route: create.route.template,
      operation: price.operation,
      model: price.model,
      mode: price.mode,
      product: price.product,
      durationSeconds: price.durationSeconds,
      credits: prepared.credits,
      basis: price.basis,
      rule: price.rule,
      notes: keptNotes(price.notes),
      weight: price.weight,
      externalTaskId: prepared.externalTaskId,
      prompt: prepared.prompt,
      upstream: { host: line.host, account: line.account },
      owner: deps.owner(),
    },
    guard: prepared.guard,
    ...joinArgs(deps, create, prepared.joinHash),
    ...retryArgs(create, prepared),
    enforce: create.settings.mode === 'protect',
  };
  return prepared.relayTo === null ? args : { ...args, relayTo: prepared.relayTo };
}

/** Gives by what a create can join an earlier one; nothing if it cannot. */
function joinArgs(
  { ages }: Pick<CreateDeps, 'ages'>,
  { startedTick }: CreateRequest,
  hash: string | null,
): { join?: JoinArgs } {
  return hash === null ? {} : { join: { hash, arrivedAge: ages.at(startedTick) } };
}

/** Gives what the admission does for task retries; nothing for nearly every create. */
function retryArgs(
  { retry, caller: { expectedSeconds } }: CreateRequest,
  { kept: body }: Prepared,
): Pick<AdmitArgs, 'retry'> {
  if (retry !== null) return { retry: { kind: 'take', ...retry } };
  return body === null ? {} : { retry: { kind: 'keep', body, expectedSeconds } };
}

/** Makes the question whether a create joins an earlier one, before its admission. */
export function joinRequest(
  { ages, clockTrust }: Pick<CreateDeps, 'ages' | 'clockTrust'>,
  { caller: { app, tag }, requestId, startedTick }: CreateRequest,
  hash: string,
): JoinRequest {
  return { app, tag, requestId, hash, arrivedAge: ages.at(startedTick), at: clockTrust.now() };
}
