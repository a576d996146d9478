/**
 * What a channel is: one place where messages go, with its own shape, limits and errors.
 *
 * **Invariant**: a channel sends and does nothing else. Order, grouping, retries, silences and what is remembered are the
 * sender's. An error of a channel never carries a secret: no URL, token, header or body.
 */
import type { Ms } from '../units.ts';
import type { AlertMessage } from './alert.ts';

export const CHANNEL_TYPES = [
  'slack',
  'webhook',
  'feishu',
  'dingtalk',
  'teams',
  'discord',
  'alertmanager',
  'pagerduty',
  'email',
  'stdout',
] as const;
export type ChannelType = (typeof CHANNEL_TYPES)[number];

/** How the receiver names what it made of an alert, such as a Slack message's `ts`: handed back with later events of it. */
export type References = Readonly<Record<string, string>>;

export interface Channel {
  readonly name: string;
  readonly type: ChannelType;
  /** The shortest time between two messages that the receiver allows. */
  readonly paceMs: Ms;
  /**
   * True where the receiver is a program that opens and closes each alert by itself: it gets every event, at most 100 in a
   * message, and never a digest of some. Default false: people get a digest of more than 10 events.
   */
  readonly takesEach?: boolean;
  /**
   * Sends one message; the promise resolves once the receiver took it whole. Sending the same message again must do no harm.
   *
   * @param references by `fingerprint/startedAt` ({@link referenceKey}), what earlier messages of these alerts gave.
   * @returns references to keep, by the same keys.
   * @throws ChannelError for everything that can go wrong, within the channel's time limit.
   */
  send(message: AlertMessage, references: References): Promise<References>;
  /** Ends connections that are kept. */
  close(): Promise<void>;
}

/** That a receiver did not take a message. */
export class ChannelError extends Error {
  override readonly name = 'ChannelError';
  /** What the receiver asked to wait, where it did. */
  readonly retryAfterMs: Ms | null;
  /** That sending it again cannot help: a wrong address, a revoked key, a refused shape. */
  readonly isFinal: boolean;

  constructor(
    message: string,
    { retryAfterMs = null, isFinal = false }: { retryAfterMs?: Ms | null; isFinal?: boolean } = {},
  ) {
    super(message);
    this.retryAfterMs = retryAfterMs;
    this.isFinal = isFinal;
  }
}

/** Names an alert's happening for {@link References}. */
export function referenceKey({ fingerprint, startedAt }: { fingerprint: string; startedAt: Ms }): string {
  return `${fingerprint}/${startedAt}`;
}
