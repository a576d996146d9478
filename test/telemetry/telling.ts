/** What the tests of telemetry share: one of each event, and a reader of the exposition. */
import type { CallRecord, RefusalRecord } from '../../src/calls/call.ts';
import { systemClock } from '../../src/clock.ts';
import type { CreateLabels, Fact } from '../../src/facts.ts';
import { isHeard } from '../../src/outbox/heard-facts.ts';
import { createLog } from '../../src/telemetry/log.ts';
import type { GaugeSnapshot } from '../../src/telemetry/gauges.ts';
import { createTelemetry, type Telemetry } from '../../src/telemetry/telemetry.ts';

export const LABELS: CreateLabels = {
  app: 'studio',
  operation: 'text-to-video',
  model: 'kling-v3',
  mode: 'pro',
};
export const CALL: CallRecord = {
  id: 'call_1',
  requestId: 'req_1',
  at: 1,
  app: 'studio',
  tag: null,
  method: 'POST',
  route: '/v1/videos/text2video',
  host: 'api.test:443',
  status: 200,
  code: 0,
  klingRequestId: 'k-1',
  taskId: '123',
  holdId: 'hold_1',
  attempt: 1,
  outcome: 'ok',
  errorClass: null,
  durationMs: 120,
  overheadMs: 0.8,
  bytesSent: 10,
  bytesReceived: 20,
  clockOffsetMs: 0,
  origin: 'app',
  evidence: null,
};
export const REFUSAL: RefusalRecord = {
  id: 'refusal_1',
  requestId: 'req_2',
  at: 1,
  app: 'studio',
  tag: null,
  method: 'POST',
  route: '/v1/videos/text2video',
  status: 403,
  word: 'budget_exceeded',
  message: 'over',
  credits: 12_500,
  budget: null,
  wouldOnly: false,
};

const open: Telemetry[] = [];

/** Ends every telemetry that a test made. */
export async function shutDownAll(): Promise<void> {
  for (const telemetry of open.splice(0)) await telemetry.shutdown();
}

/** Makes telemetry whose log lines can be read. */
export function make(level: 'debug' | 'info' | 'silent' = 'silent') {
  const lines: string[] = [];
  const log = createLog({ level, pretty: false, destination: { write: (text) => void lines.push(text) } });
  const telemetry = createTelemetry({
    price: () => ({ perCredit: 0.014, currency: 'USD' }),
    environment: 'staging',
    version: '1.2.3',
    knownApps: ['studio'],
    log,
    clock: systemClock,
  });
  open.push(telemetry);
  const logged = () => {
    log.flush();
    return lines
      .join('')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
  };
  return { telemetry, logged };
}

const MORE_GAUGES: GaugeSnapshot = {
  price: { perCredit: 0.014, currency: 'USD' },
  isFrozen: true,
  doubts: { count: 2, oldestSeconds: 61 },
  packs: [{ pack: 'p', remainingCredits: 100, expiresAtSeconds: 1_800_000_000, daysLeft: 2.5 }],
  sla: [{ month: 'current', reading: 'received', availability: 0.9985, usedWindows: 13.4 }],
  slaWindow: { requests: 10, errors: 1 },
  isExcludedNow: false,
  walBytes: 1024,
  isStoreWritable: true,
  storeQueues: [{ queue: 'writer', length: 4 }],
  connections: [{ lane: 'creates', inUse: 3, waiting: 1 }],
  clockOffsetMs: -1500,
  outbox: [{ receiver: 'log', waiting: 1, oldestSeconds: 9 }],
  alertsFiring: [{ rule: 'upstream_down', severity: 'page', count: 1 }],
  alertsWaiting: [{ channel: 'ops', waiting: 3, oldestSeconds: 40 }],
};

