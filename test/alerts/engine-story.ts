/**
 * A random history of an engine: conditions that come and go, looks, facts, silences, rules that are switched, channels that
 * fail in several ways, crashes before and after a commit. What each channel was sent is checked against what must hold.
 */
import fc from 'fast-check';
import { expect } from 'vitest';
import { alertOverview } from '../../src/alerts/alert-overview.ts';
import { Alerting } from '../../src/alerts/alerting.ts';
import type { AlertKey, AlertMessage, AlertStatus, Findings } from '../../src/alerts/alert.ts';
import { ChannelError, type Channel } from '../../src/alerts/channel.ts';
import { alertFingerprint } from '../../src/alerts/fingerprint.ts';
import { ruleDefault, type RuleWord } from '../../src/alerts/rule-words.ts';
import { endSilence, silenceRule } from '../../src/alerts/silence-table.ts';
import { createManualClock, nextTurn, type ManualClock } from '../../src/clock.ts';
import { storeModules } from '../../src/app/store-operations.ts';
import type { Operation } from '../../src/store/operation.ts';
import type { Store } from '../../src/store/store.ts';
import type { Ms } from '../../src/units.ts';
import { createMemoryStore, type MemoryStore } from '../ledger/memory-store.ts';
import { compose, DAY_MS, finding, HOUR_MS, key, MINUTE_MS, NOON, settings } from './engine-making.ts';

const CONDITIONS: readonly AlertKey[] = [
  key('tasks_stuck'),
  key('tasks_stuck', 'b'),
  key('disk_low'),
  key('failure_rate'),
  key('upstream_down'),
];
const LOOKED_AT: readonly RuleWord[] = ['tasks_stuck', 'disk_low', 'failure_rate', 'upstream_down'];
const CHANNELS = ['each', 'chat'] as const;

const anyRule = fc.constantFrom(...LOOKED_AT);
const anyStep = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({ kind: fc.constant('turn' as const), of: fc.nat(CONDITIONS.length - 1) }),
  },
  { weight: 8, arbitrary: fc.record({ kind: fc.constant('look' as const) }) },
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant('pass' as const),
      ms: fc.constantFrom(1_000, 10_000, 29_000, 31_000, 5 * MINUTE_MS, HOUR_MS, 4 * HOUR_MS, 7 * HOUR_MS),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('fact' as const),
      day: fc.nat(2),
      of: fc.constantFrom('threshold' as const, 'used-up' as const, 'room' as const),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('silence' as const),
      rule: anyRule,
      ms: fc.constantFrom(MINUTE_MS, 3 * HOUR_MS, 9 * HOUR_MS),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('end-silence' as const), rule: anyRule }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('switch' as const), rule: anyRule }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('channel' as const),
      name: fc.constantFrom(...CHANNELS),
      state: fc.constantFrom('up' as const, 'down' as const, 'busy' as const, 'answers are lost' as const),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('crash' as const),
      writes: fc.nat(6),
      isCommitted: fc.boolean(),
    }),
  },
);
export const anyHistory = fc.array(anyStep, { maxLength: 80, size: 'max' });
type Step = typeof anyStep extends fc.Arbitrary<infer S> ? S : never;
type ChannelState = 'up' | 'down' | 'busy' | 'answers are lost';

/** What one channel received, without what came twice. */
interface Received {
  state: ChannelState;
  downSince: Ms;
  /** By id, as text: a message that comes again is the same. */
  messages: Map<string, string>;
  inOrder: AlertMessage[];
}

class History {
  readonly memory: MemoryStore = createMemoryStore(storeModules);
  readonly clock: ManualClock = createManualClock(NOON);
  readonly received: Record<(typeof CHANNELS)[number], Received>;
  readonly truth = new Set<number>();
  readonly off = new Set<RuleWord>();
  /** When rules were switched off, and from when to when they were silenced. */
  readonly switchedOff: { rule: RuleWord; at: Ms }[] = [];
  readonly silences: { rule: RuleWord; from: Ms; until: Ms }[] = [];
  readonly usedUp = new Map<number, boolean>();
  readonly errors: string[] = [];
  #alerting: Alerting;
  #dieIn: { writes: number; isCommitted: boolean } | null = null;
  #facts = 0;

  constructor() {
    const make = (): Received => ({ state: 'up', downSince: 0, messages: new Map(), inOrder: [] });
    this.received = { each: make(), chat: make() };
    this.#alerting = this.#start();
  }

  async run(steps: readonly Step[]): Promise<void> {
    for (const step of steps) await this.#step(step);
    for (const name of CHANNELS) this.received[name].state = 'up';
    this.#dieIn = null;
    await this.#look();
    await this.#pass(DAY_MS / 2);
    await this.#pass(MINUTE_MS);
  }

  async close(): Promise<void> {
    await this.#alerting.stop();
    this.memory.close();
  }

