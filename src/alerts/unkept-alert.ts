/**
 * The only alert that the store cannot keep: the store takes no writes. It goes to the channels without the store.
 *
 * It is sent once at its beginning, again after `repeatMs` while it lasts, and once at its end to the channels that took the
 * beginning. A channel that does not take it is tried again at the next look.
 *
 * **Invariant**: it lives in memory, so a process that ends forgets it; in all other cases the store keeps alerts and the
 * senders send them.
 */
import { within } from '../clock.ts';
import type { Ms } from '../units.ts';
import type { AlertEvent, AlertStatus } from './alert.ts';
import type { Channel, References } from './channel.ts';
import { channelsOf } from './event-table.ts';
import { alertFingerprint } from './fingerprint.ts';
import type { SenderDeps } from './sender.ts';

export interface UnkeptAlertDeps extends Pick<
  SenderDeps,
  'clock' | 'settings' | 'compose' | 'onError' | 'onResult'
> {
  channels: () => readonly Channel[];
  /** Whether an operator silenced the rule; if the store cannot be read, it is not silenced. */
  isSilenced: () => Promise<boolean>;
}

/** The messages that a channel was sent of it. */
interface SentBeginning {
  at: Ms;
  references: References;
}

const KEY = { rule: 'store_trouble', labels: { trouble: 'writes' }, period: null } as const;
/** The longest that an attempt may take; channels have shorter limits of their own. */
const SEND_MS_MAX: Ms = 60_000;

export class UnkeptAlert {
  readonly #deps: UnkeptAlertDeps;
  #since: Ms | null = null;
  readonly #taken = new Map<string, SentBeginning>();

  constructor(deps: UnkeptAlertDeps) {
    this.#deps = deps;
  }

  /** Handles a look at which the store took no writes: sends the due messages. Never rejects. */
  async begin(): Promise<void> {
    const { clock, settings } = this.#deps;
    const at = clock.now();
    this.#since ??= at;
    const { repeatMs, rules } = settings();
    if (!rules.store_trouble.isOn || (await this.#isSilenced())) return;
    await this.#sendAll(({ name }) => {
      const taken = this.#taken.get(name);
      if (taken === undefined) return 'firing';
      return at - taken.at >= repeatMs ? 'repeat' : null;
    });
  }

  /** Handles a look at which the store takes writes: sends the end to the channels that took the beginning. Never rejects. */
  async end(): Promise<void> {
    if (this.#since === null) return;
    await this.#sendAll(({ name }) => (this.#taken.has(name) ? 'resolved' : null));
    this.#since = null;
    this.#taken.clear();
  }

  async #isSilenced(): Promise<boolean> {
    try {
      return await this.#deps.isSilenced();
    } catch {
      return false;
    }
  }

  async #sendAll(statusFor: (channel: Channel) => AlertStatus | null): Promise<void> {
    const { channels, settings } = this.#deps;
    const wanted = channelsOf(KEY.rule, settings());
    const sent = channels().flatMap((channel) => {
      const status = wanted.includes(channel.name) ? statusFor(channel) : null;
      return status === null ? [] : [this.#send(channel, status)];
    });
    await Promise.all(sent);
  }

  async #send(channel: Channel, status: AlertStatus): Promise<void> {
    const { clock, settings, compose, onError, onResult } = this.#deps;
    const at = clock.now();
    const event = this.#event(status, at);
    const taken = this.#taken.get(channel.name);
    const before = taken?.references ?? {};
    // The same id until it was taken: a receiver whose answer was lost recognises it.
    const id = `alert_${event.fingerprint}_${event.startedAt}_${taken?.at ?? 0}_${status}`;
    try {
      const message = { ...compose([event], at, settings(), 0), id };
      const references = await within(clock, SEND_MS_MAX, channel.send(message, before));
      if (references === undefined) throw new Error(`no answer within ${SEND_MS_MAX / 1000} s`);
      this.#taken.set(channel.name, { at, references: { ...before, ...references } });
      onResult(KEY.rule, channel.name, 'delivered');
    } catch (error) {
      onResult(KEY.rule, channel.name, status === 'resolved' ? 'undelivered' : 'failed');
      onError(`the channel ${channel.name} did not take that the store takes no writes`, error);
    }
  }

  #event(status: AlertStatus, at: Ms): AlertEvent {
    return {
      ...KEY,
      id: at,
      fingerprint: alertFingerprint(KEY),
      status,
      severity: this.#deps.settings().rules.store_trouble.severity,
      values: {},
      startedAt: this.#since ?? at,
      endedAt: status === 'resolved' ? at : null,
      at,
    };
  }
}
