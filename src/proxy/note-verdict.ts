/** The effect of a create's verdict on the account: it is kept for later creates, and counted. */
import type { CreateDeps, CreateRequest } from './create-request.ts';
import type { Verdict } from './judge.ts';
import type { Prepared } from './prepare.ts';

/** Keeps a refusal for the account, drops it after a success, and counts a 429 of Kling's by its code. */
export function noteVerdict(
  { accountRefusals, telemetry }: Pick<CreateDeps, 'accountRefusals' | 'telemetry'>,
  { route }: CreateRequest,
  { prepared, verdict }: { prepared: Prepared; verdict: Verdict },
): void {
  const { end, info, message } = verdict;
  const scope = { route: route.template, product: route.product, model: prepared.price.model };
  if (end.kind === 'task' || end.kind === 'done') accountRefusals.forget(scope);
  if (info?.accountWide) accountRefusals.note(scope, info, message);
  if (info?.status === 429) telemetry.throttled(info.code);
}
