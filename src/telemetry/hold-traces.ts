/** What becomes of a create after its answer, as traces linked to the create's: look-ups, polls, ends of holds and tasks. */
import { insertHoldTraces, readHoldTraces, type HoldTrace } from '../budget/hold-trace-table.ts';
import type { Clock, Timer } from '../clock.ts';
import type { Fact } from '../facts.ts';
import type { Store } from '../store/store.ts';
import type { Telemetry } from './telemetry.ts';
import type { LaterTraces, Span, SpanAttributes } from './tracing.ts';
import { toCredits, type Ms } from '../units.ts';

/** Links of one trace; OpenTelemetry keeps no more by default. */
const LINKS_MAX = 128;

/** Traces that are remembered without asking the store. */
const REMEMBERED_MAX = 20_000;
/** How long a trace waits for others before it is written. */
const GATHER_MS: Ms = 1_000;

export interface LaterTracesDeps {
  store: Pick<Store, 'read' | 'write'>;
  telemetry: Pick<Telemetry, 'tracing'>;
  clock: Clock;
}

/** The traces of one app; with tracing off nothing is remembered, read or made. */
export class HoldTraces implements LaterTraces {
  readonly #deps: LaterTracesDeps;
  readonly #remembered = new Map<string, string>();
  #unwritten: HoldTrace[] = [];
  #timer: Timer | null = null;

  constructor(deps: LaterTracesDeps) {
    this.#deps = deps;
  }

  remember(holdId: string, { kept }: Span, at: Ms): void {
    if (kept === null) return;
    this.#note(holdId, kept);
    this.#unwritten.push({ holdId, traceparent: kept, at });
    this.#timer ??= this.#deps.clock.after(GATHER_MS, () => void this.flush());
  }

  async begin(name: 'poll' | 'look_up', holdIds: readonly string[]): Promise<Span | null> {
    const { tracing } = this.#deps.telemetry;
    if (tracing === null) return null;
    return tracing.linked(name, await this.#linksOf(holdIds), { 'kling.holds': holdIds.length });
  }

  facts(facts: readonly Fact[]): void {
    if (this.#deps.telemetry.tracing === null) return;
    for (const fact of facts) {
      const event = laterEvent(fact);
      if (event) void this.#tell(event);
    }
  }

  /** Writes what is not written yet; without its links a trace is still worth having, so a failure is nobody's. */
  async flush(): Promise<void> {
    this.#timer?.cancel();
    this.#timer = null;
    const traces = this.#unwritten;
    if (traces.length === 0) return;
    this.#unwritten = [];
    await this.#deps.store.write(insertHoldTraces, traces).catch(() => undefined);
  }

  async #tell({ name, holdId, at, attributes }: LaterEvent): Promise<void> {
    const links = await this.#linksOf([holdId]);
    this.#deps.telemetry.tracing?.moment(name, { at, links, attributes });
  }

  async #linksOf(holdIds: readonly string[]): Promise<string[]> {
    const asked = holdIds.slice(0, LINKS_MAX);
    const missing = asked.filter((holdId) => !this.#remembered.has(holdId));
    if (missing.length > 0) {
      const found = await this.#deps.store.read(readHoldTraces, { holdIds: missing }).catch(() => null);
      // Also that there is none: a create from before tracing was on is asked for once.
      if (found) for (const holdId of missing) this.#note(holdId, '');
      for (const { holdId, traceparent } of found ?? []) this.#note(holdId, traceparent);
    }
    return asked.map((holdId) => this.#remembered.get(holdId) ?? '').filter((link) => link !== '');
  }

  #note(holdId: string, traceparent: string): void {
    this.#remembered.delete(holdId);
    this.#remembered.set(holdId, traceparent);
    if (this.#remembered.size <= REMEMBERED_MAX) return;
    for (const oldest of this.#remembered.keys()) {
      this.#remembered.delete(oldest);
      return;
    }
  }
}

interface LaterEvent {
  name: 'settlement' | 'adjustment' | 'result';
  holdId: string;
  at: Ms;
  attributes: SpanAttributes;
}

function laterEvent(fact: Fact): LaterEvent | null {
  switch (fact.kind) {
    case 'hold_resolved':
      return {
        name: 'settlement',
        holdId: fact.holdId,
        at: fact.at,
        attributes: {
          ...createAttributes(fact),
          'kling.hold_state': fact.state,
          'kling.credits': toCredits(fact.credits),
          'kling.credits_held': toCredits(fact.heldCredits),
          'kling.basis': fact.basis,
        },
      };
    case 'hold_adjusted':
      return {
        name: 'adjustment',
        holdId: fact.holdId,
        at: fact.at,
        attributes: { ...createAttributes(fact), 'kling.credits': toCredits(fact.byCredits) },
      };
    case 'task_changed':
      if (fact.to !== 'succeeded' && fact.to !== 'failed') return null;
      return {
        name: 'result',
        holdId: fact.holdId,
        at: fact.at,
        attributes: {
          ...createAttributes(fact),
          'kling.task_id': fact.taskId,
          'kling.task_state': fact.to,
          'kling.task_age_ms': fact.ageMs,
        },
      };
    default:
      return null;
  }
}

function createAttributes(fact: Extract<Fact, { kind: 'hold_resolved' | 'hold_adjusted' | 'task_changed' }>) {
  return {
    'kling.hold_id': fact.holdId,
    'kling.app': fact.app,
    'kling.operation': fact.operation,
    'kling.model': fact.model,
    'kling.mode': fact.mode,
  };
}
