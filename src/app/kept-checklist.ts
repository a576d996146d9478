/**
 * The production checklist of a running sidecar, judged when somebody asks.
 *
 * Judging reads the whole ledger, so it is done by another process (`cli/checklist-process.ts`). Its verdicts are kept.
 *
 * **Invariant**: at most one judging at a time, and at most one begins in a minute, however many ask. It ends with the sidecar.
 */
import type { Clock } from '../clock.ts';
import type { Checklist } from '../control/checklist-schemas.ts';
import type { AskedChecklist, ChecklistState, JudgedChecklist } from '../control/commands.ts';
import { SidecarError } from '../errors.ts';
import type { Ms } from '../units.ts';

/** The shortest time between the beginnings of two judgings. */
export const PERIOD_MS: Ms = 60_000;

/**
 * Judges the checklist of the sidecar whose control plane is at `controlUrl`; the signal ends it.
 * @throws SidecarError with the reason if there are no verdicts.
 */
export type Judge = (asked: { controlUrl: string; signal: AbortSignal }) => Promise<Checklist>;

export interface KeptChecklistOptions {
  judge: Judge | null;
  controlUrl: () => string;
  clock: Clock;
}

export class KeptChecklist {
  readonly #judge: Judge | null;
  readonly #controlUrl: () => string;
  readonly #clock: Clock;
  readonly #end = new AbortController();
  #began: { at: Ms; tick: Ms } | null = null;
  #judging: Promise<void> | null = null;
  #judged: JudgedChecklist | null = null;
  #problem: string | null = null;

  /** @param options `judge` is null if the sidecar is a part of another program. */
  constructor({ judge, controlUrl, clock }: KeptChecklistOptions) {
    this.#judge = judge;
    this.#controlUrl = controlUrl;
    this.#clock = clock;
  }

  /**
   * Gives the last verdicts, and with `begin` begins a judging if they are older than `since` and a minute has passed.
   * @param asked `since` is an instant, a minute ago if absent; with `wait` a judging is waited for.
   * @throws SidecarError `daemon_required` if this sidecar is a part of another program, `bad_usage` for an instant in the future.
   */
  async state({ since, wait, begin = true }: AskedChecklist): Promise<ChecklistState> {
    const judge = this.#judge;
    if (judge === null) {
      throw new SidecarError(
        'daemon_required',
        'This sidecar is a part of another program, and judges no checklist: kling-sidecar doctor --checklist does.',
      );
    }
    const now = this.#clock.now();
    if (since !== undefined && since > now)
      throw new SidecarError('bad_usage', 'since is in the future: give an instant of the past, or none.');
    const wanted = since ?? now - PERIOD_MS;
    const isTried = this.#began !== null && this.#began.at >= wanted;
    if (begin && !isTried && this.#judging === null && this.#waitMs() === 0) this.#begin(judge);
    const isNewEnough = this.#judged !== null && this.#judged.startedAt >= wanted;
    if (wait && !isNewEnough) await this.#judging;
    return this.#now();
  }

  /** Ends a judging. */
  close(): void {
    this.#end.abort();
  }

  #now(): ChecklistState {
    const startedAt = this.#began?.at ?? null;
    return {
      isJudging: this.#judging !== null,
      startedAt,
      nextAt: startedAt === null || this.#waitMs() === 0 ? null : startedAt + PERIOD_MS,
      problem: this.#problem,
      judged: this.#judged,
    };
  }

  /** How long no judging may begin. */
  #waitMs(): Ms {
    if (this.#began === null) return 0;
    return Math.max(0, this.#began.tick + PERIOD_MS - this.#clock.monotonic());
  }

  #begin(judge: Judge): void {
    const began = { at: this.#clock.now(), tick: this.#clock.monotonic() };
    this.#began = began;
    this.#judging = this.#run(judge, began).finally(() => (this.#judging = null));
  }

  async #run(judge: Judge, began: { at: Ms; tick: Ms }): Promise<void> {
    try {
      const checklist = await judge({ controlUrl: this.#controlUrl(), signal: this.#end.signal });
      const tookMs = Math.round(this.#clock.monotonic() - began.tick);
      this.#judged = { checklist, startedAt: began.at, tookMs };
      this.#problem = null;
    } catch (error) {
      if (!(error instanceof SidecarError)) throw error;
      this.#problem = error.message;
    }
  }
}