  async #step(step: Step): Promise<void> {
    switch (step.kind) {
      case 'turn':
        if (!this.truth.delete(step.of)) this.truth.add(step.of);
        return;
      case 'look':
        return this.#look();
      case 'pass':
        return this.#pass(step.ms);
      case 'fact':
        return this.#fact(step);
      case 'silence':
        return this.#silence(step.rule, step.ms);
      case 'end-silence':
        return this.#endSilence(step.rule);
      case 'switch':
        if (!this.off.delete(step.rule)) {
          this.off.add(step.rule);
          this.switchedOff.push({ rule: step.rule, at: this.clock.now() });
        }
        return;
      case 'channel':
        this.#channelIs(step.name, step.state);
        return;
      case 'crash':
        this.#dieIn = { ...step };
    }
  }

  #channelIs(name: (typeof CHANNELS)[number], state: ChannelState): void {
    const channel = this.received[name];
    if (channel.state === 'up') channel.downSince = this.clock.now();
    channel.state = state;
  }

  /** No channel is away for longer than messages are tried. */
  async #pass(ms: Ms): Promise<void> {
    for (const name of CHANNELS) {
      const channel = this.received[name];
      if (this.clock.now() + ms - channel.downSince > DAY_MS / 2) channel.state = 'up';
    }
    // Senders know by now what is due.
    for (let i = 0; i < 3; i += 1) await nextTurn();
    await this.clock.advance(ms);
  }

  async #look(): Promise<void> {
    const found = CONDITIONS.filter((_, i) => this.truth.has(i)).map((of) => ({
      ...finding(of.rule),
      ...of,
    }));
    await this.#take({ complete: LOOKED_AT, found, over: [] }, null);
  }

  async #fact({ day, of }: { day: number; of: 'threshold' | 'used-up' | 'room' }): Promise<void> {
    this.#facts += 1;
    const period = `day-${day}`;
    const usedUp = key('budget_used_up', 'a', period);
    const begins = of === 'threshold' ? key('budget_threshold', 'a', period) : usedUp;
    if (of !== 'threshold') this.usedUp.set(day, of === 'used-up');
    const found = of === 'room' ? [] : [{ ...finding(begins.rule), ...begins }];
    const findings = { complete: [], found, over: of === 'room' ? [usedUp] : [] };
    await this.#take(findings, this.#facts);
    // The outbox hands some facts over again.
    if (this.#facts % 3 === 0) await this.#take(findings, this.#facts);
  }

  /** As receivers and looks do: what was not taken is handed over again. */
  async #take(findings: Findings, factId: number | null): Promise<void> {
    for (let i = 0; i < 3; i += 1) {
      try {
        await this.#alerting.take(findings, factId);
        return;
      } catch {
        // The process is gone; another one is up.
      }
    }
    throw new Error('never taken');
  }

  async #silence(rule: RuleWord, ms: Ms): Promise<void> {
    await this.#endSilence(rule);
    const at = this.clock.now();
    this.silences.push({ rule, from: at, until: at + ms });
    await this.memory.run(silenceRule, { rule, until: at + ms, reason: 'r', actor: 'a', at });
  }

  async #endSilence(rule: RuleWord): Promise<void> {
    const at = this.clock.now();
    for (const silence of this.silences) {
      if (silence.rule === rule) silence.until = Math.min(silence.until, at);
    }
    await this.memory.run(endSilence, { rule, reason: 'r', actor: 'a', at });
  }

  settings() {
    const off = Object.fromEntries([...this.off].map((rule) => [rule, { isOn: false }]));
    return settings(CHANNELS, off);
  }

  #start(): Alerting {
    const process = { isDead: false };
    const run = async <A, R>(operation: Operation<A, R>, args: A): Promise<R> => {
      if (process.isDead) throw new Error('the process is gone');
      const death = operation.access === 'write' ? this.#countDown() : null;
      if (death && !death.isCommitted) return this.#die(process);
      const result = await this.memory.run(operation, args);
      return death ? this.#die(process) : result;
    };
    const alerting = new Alerting({
      store: { read: run, write: run } satisfies Pick<Store, 'read' | 'write'>,
      clock: this.clock,
      channels: () => CHANNELS.map((name) => this.#channel(name, process)),
      settings: () => this.settings(),
      compose,
      onError: (message) => void (process.isDead || this.errors.push(message)),
      onResult: () => undefined,
      random: () => 0.5,
    });
    return alerting;
  }

  #countDown(): { isCommitted: boolean } | null {
    if (!this.#dieIn) return null;
    this.#dieIn.writes -= 1;
    if (this.#dieIn.writes >= 0) return null;
    const death = this.#dieIn;
    this.#dieIn = null;
    return death;
  }

  #die(process: { isDead: boolean }): never {
    process.isDead = true;
    void this.#alerting.stop();
    this.#alerting = this.#start();
    this.#alerting.wake();
    throw new Error('the process is gone');
  }

  #channel(name: (typeof CHANNELS)[number], process: { isDead: boolean }): Channel {
    const received = this.received[name];
    return {
      name,
      type: 'stdout',
      paceMs: 1_000,
      takesEach: name === 'each',
      async send(message) {
        if (process.isDead) throw new ChannelError('the process is gone');
        if (received.state === 'down') throw new ChannelError('answered 503');
        if (received.state === 'busy')
          throw new ChannelError('answered 429', { retryAfterMs: 40 * MINUTE_MS });
        const known = received.messages.get(message.id);
        const text = JSON.stringify(message);
        if (known === undefined) {
          received.messages.set(message.id, text);
          received.inOrder.push(message);
        } else expect(text).toBe(known);
        if (received.state === 'answers are lost') throw new ChannelError('the connection was reset');
        return {};
      },
      close: () => Promise.resolve(),
    };
  }
}

