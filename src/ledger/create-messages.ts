/**
 * The forms in which a create's two operations are sent between threads: lists of values for their arguments, and of their usual
 * results only what the sender does not know.
 *
 * A list costs half of what an object costs to write and to read as JSON, and every create pays it twice. A case that a list
 * does not hold is sent as it is.
 *
 * **Invariant**: what is unpacked equals what was packed.
 */
import { callOfValues, callValues } from '../calls/call-values.ts';
import type { Fact } from '../facts.ts';
import type { ShortForm } from '../store/operation.ts';
import { taskMade } from './close-usual.ts';
import type { AdmitArgs, AdmitResult, CloseArgs } from './ledger.ts';

/** The form of an admission; its usual result is the remainder and the name of the budget that has it. */
export const admitForm: ShortForm<AdmitArgs, AdmitResult> = {
  pack: admitList,
  unpack: (list) => toAdmitArgs(list as unknown as AdmitList),
  result: {
    pack: (result) => (hasNoMore(result) ? [result.remainingCredits, result.budget] : result),
    unpack(packed) {
      if (!Array.isArray(packed)) return packed as AdmitResult;
      const [remainingCredits, budget] = packed as [number | null, string | null];
      return { kind: 'admitted', remainingCredits, budget, wouldRefuse: null, facts: [] };
    },
  },
};

/** Stands for the facts of a usual close, which its sender makes from the arguments. */
const AS_USUAL = 1;

/** The form of a close in which Kling made a task in the only attempt, and no answer is kept. */
export const closeForm: ShortForm<CloseArgs, { facts: Fact[] }> = {
  pack: closeList,
  unpack: (list) => toCloseArgs(list as unknown as CloseList),
  result: {
    pack: () => AS_USUAL,
    unpack: (packed, args) =>
      packed === AS_USUAL ? { facts: taskMade(args) } : (packed as { facts: Fact[] }),
  },
};

function hasNoMore(result: AdmitResult): result is AdmitResult & { kind: 'admitted' } {
  return result.kind === 'admitted' && result.wouldRefuse === null && result.facts.length === 0;
}

type AdmitList = NonNullable<ReturnType<typeof admitList>>;
type CloseList = NonNullable<ReturnType<typeof closeList>>;

function admitList({ hold, guard, join, retry, relayTo, enforce }: AdmitArgs) {
  if (retry || relayTo !== undefined) return null;
  return [
    enforce,
    guard,
    join ?? null,
    hold.holdId,
    hold.requestId,
    hold.at,
    hold.app,
    hold.tag,
    hold.path,
    hold.route,
    hold.operation,
    hold.model,
    hold.mode,
    hold.product,
    hold.durationSeconds,
    hold.credits,
    hold.basis,
    hold.weight,
    hold.externalTaskId,
    hold.upstream.host,
    hold.upstream.account,
    hold.owner.instance,
    hold.owner.generation,
    hold.prompt?.hash ?? null,
    hold.prompt?.preview ?? null,
    hold.rule,
    hold.notes,
  ] as const;
}

function toAdmitArgs(list: AdmitList): AdmitArgs {
  const [enforce, guard, join] = list;
  const [hash, preview] = [list[23], list[24]];
  const hold = {
    holdId: list[3],
    requestId: list[4],
    at: list[5],
    app: list[6],
    tag: list[7],
    path: list[8],
    route: list[9],
    operation: list[10],
    model: list[11],
    mode: list[12],
    product: list[13],
    durationSeconds: list[14],
    credits: list[15],
    basis: list[16],
    weight: list[17],
    rule: list[25],
    notes: list[26],
    externalTaskId: list[18],
    upstream: { host: list[19], account: list[20] },
    owner: { instance: list[21], generation: list[22] },
    prompt: hash === null || preview === null ? null : { hash, preview },
  };
  return join === null ? { hold, guard, enforce } : { hold, guard, join, enforce };
}

function closeList({ holdId, heldAs, at, end, calls, answer, age }: CloseArgs) {
  const call = calls[0];
  if (end.kind !== 'task' || answer !== null || !age || !heldAs || !call || calls.length > 1) return null;
  const { sighting } = end;
  const isBare =
    sighting.statusMessage === null && sighting.deduction === null && sighting.results.length === 0;
  if (!isBare || call.evidence !== null || call.holdId !== holdId || call.taskId !== sighting.taskId)
    return null;
  return [
    holdId,
    at,
    age.now,
    age.doubtFrom,
    sighting.taskId,
    sighting.externalTaskId,
    sighting.state,
    sighting.updatedAt,
    sighting.createdAt,
    callValues(call),
    heldAs.owner,
    heldAs.operation,
    heldAs.model,
    heldAs.mode,
    heldAs.product,
    heldAs.weight,
  ] as const;
}

function toCloseArgs(list: CloseList): CloseArgs {
  const [holdId, at, now, doubtFrom, taskId] = list;
  const sighting = {
    taskId,
    externalTaskId: list[5],
    state: list[6],
    statusMessage: null,
    updatedAt: list[7],
    createdAt: list[8],
    deduction: null,
    results: [],
  };
  const call = callOfValues(list[9]);
  const heldAs = {
    owner: list[10],
    operation: list[11],
    model: list[12],
    mode: list[13],
    product: list[14],
    weight: list[15],
  };
  const end = { kind: 'task', sighting } as const;
  return { holdId, heldAs, at, end, calls: [call], answer: null, age: { now, doubtFrom } };
}
