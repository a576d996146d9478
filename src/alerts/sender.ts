/**
 * The sender of one channel: sends its messages one after the other.
 *
 * A message is tried for a day until the receiver takes it; meanwhile the channel's other events wait, and become one message
 * afterwards. A final error ends the tries at once. Without success the message is `undelivered`, and the next one follows.
 *
 * **Invariant**: at least once, in order. A message is marked after the receiver took it; if the process ended in between,
 * it is sent again with the same id. A sender does not wait for other senders and never throws into a caller.
 */
import { within, type Clock } from '../clock.ts';
import { Repeating } from '../repeating.ts';
import type { Store } from '../store/store.ts';
import type { Ms } from '../units.ts';
import type { AlertEvent, AlertMessage } from './alert.ts';
import { GIVE_UP_MS, retryWait } from './back-off.ts';
import { ChannelError, type Channel, type References } from './channel.ts';
import {
  nextMessage,
  noteDelivered,
  noteFailed,
  type NextMessage,
  type OpenMessage,
} from './message-table.ts';
import type { RuleWord } from './rule-words.ts';
import type { AlertSettings } from './settings.ts';

/** The result of an event on a channel: `failed` is tried again, `undelivered` is not, `kept_back` was never to be sent. */
export type AlertResult = 'delivered' | 'failed' | 'undelivered' | 'kept_back';

export interface SenderDeps {
  store: Pick<Store, 'read' | 'write'>;
  clock: Clock;
  settings: () => AlertSettings;
  /** Writes a message of events in the given order; `more` is the number of further ones. */
  compose: (
    events: readonly AlertEvent[],
    at: Ms,
    settings: AlertSettings,
    more: number,
  ) => Omit<AlertMessage, 'id'>;
  onError: (message: string, error: unknown) => void;
  /** Called for each event of a message and each attempt. */
  onResult: (rule: RuleWord, channel: string, result: AlertResult) => void;
  /** From 0 to below 1; spreads the retries. Default `Math.random`. */
  random?: () => number;
}

/** The most events that a message writes out; a digest counts the others. */
const DIGEST_WORDS_MAX = 10;
/** The most events of one message to a program that takes each. */
const EVENTS_MAX = 100;
/** The longest that an attempt may take; channels have shorter limits of their own. */
const SEND_MS_MAX: Ms = 60_000;
/** The wait after the store failed. */
const STORE_RETRY_MS: Ms = 5_000;
const ERROR_CHARS_MAX = 300;

export class Sender {
  readonly #name: string;
  readonly #channel: () => Channel | undefined;
  readonly #deps: SenderDeps;
  readonly #passes: Repeating;

  constructor(name: string, channel: () => Channel | undefined, deps: SenderDeps) {
    this.#name = name;
    this.#channel = channel;
    this.#deps = deps;
    this.#passes = new Repeating({
      clock: deps.clock,
      pass: () => this.#sendDue(),
      onError: (error) => deps.onError(`alerts for the channel ${name} could not be read or marked`, error),
      errorWaitMs: STORE_RETRY_MS,
    });
  }

  /** Sends due messages in the background; a call meanwhile causes one more pass afterwards. */
  wake(): void {
    this.#passes.wake();
  }

  /** Waits until nothing is being sent; events whose time has not come go on waiting. */
  settled(): Promise<void> {
    return this.#passes.settled();
  }

  /** Starts no more attempts; a running one continues and is marked, also if it ends after `limitMs`. */
  stop(limitMs?: Ms): Promise<void> {
    return this.#passes.stop(limitMs);
  }

  /** Sends one message after the other; gives the wait until the next one is due, null if none waits. */
  async #sendDue(): Promise<Ms | null> {
    while (!this.#passes.isStopped) {
      const channel = this.#channel();
      if (!channel) return null;
      const at = this.#deps.clock.now();
      const next = await this.#next(channel, at);
      if (next.message === null) return next.until === null ? null : next.until - at;
      if (this.#passes.isStopped) return null;
      await this.#attempt(channel, next.message);
    }
    return null;
  }

  #next({ takesEach = false }: Channel, at: Ms): Promise<NextMessage> {
    const { store, settings } = this.#deps;
    return store.write(nextMessage, {
      channel: this.#name,
      at,
      groupMs: settings().groupMs,
      wordsMax: takesEach ? EVENTS_MAX : DIGEST_WORDS_MAX,
      takesEach,
    });
  }

  async #attempt(channel: Channel, message: OpenMessage): Promise<void> {
    const { store, clock } = this.#deps;
    const outcome = await this.#send(channel, message);
    const at = clock.now();
    const of = { channel: this.#name, id: message.id, at };
    if (!(outcome instanceof ChannelError)) {
      const nextAt = at + channel.paceMs;
      await store.write(noteDelivered, { ...of, nextAt, references: outcome });
      this.#report(message, 'delivered');
      return;
    }
    const { message: error, nextAt, isGivenUp } = this.#afterFailure(channel, message, outcome, at);
    await store.write(noteFailed, { ...of, error, nextAt, isGivenUp });
    this.#report(message, isGivenUp ? 'undelivered' : 'failed');
  }

  /** Sends a message; gives the receiver's references, or why it was not taken. */
  async #send(channel: Channel, message: OpenMessage): Promise<References | ChannelError> {
    try {
      const worded = this.#compose(message);
      const taken = await within(this.#deps.clock, SEND_MS_MAX, channel.send(worded, message.references));
      return taken ?? new ChannelError(`no answer within ${SEND_MS_MAX / 1000} s`);
    } catch (error) {
      if (error instanceof ChannelError) return error;
      return new ChannelError(nameOf(error));
    }
  }

  #compose({ id, at, events, more }: OpenMessage): AlertMessage {
    const { compose, settings, onError } = this.#deps;
    try {
      return { ...compose(events, at, settings(), more), id };
    } catch (error) {
      onError('an alert could not be put into words', error);
      throw new ChannelError('the alert could not be put into words', { isFinal: true });
    }
  }

  #afterFailure(
    { paceMs }: Channel,
    { at: madeAt, attempts }: OpenMessage,
    error: ChannelError,
    at: Ms,
  ): { message: string; nextAt: Ms; isGivenUp: boolean } {
    const { random = Math.random } = this.#deps;
    const message = error.message.slice(0, ERROR_CHARS_MAX);
    const lastAt = madeAt + GIVE_UP_MS;
    const askedMs = Math.min(error.retryAfterMs ?? 0, GIVE_UP_MS);
    if (error.isFinal || at >= lastAt || at + askedMs > lastAt) {
      // The next message waits as long as the receiver asked, not for the back-off of the undelivered one.
      return { message, nextAt: at + Math.max(paceMs, askedMs), isGivenUp: true };
    }
    const wait = Math.max(retryWait(attempts, random()), askedMs);
    return { message, nextAt: Math.min(at + wait, lastAt), isGivenUp: false };
  }

  #report({ rules }: OpenMessage, result: AlertResult): void {
    for (const rule of rules) this.#deps.onResult(rule, this.#name, result);
  }
}

/** Describes an error that no channel should throw, without its own message, which may hold an address or a key. */
function nameOf(error: unknown): string {
  return `an unexpected error (${error instanceof Error ? error.name : typeof error})`;
}
