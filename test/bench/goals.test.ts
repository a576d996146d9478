import { describe, expect, it } from 'vitest';
import { peerFigures } from '../../bench/figures.ts';
import { judge, type Findings, type Goal } from '../../bench/goals.ts';
import { lowestQuarter, type LargeCreate } from '../../bench/large-create.ts';
import type { Connections, Point, Turn } from '../../bench/measure.ts';
import type { PeerName } from '../../bench/peer.ts';

const point = (connections: Connections, over: Partial<Point>): Point => ({
  work: 'creates',
  connections,
  requests: 1000,
  durationUs: 1_000_000,
  badStatuses: 0,
  socketErrors: 0,
  p50Us: 1000,
  p99Us: 2000,
  requestsPerSecond: 1000,
  cpuUsPerRequest: 100,
  ...over,
});

/** One round of a peer: CPU of a create, and what it takes at one connection. */
const turn = (cpuUsPerRequest: number | null, p50Us: number): Turn => ({
  points: [point(32, { cpuUsPerRequest }), point(16, {}), point(1, { p50Us })],
  readyMs: null,
  memory: null,
  idle: null,
});

const directTurns = [turn(null, 100), turn(null, 110)];
const peer = (name: PeerName, turns: Turn[]) => peerFigures({ name, does: '', turns, directTurns });

function findings(over: Partial<Findings> = {}): Findings {
  return {
    peers: [],
    readyMs: null,
    largeCreates: [],
    idle: null,
    beside: null,
    scrape: null,
    pagesCost: null,
    bigStore: null,
    ...over,
  };
}

const large = (name: PeerName, eventLoopMs: number): LargeCreate => ({
  name,
  bodyBytes: 10,
  answerMs: 50,
  eventLoopMs,
  eventLoopMsMedian: eventLoopMs,
  longestBlockMs: 5,
  quietBlockMs: 1,
  memoryGrowth: 1.9,
});

const found = (goals: Goal[], name: string): Goal | undefined => goals.find((goal) => goal.name === name);

describe('the goals of a benchmark', () => {
  it('holds ratios of medians against goal and stretch', () => {
    const caddy = peer('caddy', [turn(100, 200), turn(120, 200)]);
    const reached = judge(
      findings({ peers: [caddy, peer('sidecar', [turn(150, 400), turn(180, 400)])] }),
      false,
    );
    expect(found(reached, 'create, CPU / caddy')).toMatchObject({ value: 1.5, result: 'PASS' });
    const stretched = judge(findings({ peers: [caddy, peer('sidecar', [turn(110, 400)])] }), false);
    expect(found(stretched, 'create, CPU / caddy')).toMatchObject({ result: 'STRETCH' });
    const missed = judge(findings({ peers: [caddy, peer('sidecar', [turn(300, 400)])] }), false);
    expect(found(missed, 'create, CPU / caddy')).toMatchObject({ result: 'MISS' });
  });

  it('holds requests a second against the least and everything else against the most', () => {
    const goals = judge(findings({ peers: [peer('sidecar', [turn(100, 400)])] }), false);
    expect(found(goals, 'creates/s at 32')).toMatchObject({ value: 1000, goal: 5000, result: 'MISS' });
    expect(found(goals, 'create, p99 at 32')).toMatchObject({ value: 2, result: 'PASS' });
  });

  it('passes nothing on a busy machine, and misses nothing', () => {
    const goals = judge(findings({ readyMs: 100 }), true);
    expect(found(goals, 'ready')).toMatchObject({ measured: 100, result: 'not measured (busy)' });
    expect(goals.some(({ result }) => result === 'PASS' || result === 'MISS')).toBe(false);
  });

  it('calls a difference below 0 noise, and what has no figure not measured', () => {
    const goals = judge(findings({ largeCreates: [large('bare', 20), large('sidecar', 18)] }), false);
    expect(found(goals, '10 MiB create: event loop - bare')).toMatchObject({ value: -2, result: 'noise' });
    expect(found(goals, 'ready')).toMatchObject({ value: null, result: 'not measured' });
  });

  it('calls it noise where the floor added nothing to the direct path', () => {
    const peers = [peer('floor', [turn(100, 90)]), peer('sidecar', [turn(100, 400)])];
    expect(found(judge(findings({ peers }), false), 'create, added p50 at 1 / floor')).toMatchObject({
      result: 'noise',
    });
  });

  it('takes the quarter of the large creates that cost least', () => {
    expect(lowestQuarter([9, 1, 50, 3, 8, 70, 7, 60])).toBe(2);
    expect(lowestQuarter([5])).toBe(5);
  });
});
