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
  // A sidecar of an earlier version says none of these.
  const { source, pausedUntil, elsewhere = 0 } = pool as Partial<Pool>;
  const by = source === null || source === undefined ? '' : ` (by ${SOURCES[source]})`;
  const others = elsewhere === 0 ? '' : `, ${elsewhere} of them by tasks that are not ours`;
  const use = `${inUse} of ${limit ?? 'any number'} in use${others}${by}, ${queued} queued`;
  return pausedUntil === null || pausedUntil === undefined
    ? use
    : `${use}; pauses until ${timeText(pausedUntil)}`;
}
