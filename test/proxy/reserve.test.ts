import { expect, it, describe } from 'vitest';
import { createManualClock } from '../../src/clock.ts';
import { SidecarError } from '../../src/errors.ts';
import type { AdmitArgs, AdmitResult, GuardState } from '../../src/ledger/ledger.ts';
import { Breaker } from '../../src/pacing/breaker.ts';
import { configuredLimits } from '../../src/pacing/limits.ts';
import { Slots } from '../../src/pacing/slots.ts';
import { Stops } from '../../src/pacing/stops.ts';
import { Closing } from '../../src/proxy/closing.ts';
import { CreatePermit } from '../../src/proxy/create-permit.ts';
import type { CreateDeps, CreateRequest } from '../../src/proxy/create-request.ts';
import { LastFreeze } from '../../src/proxy/last-freeze.ts';
import type { Prepared } from '../../src/proxy/prepare.ts';
import { reserve } from '../../src/proxy/reserve.ts';
import { routeFor } from '../kling/pricing.ts';
import { create as slotRequest } from '../pacing/asked.ts';

const ADMITTED: AdmitResult = {
  kind: 'admitted',
  remainingCredits: 5000,
  budget: 'daily',
  wouldRefuse: null,
  facts: [],
};
const FIRST = { holdId: 'h1', externalTaskId: 'ks_1' };
const OPEN = { kind: 'open', ...FIRST, doubt: null } as const;
const ANSWERED: GuardState & { kind: 'answered' } = {
  kind: 'answered',
  ...FIRST,
  answer: { status: 200, headers: [], body: new Uint8Array() },
};
const MISMATCH = { kind: 'mismatch', which: 'idempotency-key' } as const;
const FREE = { kind: 'free' } as const;
const UNAVAILABLE = new SidecarError('ledger_unavailable', 'the disk is full');

interface Given {
  /** What the ledger says to one admission after the other. */
  admissions?: (AdmitResult | Error)[];
  /** What the guard is, one question after the other. */
  guards?: GuardState[];
  mode?: 'protect' | 'observe';
  maxCreditsEach?: number | null;
  isDateSure?: boolean;
  deadlineMs?: number;
  videoSlots?: number;
}

/** A create with an idempotency key, and parts that answer as they are given. */
function rig(given: Given = {}) {
  const {
    admissions = [ADMITTED],
    guards = [],
    mode = 'protect',
    maxCreditsEach = null,
    videoSlots = 5,
  } = given;
  const clock = createManualClock(0);
  const asked: string[] = [];
  const held: AdmitArgs[] = [];
  const noted: string[] = [];
  const replies: number[] = [];
  let lineUsers = 0;
  const run = async (_operation: unknown, args: AdmitArgs): Promise<AdmitResult> => {
    asked.push('admission');
    held.push(args);
    const result = admissions.shift() ?? ADMITTED;
    if (result instanceof Error) throw result;
    return result;
  };
  const read = async (): Promise<GuardState> => {
    asked.push('guard');
    return guards.shift() ?? FREE;
  };
  const closing = new Closing({
    ledger: { run } as never,
    store: {} as never,
    clock,
    onError: () => undefined,
    onCall: () => undefined,
  });
  const line = {
    host: 'h',
    account: 'a',
    use: () => ((lineUsers += 1), line),
    release: () => (lineUsers -= 1),
  };
  const limits = configuredLimits({ video: videoSlots });
  const options = { isPaced: true, limits, requestsPerMinute: null };
  const slots = new Slots({ ...options, queueWaitMsMax: 5_000, queueLengthMax: 0 }, clock);
  const check = (): void => {
    if (given.isDateSure === false) throw new SidecarError('clock_untrusted', 'the clock stepped');
  };
  const deps = {
    clock,
    ledger: { run },
    store: { read },
    closing,
    slots,
    upstream: { line },
    stops: new Stops(clock),
    breaker: new Breaker({ clock, failuresMin: () => 5 }),
    lastFreeze: new LastFreeze(),
    clockLook: { settle: () => null },
    adoption: { isPending: false, settle: () => Promise.resolve(null) },
    clockTrust: { now: () => clock.now(), check },
    checkStore: () => undefined,
    owner: () => ({ instance: 'i', generation: 1 }),
    onError: () => undefined,
    lostAnswers: { flush: () => undefined },
    telemetry: { queueWaited: () => undefined, createHeld: () => undefined, replayed: () => undefined },
  } as unknown as CreateDeps;
  const create = {
    requestId: 'r',
    retry: null,
    answer: ({ status }: { status: number }) => replies.push(status),
    path: '/v1/videos/text2video',
    route: routeFor('/v1/videos/text2video'),
    settings: { mode, maxCreditsEach, unknownRoute: 'hold', hasApiKey: true, budgetStatus: 403 },
    caller: { app: 'default', settings: null, tag: null },
    trace: null,
    startedTick: 0,
    deadlineTick: given.deadlineMs ?? 25_000,
    gone: new AbortController().signal,
    progress: { prepared: null, isSent: false, watch: null },
    noteWouldRefuse: ({ code }: SidecarError) => noted.push(code),
  } as unknown as CreateRequest;
  const prepared = {
    price: { product: 'video', model: null, weight: 1, basis: 'exact', notes: [], rule: 'r' },
    labels: { app: 'default', operation: 'text-to-video', model: null, mode: null },
    credits: 100,
    guard: { idempotencyKey: 'k', callerTaskId: null, fingerprint: 'f' },
    joinHash: null,
    kept: null,
  } as unknown as Prepared;
  return {
    run: () => reserve(deps, create, { prepared, permit: new CreatePermit(deps, create, prepared) }),
    slots,
    asked,
    held,
    noted,
    replies,
    lineUsers: () => lineUsers,
    slotsInUse: () => slots.pools()[0]?.inUse,
  };
}

