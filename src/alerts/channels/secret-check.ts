/** Secrets of channels are read once when the config is, so that a mistaken one stops the start and not the first alert. */
import { SidecarError } from '../../errors.ts';
import { ChannelError, type ChannelType } from '../channel.ts';

/**
 * Reads a secret as each message will.
 *
 * @param read fails as a message would; what it says has no part of the secret.
 * @throws SidecarError `secret_invalid`, naming the channel, in place of a ChannelError.
 */
export function checkSecret(channel: { name: string; type: ChannelType }, read: () => unknown): void {
  try {
    read();
  } catch (error) {
    if (!(error instanceof ChannelError)) throw error;
    const { name, type } = channel;
    throw new SidecarError('secret_invalid', `alerts.channels "${name}" (${type}): ${error.message}.`);
  }
}
