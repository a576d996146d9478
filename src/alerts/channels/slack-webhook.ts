/** Slack by an incoming webhook: messages into the webhook's own channel, without references for later. */
import type { Secret } from '../../secret.ts';
import type { AlertMessage } from '../alert.ts';
import { ChannelError } from '../channel.ts';
import type { Explanation, Post, PostAnswer } from './post.ts';
import { slackMessage } from './slack-message.ts';
import { explainWord } from './slack-refusals.ts';
import { webhookAddress } from './webhook-host.ts';

/** GovSlack has a host of its own. */
const OWN_HOSTS: readonly string[] = ['hooks.slack.com', 'hooks.slack-gov.com'];

export interface SlackWebhookDeps {
  post: Post;
  /** Read for each message; {@link slackWebhookUrl}. */
  address: () => URL;
  /** Hosts of servers that take Slack's messages. */
  hosts: readonly string[];
}

/**
 * Reads a webhook's address.
 *
 * @throws ChannelError (final) if it is no address of Slack's and not on one of `hosts`.
 */
export function slackWebhookUrl(webhookUrl: Secret, hosts: readonly string[]): URL {
  return webhookAddress(webhookUrl.reveal(), { receiver: 'Slack', own: OWN_HOSTS, added: hosts });
}

/** Makes the function that sends a webhook's messages. */
export function slackWebhook({
  post,
  address,
  hosts,
}: SlackWebhookDeps): (message: AlertMessage) => Promise<void> {
  return async (message) => {
    const url = address();
    const body = JSON.stringify({ ...slackMessage(message), unfurl_links: false, unfurl_media: false });
    const answer = await post({ url: url.href, body, receiver: 'Slack', privateHosts: hosts, explain });
    // Slack's own webhooks answer "ok"; another server may answer anything.
    if (OWN_HOSTS.includes(url.hostname) && answer.body.trim() !== 'ok') {
      throw new ChannelError('Slack answered 200 without its "ok": something else may have answered');
    }
  };
}

/** A webhook's refusal is one word of plain text. */
function explain({ status, body }: PostAnswer): Explanation | null {
  const said = explainWord(body.trim());
  if (said === null) return null;
  // An overloaded Slack refuses by its status, with any text.
  return status === 429 || status >= 500 ? { reason: said.reason } : said;
}
