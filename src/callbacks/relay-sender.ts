/**
 * Sends relayed callbacks to callers' own addresses, until they are taken.
 *
 * A message is tried ten times over three days. In order for each task: the next one waits until the one before it was taken or
 * given up. A 410 ends the relay of that create.
 *
 * **Invariant**: at least once; every attempt of a message has the same `webhook-id`. It follows no redirect, and goes only to
 * addresses that `relay-target.ts` and the guarded look-up allow. An address that hangs delays no other one for long.
 */
import type { KeyObject } from 'node:crypto';
import type { Post } from '../alerts/channels/post.ts';
import { ChannelError } from '../alerts/channel.ts';
import type { Clock } from '../clock.ts';
import { Repeating } from '../repeating.ts';
import { signatureHeaders } from '../standard-webhooks.ts';
import type { Store } from '../store/store.ts';
import {
  dueDeliveries,
  markDelivery,
  putOffDelivery,
  type DeliveryEnd,
  type DueDelivery,
} from '../tasks/relay-table.ts';
import type { RelayResultWord } from '../telemetry/callback-events.ts';
import type { Ms } from '../units.ts';
import { relayTargetOf } from './relay-target.ts';

const MINUTE: Ms = 60_000;
const HOUR: Ms = 3_600_000;
/** The waits after each failed attempt (hazards of webhooks: the example of Standard Webhooks' specification). */
const WAITS: readonly Ms[] = [
  5_000,
  5 * MINUTE,
  30 * MINUTE,
  2 * HOUR,
  5 * HOUR,
  10 * HOUR,
  14 * HOUR,
  20 * HOUR,
  24 * HOUR,
];
/** The random part of a wait. */
const JITTER = 0.1;
const AT_ONCE = 64;
const LANES = 8;
/** Attempts at one origin at the same time. */
const ORIGIN_LANES = 2;
/** While attempts at an origin get no answer, its other messages wait so long for each failure in a row. */
const REST_MS: Ms = 5_000;
const REST_MS_MAX: Ms = 60_000;
/** The most origins that rest at the same time. */
const ORIGINS_MAX = 1_000;
const STORE_RETRY_MS: Ms = 5_000;
const GONE = 410;
const ERROR_CHARS_MAX = 200;

export interface RelaySenderDeps {
  store: Pick<Store, 'read' | 'write'>;
  clock: Clock;
  post: Post;
  /** Signs with each of them; none: only id and time are sent. */
  keys: () => readonly KeyObject[];
  relayTo: readonly string[];
  /** From 0 to below 1. */
  random: () => number;
  onResult: (relay: {
    holdId: string;
    host: string;
    result: RelayResultWord;
    attempts: number;
    error: string | null;
  }) => void;
  onError: (message: string, error: unknown) => void;
}

/** Gives the wait after so many failed attempts; null after the last one. */
export function relayWait(
  failures: number,
  { askedMs, random }: { askedMs: Ms | null; random: number },
): Ms | null {
  const usual = WAITS[failures - 1];
  if (usual === undefined) return null;
  return Math.max(Math.round(usual * (1 - JITTER + 2 * JITTER * random)), askedMs ?? 0);
}

export class RelaySender {
  readonly #deps: RelaySenderDeps;
  readonly #passes: Repeating;
  /** Origins that gave no answer: how often in a row, and until when nothing is sent there. */
  readonly #resting = new Map<string, { failures: number; untilTick: Ms }>();

