/** What the control plane asks of the program about alerts; the app supplies it. */
import type { ChannelType } from '../alerts/channel.ts';
import type { RuleWord } from '../alerts/rule-words.ts';
import type { AlertSettings } from '../alerts/settings.ts';
import type { Ms } from '../units.ts';
import type { Order } from './order.ts';

export interface ChannelTest {
  channel: string;
  ok: boolean;
  /** Why the channel did not take the message; null where it did. */
  error: string | null;
}

export interface AlertCommands {
  /** The instant by which alerts are dated. */
  now(): Ms;
  /** As the config has them now. */
  settings(): AlertSettings;
  /** The channels of the config by their names. */
  types(): ReadonlyMap<string, ChannelType>;
  /**
   * Sends a test to one channel, or to all, at once.
   * @throws SidecarError `not_found` where the config has no such channel, `bad_usage` where it has none at all.
   */
  test(channel: string | null, order: Order): Promise<readonly ChannelTest[]>;
  /** Records alerts of a rule and sends nothing of them, until an instant (exclusive). A second silence replaces the first. */
  silence(silence: { rule: RuleWord; until: Ms }, order: Order): Promise<void>;
  /** Ends a rule's silence. @throws SidecarError `not_found` where none is in force. */
  endSilence(rule: RuleWord, order: Order): Promise<void>;
}
