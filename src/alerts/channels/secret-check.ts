/** Reads the secrets of channels once with the config, so that a wrong one stops the start and not the first alert. */
import { SidecarError } from '../../errors.ts';
import { ChannelError, type ChannelType } from '../channel.ts';

/**
 * Reads a secret in the same way as each message.
 *
 * @param read fails in the same way as a message; its error has no part of the secret.
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
