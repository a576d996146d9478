/**
 * The meaning of Slack's refusals: those that another try can end, and the remedy for the others.
 *
 * Words: docs.slack.dev, reference/methods/chat.postMessage and chat.update (errors), and for webhooks api.slack.com's
 * changelog of 2016-05-17 with messaging/webhooks (handling errors), read 2026-11-28. After a word that is not listed here
 * the message is tried again: it may be a newer word of Slack's.
 */
import type { Explanation } from './post.ts';

/** Only a person can help: the text names the remedy. */
const FINAL: Readonly<Record<string, string>> = {
  invalid_auth: 'the token is not valid here: put the app’s bot token into its place',
  not_authed: 'the token is empty: put the app’s bot token into its place',
  account_inactive: 'the app was removed from the workspace: install it again and renew the token',
  token_revoked: 'the token was revoked: install the app again and renew the token',
  token_expired: 'the token has expired: renew it',
  not_allowed_token_type: 'it takes another kind of token: use a bot token, which begins with xoxb-',
  missing_scope: 'the app lacks the scope chat:write: add it and install the app again',
  no_permission: 'the app may not post there: invite it to the channel',
  access_denied: 'the app may not post there: ask the workspace’s administrators',
  accesslimited:
    'Slack takes no calls of the app from this network: add its address to the app’s allowed ones',
  ekm_access_denied: 'administrators have suspended posting',
  enterprise_is_restricted: 'the app may not be used in this organisation',
  channel_not_found: 'no such channel for this app: write the channel’s ID and invite the app to it',
  not_in_channel: 'the app is not in the channel: invite it',
  is_archived: 'the channel is archived: choose another',
  channel_is_archived: 'the channel is archived: choose another',
  posting_to_general_channel_denied: 'only some may post there: choose another channel',
  restricted_action: 'the workspace does not let the app post: ask its administrators',
  restricted_action_read_only_channel: 'the channel is read-only for the app: choose another',
  restricted_action_thread_only_channel: 'the channel takes replies only: choose another',
  action_prohibited: 'the workspace does not let the webhook post: ask its administrators',
  invalid_token: 'the webhook’s address is not valid: write it again',
  no_service: 'the webhook was removed or switched off: make a new one',
  no_service_id: 'the webhook’s address is not complete: write it again',
  no_active_hooks: 'the webhook is switched off: make a new one',
  no_team: 'the workspace is gone, or the webhook’s address is not complete',
  team_disabled: 'the workspace is switched off',
  user_not_found: 'the webhook’s owner is gone: make a new one',
  no_text: 'the message was not understood',
  invalid_payload: 'the message was not understood',
  invalid_arguments: 'the message was not understood',
  invalid_blocks: 'the message’s layout was not understood',
  invalid_blocks_format: 'the message’s layout was not understood',
  msg_too_long: 'the message is too long',
  msg_blocks_too_long: 'the message is too long',
  too_many_attachments: 'the message is too long',
};

/** The form of Slack's words: lower-case and short, so that no token and no address matches. */
const WORD = /^[a-z]+(_[a-z]+){0,7}$/;
const WORD_LENGTH_MAX = 50;

/** Gives the meaning of Slack's word for a refusal; null if it is no word of Slack's. */
export function explainWord(word: unknown): (Explanation & { reason: string; isFinal: boolean }) | null {
  if (typeof word !== 'string' || word.length > WORD_LENGTH_MAX || !WORD.test(word)) return null;
  const remedy = Object.hasOwn(FINAL, word) ? FINAL[word] : undefined;
  return remedy === undefined
    ? { reason: word, isFinal: false }
    : { reason: `${word}: ${remedy}`, isFinal: true };
}

/** Words for a message to update or to answer that is gone or can no longer be changed. */
export function isMessageGone(word: string): boolean {
  return GONE.has(word);
}

const GONE: ReadonlySet<string> = new Set([
  'message_not_found',
  'cant_update_message',
  'edit_window_closed',
  'is_inactive',
  'block_mismatch',
  'thread_not_found',
  'cannot_reply_to_message',
  'restricted_action_non_threadable_channel',
]);