/** Feeds every event and gauge once. */
export function tellEverything(telemetry: Telemetry): void {
  telemetry.callEnded(CALL);
  telemetry.requestRefused(REFUSAL, LABELS);
  telemetry.createHeld(LABELS, 10_000);
  telemetry.callbackEnded('taken');
  telemetry.callbacksUnsigned({ holdId: 'h1', check: 'wrong', count: 1 });
  telemetry.fieldRefused('callback_url', '/v1/videos/text2video');
  telemetry.callbackRelayed({
    holdId: 'h1',
    host: 'app.test',
    result: 'delivered',
    attempts: 1,
    error: null,
  });
  const at = 1;
  const facts: Fact[] = [
    {
      kind: 'hold_resolved',
      holdId: 'h1',
      state: 'settled',
      credits: 9500,
      heldCredits: 10_000,
      basis: 'reported',
      at,
      ...LABELS,
    },
    {
      kind: 'hold_resolved',
      holdId: 'h2',
      state: 'released',
      credits: 0,
      heldCredits: 7000,
      basis: 'none',
      at,
      ...LABELS,
    },
    {
      kind: 'hold_resolved',
      holdId: 'h3',
      state: 'written_off',
      credits: 2000,
      heldCredits: 2000,
      basis: 'none',
      at,
      ...LABELS,
    },
    {
      kind: 'create_unpriced',
      holdId: 'h5',
      route: '/v2/x',
      heldCredits: 450_000,
      isUnknown: true,
      at,
      ...LABELS,
    },
    { kind: 'hold_adjusted', holdId: 'h1', byCredits: 500, at, ...LABELS },
    { kind: 'actual_above_estimate', holdId: 'h1', credits: 11_000, heldCredits: 10_000, at, ...LABELS },
    { kind: 'hold_in_doubt', holdId: 'h4', heldCredits: 1000, externalTaskId: 'ks_1', at, ...LABELS },
    { kind: 'doubt_ended', holdId: 'h4', found: true, taskId: 't', at, ...LABELS },
    {
      kind: 'budget_threshold',
      budget: 'daily',
      mode: 'enforce',
      counterId: 'daily~0.2026-11-21',
      per: null,
      perValue: '',
      windowKey: '2026-11-21',
      isPresent: true,
      resetsAt: null,
      share: 0.8,
      usedCredits: 800_000,
      limitCredits: 1_000_000,
      at,
    },
    {
      kind: 'task_changed',
      holdId: 'h1',
      taskId: 't',
      product: 'video',
      from: 'submitted',
      to: 'processing',
      createdAt: at - 5000,
      ageMs: 5000,
      klingAt: null,
      weight: 1,
      statusMessage: null,
      at,
      ...LABELS,
    },
    {
      kind: 'task_changed',
      holdId: 'h1',
      taskId: 't',
      product: 'video',
      from: 'processing',
      to: 'succeeded',
      createdAt: at - 70_000,
      ageMs: 70_000,
      klingAt: null,
      weight: 1,
      statusMessage: null,
      at,
      ...LABELS,
    },
    {
      kind: 'task_changed',
      holdId: 'h1',
      taskId: 'u',
      product: 'video',
      from: 'processing',
      to: 'failed',
      createdAt: at - 20_000,
      ageMs: 20_000,
      klingAt: null,
      weight: 1,
      statusMessage: 'Failure to pass the risk control system',
      at,
      ...LABELS,
    },
    { kind: 'spending_frozen', reason: 'r', actor: 'a', at },
    { kind: 'spending_resumed', reason: 'r', actor: 'a', at },
    { kind: 'job_ended', job: 'backup', result: 'failed', error: 'the disk is full', missed: 0, at },
    { kind: 'job_ended', job: 'backup', result: 'ok', error: null, missed: 2, at },
  ];
  telemetry.facts(facts);
  for (const fact of facts) if (isHeard(fact)) telemetry.factHeard(fact);
  telemetry.wouldRefuse('budget_exceeded', 'over');
  telemetry.createPriced('web', {
    operation: 'text-to-video',
    model: 'kling-v1',
    unpricedFields: ['shiny', 'new'],
    costFields: [],
    assumedFrom: null,
  });
  telemetry.readUnrecorded(3);
  telemetry.retried('1303');
  telemetry.throttled(1302);
  telemetry.queueWaited('video', 1500);
  telemetry.queueLeft('video', 'slot');
  telemetry.poolPaused({ pool: 'video', ms: 30_000, why: 'burst' });
  const retry = { firstHoldId: 'hold_1', number: 1 };
  telemetry.taskRetryQueued({ ...retry, taskId: '1', reason: 'internal', dueAt: 0 });
  telemetry.taskRetryMade({ ...retry, holdId: 'hold_2' });
  telemetry.taskRetryDelayed({ ...retry, why: 'budget_exceeded', dueAt: 0 });
  telemetry.taskRetriesEnded({ ...retry, why: 'succeeded' });
  telemetry.taskRetriesEnded({ ...retry, number: 0, why: 'succeeded' });
  telemetry.taskRetryNotKept();
  telemetry.tokenRefreshed('ok');
  telemetry.credentialsRefused(1002);
  telemetry.configReloaded('ok');
  telemetry.storeCommitted({ operations: 4, seconds: 0.003 });
  telemetry.storeWaited('writer', 0.002);
  telemetry.replayed('key');
  telemetry.lookedUp('absent');
  telemetry.jobRan({ name: 'retention', result: 'ok', seconds: 0.2, missed: 3 });
  const alert = {
    rule: 'upstream_down',
    severity: 'page',
    labels: {},
    title: 'Kling is down',
    since: at,
  } as const;
  telemetry.setChannels([{ name: 'ops', rules: ['upstream_down'] }]);
  telemetry.alertBegan(alert);
  telemetry.alertSent('upstream_down', 'ops', 'delivered');
  telemetry.channelFailed('ops', 'Slack answered 503');
  telemetry.channelWorks('ops');
  telemetry.alertEnded(alert);
  telemetry.gaugeSource(() =>
    Promise.resolve({
      budgets: [
        {
          budget: 'daily',
          limitCredits: 1_000_000,
          settledCredits: 250_500,
          heldCredits: 1,
          exhaustionSeconds: 7200,
        },
      ],
      tasks: [{ product: 'video', state: 'processing', count: 2 }],
      stuckTasks: [{ product: 'video', state: 'processing', count: 1 }],
      pools: [
        {
          name: 'video',
          inUse: 2,
          elsewhere: 1,
          limit: 5,
          source: 'pack',
          queued: 1,
          oldestSeconds: 2.5,
          pausedSeconds: 30,
        },
        {
          name: 'free',
          inUse: 1,
          elsewhere: 0,
          limit: null,
          source: null,
          queued: 0,
          oldestSeconds: 0,
          pausedSeconds: 0,
        },
      ],
      isBreakerOpen: true,
      stops: [{ code: 1102, count: 1 }],
      storeBytes: 4096,
      ...MORE_GAUGES,
    }),
  );
}

export interface Series {
  name: string;
  labels: Record<string, string>;
  value: number;
}

/** Reads the Prometheus text format, strictly. */
export function parse(text: string): { types: Map<string, string>; series: Series[] } {
  const types = new Map<string, string>();
  const series: Series[] = [];
  for (const line of text.trimEnd().split('\n')) {
    const type = /^# TYPE (\S+) (\S+)$/.exec(line);
    if (type) types.set(type[1] ?? '', type[2] ?? '');
    if (line === '' || line.startsWith('#')) continue;
    const match = /^([a-z_]+)(?:\{(.*)\})? (\S+)$/.exec(line);
    if (!match) throw new Error(`not a sample: ${line}`);
    const labels: Record<string, string> = {};
    for (const [, name = '', value = ''] of (match[2] ?? '').matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g))
      labels[name] = value;
    series.push({ name: match[1] ?? '', labels, value: Number(match[3]) });
  }
  return { types, series };
}
