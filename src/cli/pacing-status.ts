/** The pace of creates in `status`: the pools with their limits and pauses. */
import type { StatusAnswer } from '../control/schemas.ts';

type Pool = StatusAnswer['pools'][number];

const SOURCES: Readonly<Record<NonNullable<Pool['source']>, string>> = {
  config: 'limits.concurrency',
  pack: 'the account’s packs',
  tier: 'limits.tier',
  learned: 'Kling’s code 1303',
};

/** Gives a line for each pool; `timeText` writes an instant for people. */
export function poolLines(pools: readonly Pool[], timeText: (at: string) => string): [string, string][] {
  return pools.map((pool) => [`pool ${pool.name}`, poolText(pool, timeText)]);
}

function poolText(pool: Pool, timeText: (at: string) => string): string {
  const { inUse, limit, queued } = pool;
  // A sidecar of an earlier version says neither.
  const { source, pausedUntil } = pool as Partial<Pool>;
  const by = source === null || source === undefined ? '' : ` (by ${SOURCES[source]})`;
  const use = `${inUse} of ${limit ?? 'any number'} in use${by}, ${queued} queued`;
  return pausedUntil === null || pausedUntil === undefined
    ? use
    : `${use}; pauses until ${timeText(pausedUntil)}`;
}
