/**
 * The channels of the running app: opened from the config and the secrets, opened anew where a reload changed them.
 *
 * **Invariant**: nothing connects before the first message; a channel that was replaced is closed once what it sends is over.
 */
import { isDeepStrictEqual } from 'node:util';
import type { AlertsConfig } from '../alerts/alerts-config.ts';
import { ChannelError, type Channel } from '../alerts/channel.ts';
import { openChannels } from '../alerts/channels/open-channels.ts';
import { openPost, type OpenPost } from '../alerts/channels/post-undici.ts';
import type { Clock } from '../clock.ts';
import { isSameSecrets, type ChannelSecrets } from '../config/channel-secrets.ts';
import type { Telemetry } from '../telemetry/telemetry.ts';

export interface ChannelSource {
  alerts: AlertsConfig;
  secrets: ChannelSecrets;
}

export class AppChannels {
  readonly #clock: Clock;
  readonly #telemetry: Pick<Telemetry, 'channelFailed' | 'channelWorks'>;
  readonly #post: OpenPost;
  readonly #failing = new Set<string>();
  #source: ChannelSource | null = null;
  #open: readonly Channel[] = [];

  constructor(deps: { clock: Clock; telemetry: Pick<Telemetry, 'channelFailed' | 'channelWorks'> }) {
    this.#clock = deps.clock;
    this.#telemetry = deps.telemetry;
    this.#post = openPost({ clock: deps.clock });
  }

  /** Those of the config that was used last. */
  get open(): readonly Channel[] {
    return this.#open;
  }

  /**
   * Opens what the config names; gives the channels that were replaced, for the caller to close.
   * @throws SidecarError `secret_invalid`: then the channels stay as they are.
   */
  use(source: ChannelSource): readonly Channel[] {
    if (this.#source && isSame(this.#source, source)) return [];
    const { settings, channels } = source.alerts;
    const opened = openChannels(channels, {
      post: this.#post,
      clock: this.#clock,
      repeatMs: () => this.#source?.alerts.settings.repeatMs ?? settings.repeatMs,
      secrets: source.secrets,
    });
    const replaced = this.#open;
    this.#source = source;
    this.#open = opened.map((channel) => this.#reported(channel));
    return replaced;
  }

  /** Ends what is being sent, and every connection. */
  async close(): Promise<void> {
    await Promise.all([this.#post.close(), ...this.#open.map((channel) => channel.close())]);
  }

  /** Reports the first message that a channel does not take, and the first that it takes again. */
  #reported(channel: Channel): Channel {
    const { name, type, paceMs, takesEach = false } = channel;
    return {
      name,
      type,
      paceMs,
      takesEach,
      send: async (message, references) => {
        try {
          const taken = await channel.send(message, references);
          if (this.#failing.delete(name)) this.#telemetry.channelWorks(name);
          return taken;
        } catch (error) {
          const isFirst = !this.#failing.has(name);
          this.#failing.add(name);
          // Only a channel's own error is known to hold no address and no key.
          const why = error instanceof ChannelError ? error.message : 'an unexpected error';
          if (isFirst) this.#telemetry.channelFailed(name, why);
          throw error;
        }
      },
      close: () => channel.close(),
    };
  }
}

function isSame(one: ChannelSource, other: ChannelSource): boolean {
  return (
    isDeepStrictEqual(one.alerts.channels, other.alerts.channels) && isSameSecrets(one.secrets, other.secrets)
  );
}
