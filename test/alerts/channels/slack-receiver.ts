/** Slack over real sockets: takes what Slack takes, refuses what it refuses, and keeps what a channel then shows. */
import type { ManualClock } from '../../../src/clock.ts';
import { startReceiver, type Answer, type Arrival, type Receiver } from '../receiver.ts';
import { refusedBySlack } from './slack-rules.ts';

export const TOKEN = 'xoxb-SECRET-token';
export const CHANNEL_ID = 'C0123456789';
const CHANNEL_NAME = '#video-alerts';

export interface ShownMessage {
  ts: string;
  /** The first line of it. */
  header: string;
  blocks: unknown;
  /** The message that it is a reply to. */
  thread?: string;
  isInChannelToo: boolean;
  isEdited: boolean;
}

export interface SlackReceiver extends Receiver {
  /** What stands in the channel, oldest first. */
  shown: ShownMessage[];
  /** Calls in their order, such as `chat.update`. */
  calls: string[];
  /** Answers the next calls, in order, in place of Slack; undefined lets one through. */
  next: (Answer | undefined)[];
  /** How far the clock moves before each answer. */
  slowness: { ms: number };
}

type Json = Readonly<Record<string, unknown>>;

/** Begins a workspace with one channel. Faults of a message fail the test by what they are. */
export async function startSlack(clock: ManualClock): Promise<SlackReceiver> {
  const shown: ShownMessage[] = [];
  const calls: string[] = [];
  const next: (Answer | undefined)[] = [];
  const slowness = { ms: 0 };
  let lastPostAt = Number.NEGATIVE_INFINITY;

  const post = (values: Json): Answer => {
    if (clock.now() - lastPostAt < 1_000) return { status: 429, headers: { 'retry-after': '1' } };
    if (values['channel'] !== CHANNEL_ID && values['channel'] !== CHANNEL_NAME)
      return no('channel_not_found');
    const thread = values['thread_ts'] as string | undefined;
    if (thread !== undefined && !shown.some(({ ts }) => ts === thread)) return no('message_not_found');
    lastPostAt = clock.now();
    const ts = `1599360473.${String(shown.length + 1).padStart(6, '0')}`;
    shown.push({
      ts,
      header: headerOf(values),
      blocks: values['blocks'],
      ...(thread === undefined ? {} : { thread }),
      isInChannelToo: values['reply_broadcast'] === true,
      isEdited: false,
    });
    return yes({ channel: CHANNEL_ID, ts });
  };
  const update = (values: Json): Answer => {
    // Unlike a post, an update takes no name.
    if (values['channel'] !== CHANNEL_ID) return no('channel_not_found');
    const message = shown.find(({ ts }) => ts === values['ts']);
    if (message === undefined) return no('message_not_found');
    Object.assign(message, { header: headerOf(values), blocks: values['blocks'], isEdited: true });
    return yes({ channel: CHANNEL_ID, ts: message.ts });
  };
  const webhook = (arrival: Arrival): Answer => {
    const fault = refusedBySlack(JSON.parse(arrival.body) as Json);
    return fault === null ? { status: 200, body: 'ok' } : { status: 400, body: fault };
  };
  const answer = async (arrival: Arrival): Promise<Answer> => {
    const method = arrival.path.replace('/api/', '');
    calls.push(method);
    if (slowness.ms > 0) await clock.advance(slowness.ms);
    const ordered = next.shift();
    if (ordered !== undefined) return ordered;
    if (arrival.path.startsWith('/services/')) return webhook(arrival);
    if (arrival.headers.authorization !== `Bearer ${TOKEN}`) return no('invalid_auth');
    if (arrival.headers['content-type'] !== 'application/json; charset=utf-8') return no('invalid_post_type');
    const values = JSON.parse(arrival.body) as Json;
    const fault = refusedBySlack(values);
    if (fault !== null) return no(fault);
    if (method === 'chat.postMessage') return post(values);
    return method === 'chat.update' ? update(values) : no('unknown_method');
  };
  return { ...(await startReceiver(answer)), shown, calls, next, slowness };
}

/** Refuses as Slack's methods do: with status 200. */
export function no(word: string): Answer {
  return json({ ok: false, error: word });
}

function yes(values: Json): Answer {
  return json({ ok: true, ...values });
}

function json(values: Json): Answer {
  return {
    status: 200,
    body: JSON.stringify(values),
    headers: { 'content-type': 'application/json; charset=utf-8' },
  };
}

function headerOf(values: Json): string {
  const [first] = values['blocks'] as { text: { text: string } }[];
  return first?.text.text ?? '';
}
