/**
 * Calls that a claim leaves out because of their host: a month's report counts every host, its claim only Kling's own
 * and those of `claims.hosts`. An operator who sees two results must see why.
 */
import { CALL_CLASSES } from '../calls/outcome.ts';
import { normalHost } from '../sla/host.ts';
import { isHostAmong } from '../sla/month-table.ts';
import type { Span } from '../sla/window.ts';
import type { Tx } from '../store/operation.ts';

/** Hosts named in a text; of further ones only the number is given. */
const HOSTS_NAMED = 5;
const SUM_OF_CALLS = CALL_CLASSES.join(' + ');

/** Calls to one host that a claim does not count. */
export interface LeftOutHost {
  host: string;
  calls: number;
}

/** Counts the calls of a period to hosts other than those given, most calls first; empty if every host counts. */
export async function selectLeftOut(
  tx: Tx,
  spans: readonly Span[],
  hosts: readonly string[] | null,
): Promise<LeftOutHost[]> {
  const byHost = new Map<string, number>();
  if (hosts === null) return [];
  for (const span of spans) {
    const rows = await tx.all<LeftOutHost>(
      `SELECT host, SUM(${SUM_OF_CALLS}) AS calls FROM sla_windows
       WHERE window_start >= ? AND window_start < ? GROUP BY host ORDER BY host`,
      span.start,
      span.end,
    );
    for (const { host, calls } of rows) {
      if (calls === 0 || isHostAmong(host, hosts)) continue;
      const name = normalHost(host) ?? host;
      byHost.set(name, (byHost.get(name) ?? 0) + calls);
    }
  }
  return [...byHost].map(([host, calls]) => ({ host, calls })).sort((a, b) => b.calls - a.calls);
}

/** Says what was left out and which setting counts it; empty if nothing was. */
export function leftOutText(leftOut: readonly LeftOutHost[]): string {
  const named = leftOut.slice(0, HOSTS_NAMED).map(({ host, calls }) => `${calls} to ${host}`);
  if (named.length === 0) return '';
  const rest = leftOut.length - named.length;
  const list = [...named, ...(rest > 0 ? [`some to ${rest} other hosts`] : [])].join(', ');
  const names = leftOut.slice(0, HOSTS_NAMED).map(({ host }) => `"${host.replace(/:\d+$/, '')}"`);
  return (
    `Calls left out by their host: ${list}. A claim counts calls to Kling's own hosts and to those in claims.hosts. ` +
    `If one of these forwards to Kling, name it there: "claims": { "hosts": [${names.join(', ')}] }.`
  );
}
