/** `GET /v1/queue`: the creates that wait for a slot. */
import { readRowCursor } from '../../calls/cursor.ts';
import type { Ms } from '../../units.ts';
import type { ControlCommands, LiveStatus } from '../commands.ts';
import type { QueueQuery } from '../questions.ts';
import type { QueueAnswer, StatusAnswer } from '../schemas.ts';
import { iso, isoOrNull } from './shape.ts';

/** Lists who waits, the one that leaves first at the top. */
export function answerQueue(
  { at, waiting }: ReturnType<ControlCommands['queue']>,
  { limit, cursor, total }: QueueQuery,
): QueueAnswer {
  // The queue moves between two pages, so a cursor is only the number of rows before it.
  const from = cursor === undefined ? 0 : readRowCursor(cursor);
  const until = from + limit;
  return {
    waiting: waiting.slice(from, until).map(({ position, app, operation, pool, since, waitMs }) => ({
      position,
      app,
      operation,
      pool,
      since: iso(since),
      waitedSeconds: seconds(at - since),
      estimatedWaitSeconds: seconds(waitMs),
    })),
    nextCursor: until < waiting.length ? String(until) : null,
    ...(total && { total: waiting.length }),
  };
}

/** Gives seconds to a tenth; 0 where the clock was set back. */
function seconds(ms: Ms): number {
  return Math.max(0, Math.round(ms / 100) / 10);
}

/** Shapes the pools, the breaker and the stops of the status. */
export function shapePacing({
  pools,
  breaker: { isOpen, ...breaker },
  stops,
}: Pick<LiveStatus, 'pools' | 'breaker' | 'stops'>): Pick<StatusAnswer, 'pools' | 'breaker' | 'stops'> {
  return {
    pools: pools.map(({ pausedUntil, ...pool }) => ({ ...pool, pausedUntil: isoOrNull(pausedUntil) })),
    breaker: {
      ...breaker,
      open: isOpen,
      since: isoOrNull(breaker.since),
      nextProbeAt: isoOrNull(breaker.nextProbeAt),
    },
    stops: stops.map((stop) => ({
      ...stop,
      since: iso(stop.since),
      nextProbeAt: isoOrNull(stop.nextProbeAt),
    })),
  };
}
