/** The report of an import: the number of calls, their hosts, calls that a claim will not count, and possible losses. */
import path from 'node:path';
import { claimHosts } from '../claims/draft-request.ts';
import type { ImportSummary } from '../imports/import.ts';
import { hostFilter } from '../sla/host.ts';
import type { Context } from './context.ts';
import { STANDARD_INPUT } from './import-input.ts';
import { plainText } from '../plain-text.ts';

const DAY_MS = 86_400_000;

export interface ImportReport {
  summary: ImportSummary;
  /** What was done with the calls: `imported`, or `can be imported`. */
  verb: string;
  /** The file's name, and those imported with its source before it. */
  file: string;
  source: string;
  earlierFiles: readonly string[];
}

/** Warns, before anything is written, of hosts whose calls no claim will count. */
export function warnOfHosts({ terminal, loaded }: Context, { hosts }: ImportSummary): void {
  const isClaimed = hostFilter(claimHosts(loaded().config));
  for (const { host, calls } of hosts) {
    if (isClaimed(host)) continue;
    const name = plainText(host);
    terminal.err(
      `Warning: no claim will count the ${calls} calls to ${name}, since it is neither a host of Kling’s nor one of ` +
        `claims.hosts. If it forwards to Kling, add "${name.replace(/:\d+$/, '')}" to claims.hosts; if the log names no ` +
        'host and the calls went to Kling itself, import with --host.\n',
    );
  }
}

/** Prints the end of an import. */
export function printReport(context: Context, report: ImportReport, wantsJson: boolean): void {
  const { terminal } = context;
  const { summary, verb } = report;
  const isClaimed = hostFilter(claimHosts(context.loaded().config));
  const hosts = summary.hosts.map((one) => ({ ...one, isClaimed: isClaimed(one.host) }));
  const warnings = warningsOf(context, report);
  if (wantsJson) {
    const oldestAt = summary.oldestAt === null ? null : new Date(summary.oldestAt).toISOString();
    terminal.out(`${JSON.stringify({ ...summary, oldestAt, hosts, warnings }, null, 2)}\n`);
    return;
  }
  const { lines, imported, known, bad, badLines } = summary;
  terminal.out(
    `${lines} lines: ${imported} calls ${verb}, ${known} known already, ${bad} bad lines left out.\n`,
  );
  for (const { line, problem } of badLines) terminal.out(`  line ${line}: ${plainText(problem)}\n`);
  if (bad > badLines.length) terminal.out(`  and ${bad - badLines.length} more\n`);
  for (const warning of warnings) terminal.out(`${plainText(warning)}\n`);
  for (const { host, calls, isClaimed: counts } of hosts) {
    const claim = counts ? 'a claim counts them' : 'no claim counts them';
    terminal.out(`Host ${plainText(host)}: ${calls} calls; ${claim}.\n`);
  }
}

function warningsOf(context: Context, report: ImportReport): string[] {
  return [
    retentionWarning(context, report.summary),
    otherWarning(report.summary),
    doubtfulWarning(report.summary),
    knownWarning(report),
  ].filter((warning) => warning !== null);
}

/** Explains what happens to calls that are older than the journal keeps; null if there are none. */
function retentionWarning({ terminal, loaded }: Context, summary: ImportSummary): string | null {
  const { olderThanRetention, oldestAt } = summary;
  if (olderThanRetention === 0 || oldestAt === null) return null;
  const days = loaded().config.store.callRetentionDays;
  const wanted = Math.floor((terminal.clock.now() - oldestAt) / DAY_MS) + 1;
  return (
    `${olderThanRetention} calls are older than store.callRetentionDays (${days}): their counts stay in their months, ` +
    'but a running sidecar drops their rows within a day, and calls export, claims’ requests.csv and sla verify no ' +
    `longer have them. To keep the rows, set store.callRetentionDays to more than ${wanted} before that; rows that ` +
    'were dropped cannot be imported again.'
  );
}

function otherWarning({ other, otherFirst }: ImportSummary): string | null {
  if (other === 0) return null;
  return (
    `${other} records are no calls of Kling’s API and were left out, the first: ${otherFirst ?? ''}. Where a proxy puts ` +
    'something before Kling’s paths, name it in listen.stripPrefixes.'
  );
}

function doubtfulWarning({ doubtful }: ImportSummary): string | null {
  if (doubtful === 0) return null;
  return (
    `${doubtful} answers 502 and 504 count as Kling’s, though the log does not show whether nginx gave them itself. Log ` +
    '$upstream_status and $upstream_header_time beside $status, or exclude what was your own.'
  );
}

/** Two programs' calls without ids are equal if their logs have whole seconds: all but one would be lost. */
function knownWarning(report: ImportReport): string | null {
  const { summary, file, source, earlierFiles } = report;
  const { known, withoutId } = summary;
  const calls = summary.imported + known;
  const others = earlierFiles.filter((name) => file === STANDARD_INPUT || !isSameFile(name, file));
  const isWhole = known > 0 && known === calls;
  if (others.length === 0 || known === 0 || (!isWhole && withoutId === 0)) return null;
  return (
    `${isWhole ? `All ${calls}` : `${known} of ${calls}`} calls were known already, and the source "${source}" was ` +
    `imported from ${others[0]} before. If another program or machine recorded ${file}, its calls were lost: import it ` +
    'again with a --source of its own.'
  );
}

/** Earlier versions kept a file's name without its folder. */
function isSameFile(earlier: string, file: string): boolean {
  return earlier === file || earlier === path.basename(file);
}
