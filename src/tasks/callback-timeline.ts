/** The lines of a task's callbacks in its timeline: those that came, and those that were relayed. */
import type { TimelineLine, TimelineReader } from '../store/timeline.ts';
import type { Ms } from '../units.ts';

interface ReceivedRow {
  at: Ms;
  times: number;
  status: string;
  is_signed: number;
}

interface DeliveryRow {
  made_at: Ms;
  ended_at: Ms | null;
  state: string;
  attempts: number;
  origin: string;
  error: string | null;
}

/** Reads the lines of a task's callbacks. */
export const callbackTimeline: TimelineReader = async (tx, { holdId }) => {
  const received = await tx.all<ReceivedRow>(
    'SELECT at, times, status, is_signed FROM callbacks WHERE hold_id = ? ORDER BY at, body_hash',
    holdId,
  );
  const deliveries = await tx.all<DeliveryRow>(
    `SELECT made_at, ended_at, state, attempts, origin, error FROM callback_deliveries WHERE hold_id = ? ORDER BY rank`,
    holdId,
  );
  return [...received.map(receivedLine), ...deliveries.map(deliveryLine)];
};

function receivedLine({ at, times, status, is_signed }: ReceivedRow): TimelineLine {
  const often = times === 1 ? '' : `, ${times} times`;
  return { at, step: 'callback', text: `${status}, ${is_signed === 1 ? 'signed' : 'not signed'}${often}` };
}

function deliveryLine({ made_at, ended_at, state, attempts, origin, error }: DeliveryRow): TimelineLine {
  const tries = `${attempts} ${attempts === 1 ? 'attempt' : 'attempts'}`;
  const what = origin === 'query' ? ' (made from a query)' : '';
  return {
    at: ended_at ?? made_at,
    step: 'relay',
    text: `${state}${what}, ${tries}${error === null ? '' : `: ${error}`}`,
  };
}
