/** What a create asks the ledger to hold. */
import { newId } from '../ids.ts';
import type { AdmitArgs } from '../ledger/ledger.ts';
import type { CreateDeps, CreateRequest } from './create-request.ts';
import type { PreparedCreate } from './prepare.ts';

/** Makes what a create asks the ledger to hold, dated now. */
export function admitArgs(deps: CreateDeps, create: CreateRequest, prepared: PreparedCreate): AdmitArgs {
  const { price } = prepared;
  const at = deps.clockTrust.now();
  return {
    hold: {
      holdId: newId('hold', at),
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
      credits: price.credits ?? create.unpricedCredits,
      basis: price.basis,
      weight: price.weight,
      externalTaskId: prepared.externalTaskId,
      prompt: prepared.prompt,
    },
    guard: prepared.guard,
    enforce: create.settings.mode === 'protect',
  };
}
