/** A run's report, as data and as text for a terminal or a page of documentation. */
import type { PeerFigures } from './figures.ts';
import type { Findings, Goal } from './goals.ts';
import type { LargeCreate } from './large-create.ts';
import { BUSY_SHARE, type MachineLoad } from './machine.ts';
import { WORKS, type Work } from './measure.ts';
import type { Section } from './options.ts';
import type { PageFigures } from './pages.ts';

export interface Report extends Findings {
  at: string;
  machine: string;
  load: MachineLoad;
  node: string;
  upstream: string;
  generator: string;
  sections: readonly Section[];
  seconds: number;
  rounds: number;
  missing: { name: string; reason: string }[];
  goals: Goal[];
}

/** Writes the report as text for a terminal or a page of documentation. */
export function formatReport(report: Report): string {
  const lines = [
    `${report.machine}, Node ${report.node}, upstream ${report.upstream}, load by ${report.generator}, ` +
      `${report.rounds} rounds of ${report.seconds} s a point, ${report.at}`,
    '',
    formatLoad(report.load),
  ];
  for (const work of WORKS) {
    const rows = report.peers.filter((peer) => peer[work].requestsPerSecond !== null);
    if (rows.length === 0) continue;
    lines.push(
      '',
      TITLES[work],
      '',
      ...formatTable(
        WORK_HEAD,
        rows.map((peer) => workRow(peer, work)),
      ),
    );
  }
  if (report.peers.length > 0) {
    lines.push('', 'Processes', '', ...formatTable(PROCESS_HEAD, report.peers.map(processRow)));
  }
  const idle = report.peers.flatMap(idleRow);
  if (idle.length > 0) lines.push('', 'The poller after the load', '', ...formatTable(IDLE_HEAD, idle));
  for (const { name, reason } of report.missing) lines.push('', `${name} was not measured: ${reason}`);
  if (report.largeCreates.length > 0) {
    lines.push('', 'A create with a 10 MiB image', '');
    lines.push(...formatTable(LARGE_HEAD, report.largeCreates.map(largeRow)));
  }
  lines.push(...formatStores(report));
  const goals = report.goals.filter(({ value }) => value !== null).map(goalRow);
  if (goals.length > 0) lines.push('', 'Goals', '', ...formatTable(GOAL_HEAD, goals));
  const rest = report.goals.filter(
    ({ section, value, goal }) => value === null && goal !== null && report.sections.includes(section),
  );
  if (rest.length > 0) lines.push('', `Not measured: ${rest.map(({ name }) => name).join('; ')}`);
  return lines.join('\n') + '\n';
}

function formatLoad({
  pressureBefore,
  pressureAfter,
  waitingShareMax,
  othersShare,
  isBusy,
}: MachineLoad): string {
  const percent = (share: number | null): string => (share === null ? '-' : `${(share * 100).toFixed(0)} %`);
  const verdict = isBusy
    ? `BUSY: nothing counts as measured (at most ${percent(BUSY_SHARE)} of each)`
    : 'quiet enough';
  return (
    `The machine: /proc/pressure/cpu some avg10 ${fixed(pressureBefore, 1)} before, ${fixed(pressureAfter, 1)} after; while the ` +
    `bench was idle tasks waited for ${percent(waitingShareMax)} of the time; others used ${percent(othersShare)} of the ` +
    `CPUs during the run. ${verdict}.`
  );
}

function formatStores({ scrape, pagesCost, bigStore }: Report): string[] {
  const lines: string[] = [];
  if (scrape !== null) {
    lines.push(
      '',
      `/metrics at ${scrape.openTasks} open tasks: ${scrape.bytes} bytes within ${fixed(scrape.answerMs, 1)} ms; CPU ` +
        `${fixed(scrape.readerMs, 1)} ms on the reader and ${fixed(scrape.mainMs, 1)} ms on the main thread`,
    );
  }
  if (pagesCost !== null) {
    lines.push('', `Pages over ${pagesCost.calls} calls and ${pagesCost.openTasks} open tasks`, '');
    lines.push(...formatTable(PAGE_HEAD, pagesCost.pages.map(pageRow)));
    const [lower, upper] = pagesCost.p99RatioQuartiles;
    lines.push(
      '',
      `Half of the quotients of a create's p99 lie between ${fixed(lower, 2)} and ${fixed(upper, 2)}.`,
    );
  }
  if (bigStore !== null) {
    const { rows, rowsAsked, openTasks, fillSeconds, fileMiB, bigUs, smallUs } = bigStore;
    const less = rows < rowsAsked ? ` (there was no room on the disk for ${rowsAsked})` : '';
    lines.push(
      '',
      `A store of ${rows} creates${less} and ${openTasks} open tasks: ${fixed(fileMiB, 0)} MiB, filled in ${fixed(fillSeconds, 0)} s; a create ` +
        `with the read of its end ${fixed(bigUs, 0)} µs of CPU, over 1000 and 10 ${fixed(smallUs, 0)} µs`,
    );
  }
  return lines;
}