interface Told {
  channel: string;
  fingerprint: string;
  rule: RuleWord;
  status: AlertStatus;
  startedAt: Ms;
  at: Ms;
}

/** Runs a history and checks what every channel was sent of it. */
export async function checkHistory(steps: readonly Step[]): Promise<void> {
  const history = new History();
  try {
    await history.run(steps);
    expect(history.errors).toEqual([]);
    const delivered = deliveredOf(history);
    // A program that takes each alert received just what the store says.
    const received = history.received.each.inOrder.flatMap(({ alerts }) => alerts);
    const each = delivered.filter(({ channel }) => channel === 'each');
    expect(received.map(({ fingerprint, status, at }) => [fingerprint, status, at])).toEqual(
      each.map(({ fingerprint, status, at }) => [fingerprint, status, at]),
    );
    const counted = history.received.chat.inOrder.reduce(
      (sum, { alerts, more }) => sum + alerts.length + more,
      0,
    );
    expect(counted).toBe(delivered.length - each.length);
    for (const story of Map.groupBy(delivered, (told) => `${told.channel} ${told.fingerprint}`).values()) {
      checkStory(history, story);
    }
    await checkEnd(history, delivered);
  } finally {
    await history.close();
  }
}

/** What was delivered, by channel, in the order of messages and of events in each. */
function deliveredOf({ memory }: History): Told[] {
  return memory.db
    .prepare<[], Told>(
      `SELECT d.channel, a.fingerprint, a.rule, d.status, a.started_at AS startedAt, e.at FROM alert_deliveries d
       JOIN alert_events e ON e.id = d.event_id JOIN alerts a ON a.id = d.alert_id
       JOIN alert_messages m ON m.id = d.message_id
       WHERE d.state = 'delivered' ORDER BY d.channel, m.created_at, m.id, d.event_id`,
    )
    .all();
}

/** Beginning, repeats, end, and again; no repeat too early, nothing that a silence forbids, and periods once. */
function checkStory({ switchedOff, silences }: History, story: readonly Told[]): void {
  let last: Told | null = null;
  for (const told of story) {
    const { rule, status, at, startedAt } = told;
    const wasOff =
      last && switchedOff.some((off) => off.rule === rule && off.at >= (last?.at ?? 0) && off.at <= at);
    const isOpen: boolean = last !== null && last.status !== 'resolved' && !(wasOff && status === 'firing');
    expect(status === 'firing' ? !isOpen : isOpen, JSON.stringify(story)).toBe(true);
    if (last && isOpen) expect(startedAt).toBe(last.startedAt);
    if (status === 'repeat') expect(at - (last?.at ?? 0)).toBeGreaterThanOrEqual(4 * HOUR_MS);
    if (status !== 'resolved') {
      const isSilent = silences.some((each) => each.rule === rule && each.from < at && at < each.until);
      expect(isSilent).toBe(false);
    }
    last = told;
  }
  const [first] = story;
  const firings = story.filter(({ status }) => status === 'firing').length;
  if (first && ruleDefault(first.rule).kind !== 'condition') {
    expect(firings).toBeLessThanOrEqual(1);
    expect(story.filter(({ status }) => status === 'repeat')).toEqual([]);
  }
}

/** Nothing waits; what is open is known, what is over is known to be over, and no notice or period is missing. */
async function checkEnd(history: History, delivered: readonly Told[]): Promise<void> {
  const { firing, channels } = await history.memory.run(alertOverview, {
    at: history.clock.now(),
    limit: 1_000,
  });
  for (const { waiting, undelivered } of channels) expect([waiting, undelivered]).toEqual([0, 0]);
  for (const name of CHANNELS) {
    const lastOf = (fingerprint: string) =>
      delivered.findLast((told) => told.channel === name && told.fingerprint === fingerprint)?.status;
    for (const [i, of] of CONDITIONS.entries()) {
      const open = firing.find(({ fingerprint }) => fingerprint === alertFingerprint(of));
      expect(open !== undefined, `${of.rule} is open`).toBe(
        history.truth.has(i) && !history.off.has(of.rule),
      );
      const last = lastOf(alertFingerprint(of));
      if (open && open.keptBack === null) expect(last).toMatch(/firing|repeat/);
      const wasOff = history.switchedOff.some(({ rule }) => rule === of.rule);
      if (!open && last !== undefined && !wasOff) expect(last).toBe('resolved');
    }
    for (const [day, isUsedUp] of history.usedUp) {
      const last = lastOf(alertFingerprint(key('budget_used_up', 'a', `day-${day}`)));
      if (!isUsedUp && last !== undefined) expect(last).toBe('resolved');
    }
  }
}
