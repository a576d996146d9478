/**
 * From the turns of all rounds to the figures, the tables and the goals.
 *
 * **Invariant**: every figure is the median over rounds, every ratio is between medians of this same run; a goal
 * whose figures are missing is said to be not measured, never passed.
 */
import type { LargeCreate } from './large-create.ts';
import { CONNECTIONS, WORKS, type Connections, type Turn, type Work } from './measure.ts';
import { median } from './median.ts';
import type { PeerName } from './peers.ts';

export interface WorkFigures {
  /** Null for `direct`, which has no process. */
  cpuUsPerRequest: number | null;
  cpuUsPerRequestByRound: (number | null)[];
  requestsPerSecond: number;
  p99MsAt32: number;
  addedP50UsAt1: number;
  addedP99UsAt1: number;
  addedP50UsAt16: number;
  addedP99UsAt16: number;
}

export interface PeerFigures {
  name: PeerName;
  does: string;
  creates: WorkFigures;
  reads: WorkFigures;
  residentMiB: number | null;
  peakMiB: number | null;
  readyMs: number | null;
}

export interface Goal {
  name: string;
  value: number | null;
  most: number;
  unit: string;
  result: 'PASS' | 'MISS' | 'not measured';
}

export interface Report {
  at: string;
  machine: string;
  node: string;
  upstream: string;
  generator: string;
  seconds: number;
  rounds: number;
  peers: PeerFigures[];
  missing: { name: PeerName; reason: string }[];
  largeCreates: ({ name: PeerName } & LargeCreate)[];
  goals: Goal[];
}

/** One peer's turns with the direct ones of the same rounds, which added latencies are counted from. */
export interface MeasuredPeer {
  name: PeerName;
  does: string;
  turns: Turn[];
  directTurns: Turn[];
}

/** Reduces one peer's rounds to its figures. */
export function peerFigures(peer: MeasuredPeer): PeerFigures {
  const memories = peer.turns.flatMap((turn) => (turn.memory === null ? [] : [turn.memory]));
  const ready = peer.turns.flatMap((turn) => (turn.readyMs === null ? [] : [turn.readyMs]));
  return {
    name: peer.name,
    does: peer.does,
    creates: workFigures(peer, 'creates'),
    reads: workFigures(peer, 'reads'),
    residentMiB: memories.length === 0 ? null : median(memories.map((m) => m.residentBytes / 1024 ** 2)),
    peakMiB: memories.length === 0 ? null : median(memories.map((m) => m.peakBytes / 1024 ** 2)),
    readyMs: ready.length === 0 ? null : median(ready),
  };
}

function workFigures(peer: MeasuredPeer, work: Work): WorkFigures {
  const value = (field: 'p50Us' | 'p99Us' | 'requestsPerSecond', connections: Connections): number =>
    median(peer.turns.map((turn) => pointOf(turn, work, connections)[field]));
  const added = (field: 'p50Us' | 'p99Us', connections: Connections): number =>
    median(
      peer.turns.map((turn, round) => {
        const direct = peer.directTurns[round];
        const base = direct === undefined ? NaN : pointOf(direct, work, connections)[field];
        return pointOf(turn, work, connections)[field] - base;
      }),
    );
  const cpu = peer.turns.map((turn) => pointOf(turn, work, 32).cpuUsPerRequest);
  const cpuKnown = cpu.flatMap((us) => (us === null ? [] : [us]));
  return {
    cpuUsPerRequest: cpuKnown.length === 0 ? null : median(cpuKnown),
    cpuUsPerRequestByRound: cpu,
    requestsPerSecond: value('requestsPerSecond', 32),
    p99MsAt32: value('p99Us', 32) / 1e3,
    addedP50UsAt1: added('p50Us', 1),
    addedP99UsAt1: added('p99Us', 1),
    addedP50UsAt16: added('p50Us', 16),
    addedP99UsAt16: added('p99Us', 16),
  };
}

function pointOf(turn: Turn, work: Work, connections: Connections): Turn['points'][number] {
  const point = turn.points.find((each) => each.work === work && each.connections === connections);
  if (point === undefined)
    throw new Error(`no point for ${work} at ${connections} of ${CONNECTIONS.join(', ')}`);
  return point;
}