  constructor(deps: RelaySenderDeps) {
    this.#deps = deps;
    this.#passes = new Repeating({
      clock: deps.clock,
      pass: () => this.#pass(),
      onError: (error) => deps.onError('relayed callbacks could not be read or marked', error),
      errorWaitMs: STORE_RETRY_MS,
    });
  }

  wake(): void {
    this.#passes.wake();
  }

  stop(): Promise<void> {
    return this.#passes.stop();
  }

  async #pass(): Promise<Ms | null> {
    const { store, clock } = this.#deps;
    const at = clock.now();
    const { due, nextAt } = await store.read(dueDeliveries, { at, limit: AT_ONCE });
    await this.#sendAll(due);
    if (due.length > 0) return 0;
    return nextAt === null ? null : Math.max(0, nextAt - clock.now());
  }

  /** Sends some, a few at a time, and few to one origin. */
  async #sendAll(due: readonly DueDelivery[]): Promise<void> {
    const byOrigin = Map.groupBy(due, ({ url }) => originOf(url));
    const queues = [...byOrigin].flatMap(([origin, all]) =>
      Array.from({ length: Math.min(ORIGIN_LANES, all.length) }, (_, lane) => ({
        origin,
        deliveries: all.filter((__, i) => i % ORIGIN_LANES === lane),
      })),
    );
    const waiting = queues.values();
    const lane = async (): Promise<void> => {
      for (const { origin, deliveries } of waiting)
        for (const delivery of deliveries) if (!this.#passes.isStopped) await this.#send(delivery, origin);
    };
    await Promise.all(Array.from({ length: LANES }, lane));
  }

  async #send(delivery: DueDelivery, origin: string): Promise<void> {
    const { store, clock, onResult, random } = this.#deps;
    const { holdId, rank } = delivery;
    const resting = this.#resting.get(origin);
    if (resting && clock.monotonic() < resting.untilTick) {
      // Not an attempt: only put off.
      await store.write(putOffDelivery, {
        holdId,
        rank,
        nextAt: clock.now() + resting.untilTick - clock.monotonic(),
      });
      return;
    }
    const attempts = delivery.attempts + 1;
    const failure = await this.#attempt(delivery, origin);
    const at = clock.now();
    let end: DeliveryEnd = { kind: 'delivered' };
    if (failure) {
      const error = failure.error.slice(0, ERROR_CHARS_MAX);
      const waitMs = relayWait(attempts, { askedMs: failure.askedMs, random: random() });
      if (failure.isGone) end = { kind: 'gone', error };
      else if (waitMs === null) end = { kind: 'undelivered', error };
      else end = { kind: 'failed', nextAt: at + waitMs, error };
    }
    await store.write(markDelivery, { holdId, rank, at, end });
    const result = end.kind === 'gone' ? 'undelivered' : end.kind;
    onResult({ holdId, host: origin, result, attempts, error: end.kind === 'delivered' ? null : end.error });
  }

  async #attempt({ url, id, body }: DueDelivery, origin: string): Promise<Failure | null> {
    const { post, clock, keys, relayTo } = this.#deps;
    const target = relayTargetOf(url, relayTo);
    if (typeof target === 'string')
      return { error: `the address is not called: ${target}`, askedMs: null, isGone: false };
    const signed = signatureHeaders(keys(), { id, at: clock.now(), body });
    const { 'webhook-signature': signature, ...unsigned } = signed;
    let status: number | null = null;
    try {
      const answer = await post({
        url,
        target,
        body,
        headers: signature === '' ? unsigned : signed,
        receiver: 'the address of the callback',
        explain: (got) => {
          status = got.status;
          return null;
        },
      });
      this.#noteAnswer(origin, answer.status);
      return null;
    } catch (error) {
      this.#noteAnswer(origin, status);
      const isKnown = error instanceof ChannelError;
      return {
        error: isKnown ? error.message : 'the attempt failed',
        askedMs: isKnown ? error.retryAfterMs : null,
        isGone: status === GONE,
      };
    }
  }

  /** An origin that answers, with any status, is tried on. */
  #noteAnswer(origin: string, status: number | null): void {
    if (status !== null) {
      this.#resting.delete(origin);
      return;
    }
    if (this.#resting.size >= ORIGINS_MAX) this.#resting.clear();
    const failures = (this.#resting.get(origin)?.failures ?? 0) + 1;
    const untilTick = this.#deps.clock.monotonic() + Math.min(REST_MS * failures, REST_MS_MAX);
    this.#resting.set(origin, { failures, untilTick });
  }
}

interface Failure {
  error: string;
  /** The wait that the receiver asked for. */
  askedMs: Ms | null;
  isGone: boolean;
}

function originOf(url: string): string {
  return URL.canParse(url) ? new URL(url).origin : '';
}
