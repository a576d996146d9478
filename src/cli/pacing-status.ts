/** The pace of creates in `status`: the breaker, the stops, and the pools with their limits and pauses. */
import type { StatusAnswer } from '../control/schemas.ts';
import { plainText } from '../plain-text.ts';

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

/** Gives a line for an open breaker and for each stop; empty without any, and for an earlier version's sidecar. */
export function stopLines(
  { breaker, stops }: Partial<Pick<StatusAnswer, 'breaker' | 'stops'>>,
  timeText: (at: string) => string,
): [string, string][] {
  const next = (at: string | null): string =>
    at === null ? 'one create is at Kling to see if it lasts' : `the next create is sent at ${timeText(at)}`;
  const since = (at: string | null): string => (at === null ? '' : ` since ${timeText(at)}`);
  const lines: [string, string][] = [];
  if (breaker?.open) {
    const cause = breaker.cause === null ? '' : ` (${plainText(breaker.cause)})`;
    lines.push([
      'breaker',
      `open: ${breaker.failures} ${breaker.failures === 1 ? 'create' : 'creates'} failed in a row at Kling${since(breaker.since)}${cause}; ${next(breaker.nextProbeAt)}`,
    ]);
  }
  for (const stop of stops ?? []) {
    const text = `${scopeText(stop)} refused by Kling${since(stop.since)}: ${plainText(stop.message)}; ${next(stop.nextProbeAt)}`;
    lines.push([`stop ${stop.code}`, text]);
  }
  return lines;
}

function scopeText({ product, operation, model }: StatusAnswer['stops'][number]): string {
  if (operation !== null)
    return `creates of ${operation}${model === null ? '' : ` with ${plainText(model)}`}`;
  return product === null ? 'all creates' : `${product} creates`;
}
