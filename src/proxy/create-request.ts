/** A create as it was received, and the parts of the program that its steps need. */
import type { Owner } from '../budget/hold.ts';
import type { CallRecord } from '../calls/call.ts';
import type { Adoption } from '../asking/adoption.ts';
import type { Clock } from '../clock.ts';
import type { SidecarError } from '../errors.ts';
import type { KlingRoute } from '../kling/routes.ts';
import type { AgeClock } from '../ledger/age-clock.ts';
import type { Ledger } from '../outbox/ledger.ts';
import type { Breaker } from '../pacing/breaker.ts';
import type { Slots } from '../pacing/slots.ts';
import type { Stops } from '../pacing/stops.ts';
import type { ClockLook } from '../asking/clock-look.ts';
import type { Doubts } from '../asking/doubt.ts';
import type { Store } from '../store/store.ts';
import type { RetryNumber } from '../task-retries/retry-id.ts';
import type { Telemetry } from '../telemetry/telemetry.ts';
import type { LaterTraces, Span, TraceIds } from '../telemetry/tracing.ts';
import type { MilliCredits, Ms } from '../units.ts';
import type { ClockTrust } from '../upstream/clock-trust.ts';
import type { Upstream } from '../upstream/upstream.ts';
import type { BodyRoom } from './body-room.ts';
import { SEND_MS_MIN, type Caller } from './caller.ts';
import type { Closing } from './closing.ts';
import type { Frame } from './frame.ts';
import type { Injection } from './injection.ts';
import type { LastFreeze } from './last-freeze.ts';
import type { AnswerWatch, LostAnswers } from './lost-answers.ts';
import type { Prepared } from './prepare.ts';
import type { WholeAnswer } from './reply.ts';
import type { ProxySettings } from './settings.ts';

export interface CreateDeps {
  clock: Clock;
  bodyRoom: BodyRoom;
  store: Store;
  ledger: Pick<Ledger, 'run'>;
  upstream: Upstream;
  slots: Slots;
  doubts: Doubts;
  closing: Closing;
  injection: Injection;
  stops: Stops;
  breaker: Breaker;
  lastFreeze: LastFreeze;
  lostAnswers: LostAnswers;
  telemetry: Telemetry;
  /** Journals a call that is not journalled with a hold's end. */
  journal: (call: CallRecord) => void;
  /** Logs a fault of ours that fails no request. */
  onError: (message: string, error: unknown) => void;
  /** What the account spends, for a new store: creates wait for it. */
  adoption: Pick<Adoption, 'isPending' | 'settle'>;
  clockTrust: ClockTrust;
  clockLook: ClockLook;
  ages: AgeClock;
  /** The running instance, as the owner of the creates that it sends. */
  owner: () => Owner;
  traces: Pick<LaterTraces, 'remember'>;
  /** Gives a number from 0 to below 1, for waits that differ. */
  random: () => number;
  /** @throws SidecarError `ledger_unavailable` if the store's files were lost under the running process. */
  checkStore: () => void;
}

/** The progress of a create, for its refusal, for a fault of ours and for a caller that hangs up. */
export interface CreateProgress {
  /** Null until its body is priced. */
  prepared: Prepared | null;
  /** True from the moment that bytes of it may leave: from then on no failure of ours may cause a repeat. */
  isSent: boolean;
  /** Null before a hold or a join, and for a create that none can join. */
  watch: AnswerWatch | null;
}

export interface CreateRequest {
  readonly requestId: string;
  readonly settings: ProxySettings;
  readonly frame: Frame;
  readonly caller: Caller;
  readonly route: KlingRoute;
  /** Null for a create of an app; else the task retry that it is. */
  readonly retry: RetryNumber | null;
  /** Null with tracing off. */
  readonly trace: Span | null;
  /** For the log: our trace, or the caller's with tracing off. */
  readonly traceIds: TraceIds | null;
  readonly path: string;
  readonly startedTick: Ms;
  readonly deadlineTick: Ms;
  /** Aborted when the caller closes its connection before its answer. */
  readonly gone: AbortSignal;
  /** The credits that are held if no price is known. */
  readonly unpricedCredits: MilliCredits;
  /** Counts a refusal that `observe` mode does not carry out. */
  readonly noteWouldRefuse: (error: SidecarError) => void;
  /** Counts a body that `observe` mode did not change. */
  readonly noteWouldEdit: () => void;
  /** Answers its caller; harmless if the caller has closed its connection. */
  readonly answer: (answer: WholeAnswer) => void;
  readonly progress: CreateProgress;
}

/** Gives the time that is left until a create's deadline; below 0 after it. */
export function leftMs({ clock }: Pick<CreateDeps, 'clock'>, { deadlineTick }: CreateRequest): Ms {
  return deadlineTick - clock.monotonic();
}

/** Returns whether too little time is left to send; `observe` mode still sends. */
export function lacksTime(deps: Pick<CreateDeps, 'clock'>, create: CreateRequest): boolean {
  return create.settings.mode === 'protect' && leftMs(deps, create) < SEND_MS_MIN;
}
