/**
 * Slack by a bot token: each alert is a message of its own, its later events are in the thread below, and its end changes
 * the message. Many alerts at once become one digest: nobody would read so many threads.
 *
 * One message of ours becomes several calls, a second apart. **Invariant**: a second try continues with the call that
 * failed, so no post is made twice unless Slack's answer to it was lost, or the process ended between two calls.
 */
import { sleep, type Clock } from '../../clock.ts';
import type { Ms } from '../../units.ts';
import type { AlertMessage, WordedAlert } from '../alert.ts';
import { ChannelError, referenceKey, type References } from '../channel.ts';
import { refusalOf, type SlackCall, type SlackMethod, type SlackPlace } from './slack-api.ts';
import { slackMessage } from './slack-message.ts';
import { isMessageGone } from './slack-refusals.ts';

/** Slack takes one message a second in a channel (docs.slack.dev, apis/web-api/rate-limits, read 2026-11-28). */
export const SLACK_PACE_MS: Ms = 1_000;
/** More alerts than this are one digest. */
const ALONE_MAX = 5;
/** No further call begins after this time: the next attempt continues, long before the sender's limit. */
const CALLS_MS_MAX: Ms = 30_000;
/** The number of messages whose progress is remembered. */
const PROGRESS_MAX = 8;

/** Keeps names and addresses as text; otherwise an update would make links of them. */
const AS_IT_IS = { parse: 'none', link_names: false };
const UNFURLED = { ...AS_IT_IS, unfurl_links: false, unfurl_media: false };

export interface SlackBotDeps {
  call: SlackCall;
  clock: Clock;
  /** The channel's ID or name. */
  channel: string;
}

/** A call that a message needs. */
interface Step {
  /** The alert of the message; null for a digest of all. */
  alert: WordedAlert | null;
  /** `say` begins a message, in the thread of the alert if there is one. */
  kind: 'say' | 'mark_over';
}

/** The progress of a message. */
interface Progress {
  /** Steps that are done. */
  done: number;
  /** Each alert's message, as `channel:ts`. */
  known: Record<string, string>;
}

export class SlackBot {
  readonly #deps: SlackBotDeps;
  readonly #closing = new AbortController();
  /** By message; kept after its end too, in case the sender could not mark it. */
  readonly #progress = new Map<string, Progress>();

  constructor(deps: SlackBotDeps) {
    this.#deps = deps;
  }

  /**
   * Sends a message and gives the references of its alerts.
   *
   * @throws ChannelError at the first call that Slack refuses.
   */
  async send(message: AlertMessage, references: References): Promise<References> {
    const { clock } = this.#deps;
    const progress = this.#progressOf(message, references);
    const beganAt = clock.monotonic();
    const steps = stepsOf(message, references);
    for (const [index, step] of steps.slice(progress.done).entries()) {
      if (index > 0) await sleep(clock, SLACK_PACE_MS, this.#closing.signal);
      if (clock.monotonic() - beganAt > CALLS_MS_MAX) {
        throw new ChannelError('Slack is slow: the rest of the message follows', {
          retryAfterMs: SLACK_PACE_MS,
        });
      }
      await this.#take(step, message, progress.known);
      progress.done += 1;
    }
    const keys = new Set(message.alerts.map(referenceKey));
    return Object.fromEntries(Object.entries(progress.known).filter(([key]) => keys.has(key)));
  }

  #progressOf({ id }: AlertMessage, references: References): Progress {
    const begun = this.#progress.get(id) ?? { done: 0, known: { ...references } };
    this.#progress.set(id, begun);
    const [oldest] = this.#progress.keys();
    if (this.#progress.size > PROGRESS_MAX && oldest !== undefined) this.#progress.delete(oldest);
    return begun;
  }

  /** Ends waits between two calls. */
  close(): void {
    this.#closing.abort(new ChannelError('Slack was not reached: the channel is closed'));
  }

  async #take({ alert, kind }: Step, message: AlertMessage, known: Record<string, string>): Promise<void> {
    if (alert === null) {
      await this.#call('chat.postMessage', message, { channel: this.#deps.channel });
      return;
    }
    const key = referenceKey(alert);
    const place = placeOf(known[key]);
    const own = messageOf(message, alert, kind);
    if (kind === 'mark_over') {
      if (place !== null && (await this.#call('chat.update', own, { ...place })) === null) delete known[key];
      return;
    }
    const said = place === null ? null : await this.#reply(own, alert, place);
    if (said !== null) return;
    const begun = await this.#call('chat.postMessage', own, { channel: this.#deps.channel });
    if (begun !== null) known[key] = `${begun.channel}:${begun.ts}`;
  }

  /** Urgent open alerts are also shown in the channel, since nobody may see the thread. */
  #reply(
    own: AlertMessage,
    { status, severity }: WordedAlert,
    place: SlackPlace,
  ): Promise<SlackPlace | null> {
    return this.#call('chat.postMessage', own, {
      channel: place.channel,
      thread_ts: place.ts,
      reply_broadcast: status === 'repeat' && severity === 'page',
    });
  }

  /** Null if the message to change or to answer is gone. */
  async #call(
    method: SlackMethod,
    message: AlertMessage,
    place: Readonly<Record<string, unknown>>,
  ): Promise<SlackPlace | null> {
    const values = {
      ...place,
      ...slackMessage(message),
      ...(method === 'chat.update' ? AS_IT_IS : UNFURLED),
    };
    const answer = await this.#deps.call(method, values);
    if (answer.word === null) return answer;
    const isAboutOther = method === 'chat.update' || place['thread_ts'] !== undefined;
    if (isAboutOther && isMessageGone(answer.word)) return null;
    throw refusalOf(answer.word);
  }
}

/** The calls of a message in their order: for an alert that is over, the message is changed before the post in its thread. */
function stepsOf({ alerts, more }: AlertMessage, references: References): Step[] {
  const isDigest = alerts.length > ALONE_MAX || more > 0;
  const marks = (alert: WordedAlert): Step[] =>
    alert.status === 'resolved' ? [{ alert, kind: 'mark_over' }] : [];
  if (!isDigest) return alerts.flatMap((alert) => [...marks(alert), { alert, kind: 'say' }]);
  const known = alerts.filter((alert) => references[referenceKey(alert)] !== undefined);
  return [...known.flatMap(marks), { alert: null, kind: 'say' }];
}

/** A message of a single alert. */
function messageOf(message: AlertMessage, alert: WordedAlert, kind: Step['kind']): AlertMessage {
  return {
    ...message,
    id: `${message.id}/${alert.id}/${kind}`,
    headline: alert.title,
    severity: alert.severity,
    alerts: [alert],
    more: 0,
    frame: { ...message.frame, more: '' },
  };
}

/** Reads `channel:ts`; null if it is none. */
function placeOf(reference: string | undefined): SlackPlace | null {
  const [, channel, ts] = /^([A-Z0-9]+):(\d+\.\d+)$/.exec(reference ?? '') ?? [];
  return channel === undefined || ts === undefined ? null : { channel, ts };
}
