/**
 * Alerting: takes the rules' findings and sends them by the channels.
 *
 * Findings are written first (`alert-table.ts`); each channel has a sender of its own (`sender.ts`) that sends its waiting
 * events. Events that were not sent at the end of the process wait in the store for the next start.
 *
 * **Invariant**: a slow or missing channel delays no other channel, no finding and no request.
 */
import { within } from '../clock.ts';
import { newId } from '../ids.ts';
import type { Ms } from '../units.ts';
import type { AlertEvent, Findings } from './alert.ts';
import { takeFindings, type FindingsTaken } from './alert-table.ts';
import { ChannelError, type Channel } from './channel.ts';
import { noteTest, useChannels } from './channel-table.ts';
import { alertFingerprint } from './fingerprint.ts';
import { Sender, type SenderDeps } from './sender.ts';

export interface AlertingDeps extends SenderDeps {
  /** The configured channels; a reload may change them. */
  channels: () => readonly Channel[];
  /** Called after alerts began or ended, sent or not. */
  onChange?: (change: Pick<FindingsTaken, 'began' | 'ended'>) => void;
}

export interface TestResult {
  channel: string;
  ok: boolean;
  /** Why the receiver did not take it; null if it did. */
  error: string | null;
}

/** The longest time that a stop waits for running attempts. */
const STOP_MS_MAX: Ms = 5_000;
/** The longest time that a test waits for the receiver's answer. */
const TEST_MS_MAX: Ms = 60_000;

export class Alerting {
  readonly #deps: AlertingDeps;
  readonly #senders = new Map<string, Sender>();
  #isStopped = false;
  #following: Promise<void> = Promise.resolve();

  constructor(deps: AlertingDeps) {
    this.#deps = deps;
  }

  /**
   * Takes findings; the promise resolves once they are durable, and does not wait for channels.
   *
   * @param factId the fact of the outbox with these findings: a fact that was taken before changes nothing.
   * @throws SidecarError like a store's `write`.
   */
  async take(findings: Findings, factId: number | null = null): Promise<void> {
    const { store, clock, settings, onResult, onChange } = this.#deps;
    const args = { at: clock.now(), findings, settings: settings(), factId };
    const { channels, keptBack, began, ended } = await store.write(takeFindings, args);
    if (began.length + ended.length > 0) onChange?.({ began, ended });
    for (const { rule, channel } of keptBack) onResult(rule, channel, 'kept_back');
    for (const name of channels) this.#senderOf(name).wake();
  }

  /** Sends waiting events in the background. Call it at the start, and after the config changed. */
  wake(): void {
    if (this.#isStopped) return;
    this.#following = this.#following.then(() => this.#followConfig());
    for (const { name } of this.#deps.channels()) this.#senderOf(name).wake();
  }

  /** Drops the waiting events of removed channels. */
  async #followConfig(): Promise<void> {
    const { store, clock, settings, onError } = this.#deps;
    try {
      await store.write(useChannels, { channels: settings().channels, at: clock.now() });
    } catch (error) {
      onError('the channels of alerts could not be noted', error);
    }
  }

  /**
   * Sends a test message at once, without regard to groups, silences and waiting events; each channel in parallel.
   *
   * @param name a channel's name; null for all. An unknown name gives an empty list.
   */
  async test(name: string | null): Promise<TestResult[]> {
    const channels = this.#deps.channels().filter((channel) => name === null || channel.name === name);
    return Promise.all(channels.map((channel) => this.#testOne(channel)));
  }

  async #testOne(channel: Channel): Promise<TestResult> {
    const { store, clock, onError, onResult } = this.#deps;
    const error = await this.#sendTest(channel);
    onResult('channel_test', channel.name, error === null ? 'delivered' : 'undelivered');
    try {
      await store.write(noteTest, { channel: channel.name, at: clock.now(), error });
    } catch (failure) {
      onError(`the test of the channel ${channel.name} could not be noted`, failure);
    }
    return { channel: channel.name, ok: error === null, error };
  }

  /** Gives why the receiver did not take the message; null if it did. */
  async #sendTest(channel: Channel): Promise<string | null> {
    const { clock, compose, settings } = this.#deps;
    const at = clock.now();
    try {
      const message = {
        ...compose([testEvent(channel.name, at)], at, settings(), 0),
        id: newId('alert', at),
      };
      const taken = await within(clock, TEST_MS_MAX, channel.send(message, {}));
      return taken ? null : `no answer within ${TEST_MS_MAX / 1000} s`;
    } catch (error) {
      if (error instanceof ChannelError) return error.message;
      return `an unexpected error (${error instanceof Error ? error.name : typeof error})`;
    }
  }

  /** Waits until nothing is being sent; events whose time has not come go on waiting. */
  async settled(): Promise<void> {
    await this.#following;
    await Promise.all([...this.#senders.values()].map((sender) => sender.settled()));
  }

  /** Starts no more attempts, and waits at most 5 s for running ones. Call it while the store is open. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    const stopping = [...this.#senders.values()].map((sender) => sender.stop(STOP_MS_MAX));
    await Promise.all([...stopping, within(this.#deps.clock, STOP_MS_MAX, this.#following)]);
  }

  #senderOf(name: string): Sender {
    const known = this.#senders.get(name);
    if (known) return known;
    const find = (): Channel | undefined => this.#deps.channels().find((channel) => channel.name === name);
    const sender = new Sender(name, find, this.#deps);
    this.#senders.set(name, sender);
    if (this.#isStopped) void sender.stop();
    return sender;
  }
}

function testEvent(channel: string, at: Ms): AlertEvent {
  const key = { rule: 'channel_test', labels: { channel }, period: null } as const;
  return {
    ...key,
    id: 0,
    fingerprint: alertFingerprint(key),
    status: 'firing',
    severity: 'info',
    values: { channel },
    startedAt: at,
    endedAt: null,
    at,
  };
}
