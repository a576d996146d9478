/** The commands of the control plane about alerts; the app supplies them. */
import type { ChannelType } from '../alerts/channel.ts';
import type { RuleWord } from '../alerts/rule-words.ts';
import type { AlertSettings } from '../alerts/settings.ts';
import type { Ms } from '../units.ts';
import type { Order } from './order.ts';

export interface ChannelTest {
  channel: string;
  ok: boolean;
  /** Why the channel did not take the message; null if it did. */
  error: string | null;
}

export interface AlertCommands {
  /** The present instant for the dates of alerts. */
  now(): Ms;
  /** The present settings. */
  settings(): AlertSettings;
  /** The channels of the config by their names. */
  types(): ReadonlyMap<string, ChannelType>;
  /**
   * Sends a test to one channel, or to all, at once.
   * @throws SidecarError `not_found` if the config has no such channel, `bad_usage` if it has no channel.
   */
  test(channel: string | null, order: Order): Promise<readonly ChannelTest[]>;
  /** Records alerts of a rule without sending them, until an instant (exclusive). A second silence replaces the first. */
  silence(silence: { rule: RuleWord; until: Ms }, order: Order): Promise<void>;
  /** Ends a rule's silence. @throws SidecarError `not_found` if none is in force. */
  endSilence(rule: RuleWord, order: Order): Promise<void>;
}
