/** The attributes of a create's spans; called only if there is a trace. */
import type { AdmitArgs, AdmitResult } from '../ledger/ledger.ts';
import type { Span } from '../telemetry/tracing.ts';
import { toCredits, type Ms } from '../units.ts';
import type { Prepared } from './prepare.ts';

/** The ledger's result for a create that is no repeat. */
type Decided = Exclude<AdmitResult, { kind: 'repeat' }>;

/** Adds to the request's span the attributes that are known after pricing. */
export function tracePrice(trace: Span, { price, credits, externalTaskId }: Prepared): void {
  trace.set({
    'kling.operation': price.operation,
    'kling.model': price.model,
    'kling.mode': price.mode,
    'kling.credits': toCredits(credits),
    'kling.external_task_id': externalTaskId,
  });
}

/** Adds the step of the admission, also of a refused one. */
export function traceHold(
  trace: Span,
  { heldFrom, args, result }: { heldFrom: Ms; args: AdmitArgs; result: Decided },
): void {
  const refusal = result.kind === 'refused' ? result.refusal : null;
  const budget =
    refusal?.word === 'budget_exceeded' ? refusal.budget : result.kind === 'admitted' ? result.budget : null;
  trace.step('hold', heldFrom, {
    'kling.hold': refusal?.word ?? result.kind,
    'kling.hold_id': result.kind === 'admitted' ? args.hold.holdId : null,
    'kling.budget': budget,
  });
  trace.set({ 'kling.budget': budget });
}

/** Adds the step of a create that continues without a hold. */
export function traceNoHold(trace: Span, heldFrom: Ms): void {
  trace.step('hold', heldFrom, { 'kling.hold': 'none' });
}
