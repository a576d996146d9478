/** What becomes of a create after its answer, as traces linked to the create's: look-ups, polls, ends of holds and tasks. */
import { readHoldTraces } from './budget/hold-trace-table.ts';
import type { Fact } from './facts.ts';
import type { Store } from './store/store.ts';
import type { Telemetry } from './telemetry/telemetry.ts';
import type { LaterTraces, SpanAttributes } from './telemetry/tracing.ts';
import { toCredits, type Ms } from './units.ts';

/** Links of one trace; OpenTelemetry keeps no more by default. */
const LINKS_MAX = 128;

export interface LaterTracesDeps {
  store: Pick<Store, 'read'>;
  telemetry: Pick<Telemetry, 'tracing'>;
}

/** Makes the traces; with tracing off nothing is read and nothing made. */
export function laterTraces({ store, telemetry }: LaterTracesDeps): LaterTraces {
  const linksOf = (holdIds: readonly string[]): Promise<string[]> =>
    // Without its links a trace is still worth having.
    store.read(readHoldTraces, { holdIds: holdIds.slice(0, LINKS_MAX) }).catch(() => []);
  const tell = async (event: LaterEvent): Promise<void> => {
    const links = await linksOf([event.holdId]);
    telemetry.tracing?.moment(event.name, { at: event.at, links, attributes: event.attributes });
  };
  return {
    async begin(name, holdIds) {
      if (telemetry.tracing === null) return null;
      const links = await linksOf(holdIds);
      return telemetry.tracing.linked(name, links, { 'kling.holds': holdIds.length });
    },
    facts(facts) {
      if (telemetry.tracing === null) return;
      for (const fact of facts) {
        const event = laterEvent(fact);
        if (event) void tell(event);
      }
    },
  };
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