/** Holds the figures against the goals that the project set itself. */
export function judge(peers: PeerFigures[], largeCreates: Report['largeCreates']): Goal[] {
  const cpu = (name: PeerName, work: Work): number | null =>
    peers.find((peer) => peer.name === name)?.[work].cpuUsPerRequest ?? null;
  const ratio = (above: number | null, below: number | null): number | null =>
    above === null || below === null ? null : above / below;
  const large = largeCreates.find((each) => each.name === 'sidecar');
  const largeBare = largeCreates.find((each) => each.name === 'bare');
  const more = (field: 'eventLoopMs' | 'longestBlockMs'): number | null =>
    large === undefined || largeBare === undefined ? null : large[field] - largeBare[field];
  const ready = peers.find((peer) => peer.name === 'sidecar')?.readyMs ?? null;
  return [
    goal(
      'creates: CPU, sidecar / caddy',
      ratio(cpu('sidecar', 'creates'), cpu('caddy', 'creates')),
      1.5,
      '×',
    ),
    goal(
      'creates: CPU, sidecar / portkey',
      ratio(cpu('sidecar', 'creates'), cpu('portkey', 'creates')),
      0.2,
      '×',
    ),
    goal(
      'creates: CPU, traced / sidecar',
      ratio(cpu('traced', 'creates'), cpu('sidecar', 'creates')),
      1.25,
      '×',
    ),
    goal('reads: CPU, sidecar / bare', ratio(cpu('sidecar', 'reads'), cpu('bare', 'reads')), 1.6, '×'),
    goal('10 MiB create: event loop, more than bare', more('eventLoopMs'), 5, 'ms'),
    goal('10 MiB create: longest block, more than bare', more('longestBlockMs'), 5, 'ms'),
    goal('10 MiB create: memory growth / body', large?.memoryGrowth ?? null, 2.5, '×'),
    goal('ready', ready, 1000, 'ms'),
  ];
}

function goal(name: string, value: number | null, most: number, unit: string): Goal {
  const result = value === null ? 'not measured' : value <= most ? 'PASS' : 'MISS';
  return { name, value, most, unit, result };
}

/** Writes the report as text for a terminal or a page of documentation. */
export function formatReport(report: Report): string {
  const lines = [
    `${report.machine}, Node ${report.node}, upstream ${report.upstream}, load by ${report.generator}, ` +
      `${report.rounds} rounds of ${report.seconds} s a point, ${report.at}`,
  ];
  for (const work of WORKS) {
    lines.push('', work === 'creates' ? 'Creates (250-byte text-to-video)' : 'Task reads', '');
    lines.push(
      ...formatTable(
        WORK_HEAD,
        report.peers.map((peer) => workRow(peer, work)),
      ),
    );
  }
  lines.push('', 'Processes', '', ...formatTable(PROCESS_HEAD, report.peers.map(processRow)));
  for (const { name, reason } of report.missing) lines.push('', `${name} was not measured: ${reason}`);
  if (report.largeCreates.length > 0) {
    lines.push('', 'A create with a 10 MiB image', '');
    lines.push(...formatTable(LARGE_HEAD, report.largeCreates.map(largeRow)));
  }
  lines.push('', 'Goals', '', ...formatTable(['goal', 'measured', 'at most', ''], report.goals.map(goalRow)));
  return lines.join('\n') + '\n';
}

const WORK_HEAD = ['peer', 'CPU µs/request', 'requests/s', 'p99 ms at 32'].concat([
  'added p50 µs at 1',
  'added p99 µs at 1',
  'added p50 µs at 16',
  'added p99 µs at 16',
]);
const PROCESS_HEAD = ['peer', 'resident MiB', 'peak MiB', 'ready ms', 'does'];
const LARGE_HEAD = [
  'peer',
  'answer ms',
  'event loop ms',
  'longest block ms',
  'quiet ms',
  'memory growth / body',
];

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

function largeRow(large: Report['largeCreates'][number]): string[] {
  const { name, answerMs, eventLoopMs, longestBlockMs, quietBlockMs, memoryGrowth } = large;
  const ms = [answerMs, eventLoopMs, longestBlockMs, quietBlockMs].map((value) => fixed(value, 1));
  return [name, ...ms, fixed(memoryGrowth, 2)];
}

function goalRow({ name, value, most, unit, result }: Goal): string[] {
  const shown = value === null ? '-' : `${fixed(value, unit === '×' ? 2 : 1)} ${unit}`;
  return [name, shown, `${most} ${unit}`, result];
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
