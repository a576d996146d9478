/** The effect of a create's verdict on the account: it is kept for later creates, and counted. */
import { poolsOf } from '../pacing/slot.ts';
import type { Ms } from '../units.ts';
import { stopScopeOf } from './create-permit.ts';
import type { CreateDeps, CreateRequest } from './create-request.ts';
import type { Verdict } from './judge.ts';
import type { Reserved } from './reserve.ts';

export interface Noted {
  reserved: Reserved;
  verdict: Verdict;
  /** The wait that the answer asked for, or null. */
  retryAfterMs: Ms | null;
}

/**
 * Begins a stop after a refusal for the account, ends it after a success, reports 1302 and 1303 to the pools, and counts a 429
 * of Kling's by its code. What an upstream that a reload replaced answers shows nothing about the present account.
 */
export function noteVerdict(
  { stops, slots, upstream, telemetry }: Pick<CreateDeps, 'stops' | 'slots' | 'upstream' | 'telemetry'>,
  create: CreateRequest,
  { reserved: { prepared, line }, verdict, retryAfterMs }: Noted,
): void {
  const { end, info, message } = verdict;
  if (info?.status === 429) telemetry.throttled(info.code);
  if (line !== upstream.line) return;
  const scope = stopScopeOf(create, prepared);
  if (end.kind === 'task' || end.kind === 'done') stops.noteTaken(scope);
  if (info?.accountWide) stops.noteRefusal(scope, { code: info.code, message });
  if (info?.retry !== 'wait') return;
  const { price } = prepared;
  slots.throttled({ code: info.code, pools: poolsOf(price), weight: price.weight, retryAfterMs });
}
