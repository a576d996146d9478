/**
 * From the turns of all rounds to one peer's figures.
 *
 * **Invariant**: every figure is the median over rounds; null means not measured.
 */
import type { Connections, Idle, Point, Turn, Work } from './measure.ts';
import { median } from './median.ts';
import type { PeerName } from './peer.ts';

export interface WorkFigures {
  /** Null for `direct`, which has no process. */
  cpuUsPerRequest: number | null;
  cpuUsPerRequestByRound: (number | null)[];
  requestsPerSecond: number | null;
  p99MsAt32: number | null;
  addedP50UsAt1: number | null;
  addedP99UsAt1: number | null;
  addedP50UsAt16: number | null;
  addedP99UsAt16: number | null;
}

export interface PeerFigures {
  name: PeerName;
  does: string;
  creates: WorkFigures;
  reads: WorkFigures;
  /** A request is a create or the read of its end: a life is two. */
  lives: WorkFigures;
  residentMiB: number | null;
  peakMiB: number | null;
  readyMs: number | null;
  idle: Idle | null;
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
  const { name, does, turns } = peer;
  const idles = turns.map((turn) => turn.idle);
  const openTasks = medianOf(idles.map((idle) => idle?.openTasks));
  const cpuMsPerSecond = medianOf(idles.map((idle) => idle?.cpuMsPerSecond));
  return {
    name,
    does,
    creates: workFigures(peer, 'creates'),
    reads: workFigures(peer, 'reads'),
    lives: workFigures(peer, 'lives'),
    residentMiB: medianOf(turns.map(({ memory }) => memory && memory.residentBytes / 1024 ** 2)),
    peakMiB: medianOf(turns.map(({ memory }) => memory && memory.peakBytes / 1024 ** 2)),
    readyMs: medianOf(turns.map(({ readyMs }) => readyMs)),
    idle: openTasks === null || cpuMsPerSecond === null ? null : { openTasks, cpuMsPerSecond },
  };
}

function workFigures({ turns, directTurns }: MeasuredPeer, work: Work): WorkFigures {
  const at = (turn: Turn | undefined, connections: Connections): Point | undefined =>
    turn?.points.find((each) => each.work === work && each.connections === connections);
  const added = (field: 'p50Us' | 'p99Us', connections: Connections): number | null =>
    medianOf(
      turns.map((turn, round) => {
        const direct = at(directTurns[round], connections);
        const own = at(turn, connections);
        return own === undefined || direct === undefined ? null : own[field] - direct[field];
      }),
    );
  const cpu = turns.map((turn) => at(turn, 32)?.cpuUsPerRequest ?? null);
  const p99Us = medianOf(turns.map((turn) => at(turn, 32)?.p99Us));
  return {
    cpuUsPerRequest: medianOf(cpu),
    cpuUsPerRequestByRound: cpu,
    requestsPerSecond: medianOf(turns.map((turn) => at(turn, 32)?.requestsPerSecond)),
    p99MsAt32: p99Us === null ? null : p99Us / 1e3,
    addedP50UsAt1: added('p50Us', 1),
    addedP99UsAt1: added('p99Us', 1),
    addedP50UsAt16: added('p50Us', 16),
    addedP99UsAt16: added('p99Us', 16),
  };
}

function medianOf(values: readonly (number | null | undefined)[]): number | null {
  const known = values.filter((value) => value !== null && value !== undefined);
  return known.length === 0 ? null : median(known);
}
