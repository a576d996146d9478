/** The two methods of Slack's Web API that alerts need. */
import { ChannelError } from '../channel.ts';
import { jsonObject } from './coded-answer.ts';
import type { Post, PostAnswer } from './post.ts';
import type { SlackMessage } from './slack-message.ts';
import { explainWord } from './slack-refusals.ts';

export type SlackMethod = 'chat.postMessage' | 'chat.update';

/** The identity of a message in Slack. */
export interface SlackPlace {
  /** An ID, also if a name was given. */
  channel: string;
  ts: string;
}

/** The result of a method; `word` is Slack's reason for a refusal. */
export type SlackAnswer = (SlackPlace & { word: null }) | { word: string };

export type SlackCall = (
  method: SlackMethod,
  values: SlackMessage & Readonly<Record<string, unknown>>,
) => Promise<SlackAnswer>;

export interface SlackApiDeps {
  post: Post;
  /** Read for each call. */
  token: () => string;
  /** Without a slash at its end. */
  apiUrl: string;
  /** Hosts of servers that take Slack's messages. */
  hosts: readonly string[];
}

/**
 * Makes the calls of a bot.
 *
 * A call throws ChannelError if Slack gave no answer of its own, and gives Slack's word if it refused by `ok: false`.
 */
export function slackApi({ post, token, apiUrl, hosts }: SlackApiDeps): SlackCall {
  return async (method, values) => {
    const answer = await post({
      url: `${apiUrl}/${method}`,
      headers: { authorization: `Bearer ${token()}` },
      body: JSON.stringify(values),
      receiver: 'Slack',
      privateHosts: hosts,
    });
    return readAnswer(answer);
  };
}

function readAnswer({ status, body }: PostAnswer): SlackAnswer {
  const { ok, error, channel, ts } = jsonObject(body);
  if (ok === true && typeof channel === 'string' && typeof ts === 'string')
    return { word: null, channel, ts };
  if (ok === false && explainWord(error) !== null) return { word: String(error) };
  throw new ChannelError(
    `Slack answered ${status} without the fields of Slack’s answers: something else may have answered`,
  );
}

/** Makes the error of a refusal. */
export function refusalOf(word: string): ChannelError {
  const { reason = word, isFinal = false } = explainWord(word) ?? {};
  return new ChannelError(`Slack did not take the message (${reason})`, { isFinal });
}
