/** Keeps a webhook's messages on the receiver's own hosts. */
import { ChannelError } from '../channel.ts';
import { isPostable } from './post-target.ts';

export interface WebhookHost {
  receiver: string;
  /** The receiver's own hosts. */
  own: readonly string[];
  /** The hosts that the channel's `hosts` adds. */
  added: readonly string[];
}

/**
 * Reads the address of a webhook, which is a secret.
 *
 * @throws ChannelError (final) if it is no address, or is on another host: a wrong file must not send alerts elsewhere.
 */
export function webhookAddress(text: string, { receiver, own, added }: WebhookHost): URL {
  const url = URL.canParse(text.trim()) ? new URL(text.trim()) : null;
  if (url === null) {
    throw new ChannelError(`The webhook address of ${receiver} is no URL`, { isFinal: true });
  }
  const host = url.hostname.replace(/^\[|\]$/g, '');
  if (![...own, ...added].some((each) => each.toLowerCase() === host)) {
    throw new ChannelError(
      `The webhook address of ${receiver} is not on ${own.join(' or ')}: list its host under "hosts" of the channel if it is meant`,
      { isFinal: true },
    );
  }
  if (!isPostable(url.href, added)) {
    throw new ChannelError(`The webhook address of ${receiver} is no https URL`, { isFinal: true });
  }
  return url;
}

/**
 * Reads the address of a webhook that may be on any host, which is a secret.
 *
 * @throws ChannelError (final) if it is none, or is http to an address that is neither loopback nor private.
 */
export function anyAddress(text: string, receiver: string): URL {
  if (isPostable(text.trim(), [])) return new URL(text.trim());
  throw new ChannelError(`The webhook address of ${receiver} is no https URL`, { isFinal: true });
}
