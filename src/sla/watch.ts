/**
 * Watches over availability beside the requests: who is to blame when Kling cannot be reached, when a sidecar ran, and,
 * where it is configured, one free read in windows that would else say nothing.
 *
 * **Invariant**: it never waits in a request's path and never fails one. Nothing is connected to but Kling and, after a
 * failure to reach it, the addresses of `sla.controlChecks`.
 */
import type { CallRecord } from '../calls/call.ts';
import { proofOf, type Blame } from '../calls/outcome.ts';
import type { Clock, Timer } from '../clock.ts';
import { isLoopback } from '../listen.ts';
import type { Store } from '../store/store.ts';
import type { Ms } from '../units.ts';
import { recordControlCheck } from './blame-table.ts';
import type { ControlCheck } from './blame.ts';
import { createControlChecker, DEFAULT_CONTROL_CHECKS, type ControlChecker } from './control-check.ts';
import { PROBE_TAG } from './counts.ts';
import { syncConfigExclusions } from './exclusion-table.ts';
import { readWindowIdle } from './month-table.ts';
import { HEARTBEAT_MS } from './observed.ts';
import { recordHeartbeat } from './run-table.ts';
import type { SlaConfig } from './sla-config.ts';
import { WINDOW_MS, windowStart } from './window.ts';

/** How long before its end a window that saw no request is probed. */
const PROBE_BEFORE_END_MS: Ms = 20_000;
/**
 * The free read of a probe: one row of one page of a list, with either kind of credential (kling-api, "Legacy video",
 * read 2026-09-20; the account's own reads are limited to one a second and may lag behind).
 */
const PROBE_ROUTE = '/v1/videos/text2video';
const PROBE_PATH = `${PROBE_ROUTE}?pageNum=1&pageSize=1`;

/** The parts of the config that the watch follows. */
export interface WatchConfig {
  readonly sla: SlaConfig;
  readonly upstream: { readonly baseUrl: string };
}

export interface SlaWatchDeps {
  store: Pick<Store, 'read' | 'write'>;
  clock: Clock;
  config: () => WatchConfig;
  /** Sends one free read to Kling and journals it. */
  ask: (read: { path: string; route: string; tag: string }) => Promise<unknown>;
  /** A control check was recorded; `blamed` counts the attempts that it decided, by whom it blames. */
  onChecked: (check: ControlCheck, blamed: Record<Blame, number>) => void;
  onProbeFailed: (error: unknown) => void;
  onError: (message: string, error: unknown) => void;
}

export class SlaWatch {
  readonly #deps: SlaWatchDeps;
  readonly #checker: ControlChecker;
  #timers: Timer[] = [];
  #probeTimer: Timer | null = null;
  #runId: string | null = null;
  /** Heartbeats and probes, one after the other. */
  #work: Promise<void> = Promise.resolve();
  #isStopped = false;

  constructor(deps: SlaWatchDeps) {
    this.#deps = deps;
    this.#checker = createControlChecker({
      clock: deps.clock,
      targets: () => controlTargets(deps.config()),
      record: (check) => void this.#recordCheck(check),
    });
  }

  /** Takes note of an attempt that was journalled; cheap, for it runs with every request. */
  noteCall(call: CallRecord): void {
    if (call.outcome === 'unreachable' && proofOf(call.errorClass) !== 'none')
      this.#checker.noteUnreachable();
  }

  /** Says that a sidecar runs from now on, and takes the config's exclusions over. */
  async start(): Promise<void> {
    this.#beat();
    await this.#work;
    await this.applyConfig();
    this.#timers.push(this.#deps.clock.every(HEARTBEAT_MS, () => this.#beat()));
    this.#scheduleProbe();
  }

  /** Makes the exclusions of the config those in force; one that cannot be applied is reported and left out. */
  async applyConfig(): Promise<void> {
    const { store, clock, config, onError } = this.#deps;
    const exclusions = config().sla.exclusions.map(({ from, to, clause, source }) => {
      return { start: Date.parse(from), end: Date.parse(to), clause, source };
    });
    try {
      await store.write(syncConfigExclusions, { exclusions, at: clock.now() });
    } catch (error) {
      onError('sla.exclusions of the config could not be applied; those in force stay', error);
    }
  }

  /** Ends the watch, with a last word on how long it ran. */
  async stop(): Promise<void> {
    if (this.#isStopped) return;
    this.#isStopped = true;
    for (const timer of this.#timers) timer.cancel();
    this.#probeTimer?.cancel();
    await this.#checker.close();
    if (this.#runId !== null) this.#beat();
    await this.#work;
  }

  async #recordCheck(check: ControlCheck): Promise<void> {
    const { store, onChecked, onError } = this.#deps;
    try {
      onChecked(check, await store.write(recordControlCheck, check));
    } catch (error) {
      onError('a control check could not be recorded', error);
    }
  }

  #beat(): void {
    const at = this.#deps.clock.now();
    this.#work = this.#work.then(() => this.#recordBeat(at));
  }

  async #recordBeat(at: Ms): Promise<void> {
    const { store, onError } = this.#deps;
    try {
      this.#runId = await store.write(recordHeartbeat, { runId: this.#runId, at });
    } catch (error) {
      onError('that the sidecar runs could not be recorded', error);
    }
  }

  /** Sets the timer to the next instant at which a window is near its end; the wall clock may have been moved. */
  #scheduleProbe(): void {
    const { clock } = this.#deps;
    const now = clock.now();
    const wanted = windowStart(now) + WINDOW_MS - PROBE_BEFORE_END_MS;
    const delayMs = wanted > now ? wanted - now : wanted + WINDOW_MS - now;
    this.#probeTimer = clock.after(delayMs, () => {
      if (this.#isStopped) return;
      this.#scheduleProbe();
      if (this.#deps.config().sla.probeIdleWindows) this.#work = this.#work.then(() => this.#probe());
    });
  }

  async #probe(): Promise<void> {
    const { store, ask, clock, onProbeFailed } = this.#deps;
    if (this.#isStopped) return;
    try {
      if (!(await store.read(readWindowIdle, { windowStart: windowStart(clock.now()) }))) return;
      await ask({ path: PROBE_PATH, route: PROBE_ROUTE, tag: PROBE_TAG });
    } catch (error) {
      onProbeFailed(error);
    }
  }
}

/** Gives the addresses of control checks: none by default where the upstream is on loopback, and so is not Kling. */
export function controlTargets({ sla, upstream }: WatchConfig): readonly string[] {
  if (sla.controlChecks !== null) return sla.controlChecks;
  const name = new URL(upstream.baseUrl).hostname.replace(/^\[(.*)\]$/, '$1');
  return isLoopback(name) ? [] : DEFAULT_CONTROL_CHECKS;
}
