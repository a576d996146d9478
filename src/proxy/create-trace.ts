/** What a create's spans say of it; called only where there is a trace. */
import type { AdmitArgs, AdmitResult } from '../ledger/ledger.ts';
import type { Span } from '../telemetry/tracing.ts';
import { toCredits, type Ms } from '../units.ts';
import type { CreateRequest } from './create-request.ts';
import type { PreparedCreate } from './prepare.ts';

/** Adds to the request's span what is known once the body is priced. */
export function tracePrice(
  trace: Span,
  create: CreateRequest,
  { price, externalTaskId }: PreparedCreate,
): void {
  trace.set({
    'kling.operation': price.operation,
    'kling.model': price.model,
    'kling.mode': price.mode,
    'kling.credits': toCredits(create.credits ?? create.unpricedCredits),
    'kling.external_task_id': externalTaskId,
  });
}

/** Adds the step that took, or did not take, the hold. */
export function traceHold(
  trace: Span,
  { heldFrom, args, result }: { heldFrom: Ms; args: AdmitArgs; result: AdmitResult | null },
): void {
  const refusal = result?.kind === 'refused' ? result.refusal : null;
  const budget =
    refusal?.word === 'budget_exceeded' ? refusal.budget : result?.kind === 'admitted' ? result.budget : null;
  trace.step('hold', heldFrom, {
    'kling.hold': result === null ? 'none' : (refusal?.word ?? result.kind),
    'kling.hold_id': result?.kind === 'admitted' ? args.hold.holdId : null,
    'kling.budget': budget,
  });
  trace.set({ 'kling.budget': budget });
}
