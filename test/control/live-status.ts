/** The state of a running process, for tests of the control plane that run none. */
import type { LiveStatus } from '../../src/control/commands.ts';

/** The instant of these tests. */
export const START = Date.UTC(2026, 10, 21, 10, 0, 0);

export const LIVE_STATUS: LiveStatus = {
  version: '9.9.9',
  mode: 'protect',
  environment: 'test',
  upstream: 'https://api.test',
  account: 'account-test',
  uptimeSeconds: 12,
  pid: 4321,
  pools: [
    {
      name: 'video',
      inUse: 1,
      elsewhere: 0,
      limit: 5,
      source: 'pack',
      queued: 2,
      pausedUntil: START + 60_000,
    },
  ],
  breaker: {
    isOpen: true,
    failures: 6,
    since: START - 60_000,
    cause: 'HTTP 503',
    nextProbeAt: START + 30_000,
  },
  stops: [
    {
      code: 1102,
      message: 'Account balance not enough',
      product: 'image',
      operation: null,
      model: null,
      since: START - 10_000,
      nextProbeAt: null,
    },
  ],
  metricsReadAt: null,
  callbacks: { publicUrl: 'https://callbacks.example.com' },
  results: { keep: true, place: 'folder', where: '/x/results' },
  clockOffsetMs: -3.5,
  kling: {
    credentials: 'accepted',
    refusal: null,
    unreachable: null,
    lastAnswer: { at: START - 1_500, status: 200, code: 0 },
  },
  store: { path: '/x/sidecar.db', bytes: 4096 },
};