describe('the guard of a create', () => {
  it('is read only by the admission if nothing delays the create', async () => {
    const { run, asked, slotsInUse, lineUsers } = rig();
    expect(await run()).toMatchObject({ hold: { remainingCredits: 5000 }, queueMs: 0 });
    expect(asked).toEqual(['admission']);
    expect([slotsInUse(), lineUsers()]).toEqual([1, 1]);
  });

  it('answers a repeat with the result of the admission, and leaves no slot and no line in use', async () => {
    const { run, asked, replies, slotsInUse, lineUsers } = rig({
      admissions: [{ kind: 'repeat', state: ANSWERED }],
    });
    expect(await run()).toBeNull();
    expect(asked).toEqual(['admission']);
    expect(replies).toEqual([200]);
    expect([slotsInUse(), lineUsers()]).toEqual([0, 0]);
  });

  it.each([
    ['a rule', { maxCreditsEach: 1 }, 'task_too_expensive'],
    ['an unsure clock', { isDateSure: false }, 'clock_untrusted'],
    ['a near deadline', { deadlineMs: 7_000 }, 'upstream_timeout'],
  ])('is read first if %s would refuse the create', async (_what, given, code) => {
    const repeat = rig({ ...given, guards: [ANSWERED] });
    expect(await repeat.run()).toBeNull();
    expect([repeat.asked, repeat.replies]).toEqual([['guard'], [200]]);
    const first = rig({ ...given, guards: [FREE] });
    await expect(first.run()).rejects.toMatchObject({ code });
    expect(first.asked).toEqual(['guard']);
  });

  it('is read first if the create would have to wait for a slot', async () => {
    const repeat = rig({ videoSlots: 1, guards: [ANSWERED] });
    (await repeat.slots.enter(slotRequest({ waitMsMax: 1_000 }))).keepFor('other');
    expect(await repeat.run()).toBeNull();
    expect([repeat.asked, repeat.replies]).toEqual([['guard'], [200]]);
  });

  it('is read again at once if the first one was open: it may have ended in the same batch', async () => {
    // The clock does not move: a repeat that waited would wait for ever.
    const { run, asked, replies } = rig({
      admissions: [{ kind: 'repeat', state: OPEN }],
      guards: [ANSWERED],
    });
    expect(await run()).toBeNull();
    expect([asked, replies]).toEqual([['admission', 'guard'], [200]]);
  });

  it('lets a repeat be held if the first one certainly made nothing', async () => {
    const { run, asked, slotsInUse } = rig({
      admissions: [{ kind: 'repeat', state: OPEN }, ADMITTED],
      guards: [FREE],
    });
    expect(await run()).toMatchObject({ hold: { remainingCredits: 5000 } });
    expect(asked).toEqual(['admission', 'guard', 'admission']);
    expect(slotsInUse()).toBe(1);
  });

  it('is left out in observe mode if its key was used for other bytes', async () => {
    const { run, held, noted } = rig({
      mode: 'observe',
      admissions: [{ kind: 'repeat', state: MISMATCH }, ADMITTED],
    });
    expect(await run()).toMatchObject({ prepared: { guard: null } });
    expect(held.map(({ guard }) => guard?.idempotencyKey)).toEqual(['k', undefined]);
    expect(noted).toEqual(['idempotency_mismatch']);
  });
});

describe('a store that takes no hold', () => {
  it('still answers a repeat, and refuses any other create with its own words', async () => {
    const repeat = rig({ admissions: [UNAVAILABLE], guards: [ANSWERED] });
    expect(await repeat.run()).toBeNull();
    expect(repeat.replies).toEqual([200]);
    const first = rig({ admissions: [UNAVAILABLE] });
    await expect(first.run()).rejects.toBe(UNAVAILABLE);
    expect(first.asked).toEqual(['admission', 'guard']);
    expect([first.slotsInUse(), first.lineUsers()]).toEqual([0, 0]);
  });

  it('lets a create of observe mode go on without a hold', async () => {
    const { run, noted, lineUsers } = rig({ mode: 'observe', admissions: [UNAVAILABLE] });
    expect(await run()).toMatchObject({ hold: null, prepared: { credits: 100 } });
    expect([noted, lineUsers()]).toEqual([['ledger_unavailable'], 1]);
  });
});