const TITLES: Readonly<Record<Work, string>> = {
  creates: 'Creates (250-byte text-to-video)',
  reads: 'Task reads',
  lives: 'Lives: a create and the read that shows its end, two requests (250-byte image-to-video)',
};
const WORK_HEAD = ['peer', 'CPU µs/request', 'requests/s', 'p99 ms at 32'].concat([
  'added p50 µs at 1',
  'added p99 µs at 1',
  'added p50 µs at 16',
  'added p99 µs at 16',
]);
const PROCESS_HEAD = ['peer', 'resident MiB', 'peak MiB', 'ready ms', 'does'];
const IDLE_HEAD = ['peer', 'open tasks', 'idle CPU ms/s', 'create less the poller, CPU µs'];
const GOAL_HEAD = ['goal', 'measured', 'beside', 'ratio', 'goal', 'stretch', 'result'];
const PAGE_HEAD = ['page', 'first ms', 'median ms', 'KiB'];
const LARGE_HEAD = [
  'peer',
  'answer ms',
  'event loop ms',
  'its median',
  'longest block ms',
  'quiet ms',
  'memory growth / body',
];

function pageRow({ path, firstMs, medianMs, bytes }: PageFigures): string[] {
  return [path, fixed(firstMs, 1), fixed(medianMs, 1), fixed(bytes / 1024, 0)];
}

function workRow(peer: PeerFigures, work: Work): string[] {
  const figures = peer[work];
  const isDirect = peer.name === 'direct';
  const added = [
    figures.addedP50UsAt1,
    figures.addedP99UsAt1,
    figures.addedP50UsAt16,
    figures.addedP99UsAt16,
  ];
  return [
    peer.name,
    fixed(figures.cpuUsPerRequest, 1),
    fixed(figures.requestsPerSecond, 0),
    fixed(figures.p99MsAt32, 2),
    ...added.map((us) => (isDirect ? '-' : fixed(us, 0))),
  ];
}

function processRow(peer: PeerFigures): string[] {
  return [peer.name, fixed(peer.residentMiB, 0), fixed(peer.peakMiB, 0), fixed(peer.readyMs, 0), peer.does];
}

/** A create's CPU without what the poller takes in the same time anyway. */
function idleRow({ name, idle, creates }: PeerFigures): string[][] {
  if (idle === null) return [];
  const { cpuUsPerRequest, requestsPerSecond } = creates;
  const share = requestsPerSecond === null ? null : (idle.cpuMsPerSecond * 1e3) / requestsPerSecond;
  const less = cpuUsPerRequest === null || share === null ? null : cpuUsPerRequest - share;
  return [[name, fixed(idle.openTasks, 0), fixed(idle.cpuMsPerSecond, 1), fixed(less, 1)]];
}

function largeRow(large: LargeCreate): string[] {
  const { name, answerMs, eventLoopMs, eventLoopMsMedian, longestBlockMs, quietBlockMs } = large;
  const times = [answerMs, eventLoopMs, eventLoopMsMedian, longestBlockMs, quietBlockMs];
  return [name, ...times.map((value) => fixed(value, 1)), fixed(large.memoryGrowth, 2)];
}

function goalRow({
  name,
  unit,
  measured,
  beside,
  value,
  valueUnit,
  goal,
  stretch,
  isFloor,
  result,
}: Goal): string[] {
  const shown = (number: number | null, of: string): string =>
    number === null ? '-' : `${fixed(number, of === '×' ? 2 : 1)} ${of}`;
  const limit = (number: number | null): string =>
    number === null ? '-' : `${isFloor ? '≥' : '≤'} ${number} ${valueUnit}`;
  return [
    name,
    shown(measured, unit),
    beside === null ? '-' : shown(beside.value, unit),
    beside === null ? '-' : value !== null && value < 0 && valueUnit === '×' ? '-' : shown(value, valueUnit),
    limit(goal),
    limit(stretch),
    result,
  ];
}

function fixed(value: number | null, places: number): string {
  return value === null || Number.isNaN(value) ? '-' : value.toFixed(places);
}

function formatTable(head: string[], rows: string[][]): string[] {
  const widths = head.map((title, column) =>
    Math.max(title.length, ...rows.map((row) => (row[column] ?? '').length)),
  );
  const isText = (column: number): boolean => column === 0 || !/\d|^-/.test(rows[0]?.[column] ?? '');
  const line = (cells: string[]): string =>
    `| ${cells.map((cell, i) => (isText(i) ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0))).join(' | ')} |`;
  return [line(head), `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`, ...rows.map(line)];
}
