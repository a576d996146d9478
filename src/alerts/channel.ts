/**
 * A channel: one receiver of messages, with its own shape, limits and errors.
 *
 * **Invariant**: a channel only sends. The sender does order, grouping, retries, silences and memory. An error of a
 * channel never carries a secret: no URL, token, header or body.
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

/** The receiver's name for an alert, such as a Slack message's `ts`: passed with later events of the alert. */
export type References = Readonly<Record<string, string>>;

export interface Channel {
  readonly name: string;
  readonly type: ChannelType;
  /** The shortest time between two messages that the receiver allows. */
  readonly paceMs: Ms;
  /**
   * True if the receiver is a program that opens and closes each alert by itself: it gets every event, at most 100 in a
   * message, and never a digest. Default false: people get a digest of more than 10 events.
   */
  readonly takesEach?: boolean;
  /**
   * Sends one message; the promise resolves once the receiver took all of it. A second send of the same message must do no harm.
   *
   * @param references by `fingerprint/startedAt` ({@link referenceKey}), the results of earlier messages of these alerts.
   * @returns references to keep, by the same keys.
   * @throws ChannelError for every failure, within the channel's time limit.
   */
  send(message: AlertMessage, references: References): Promise<References>;
  /** Ends connections that are kept. */
  close(): Promise<void>;
}

/** A receiver did not take a message. */
export class ChannelError extends Error {
  override readonly name = 'ChannelError';
  /** The wait that the receiver asked for, if it did. */
  readonly retryAfterMs: Ms | null;
  /** True if another try cannot help: a wrong address, a revoked key, a refused shape. */
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

/** Gives an alert's key in {@link References}. */
export function referenceKey({ fingerprint, startedAt }: { fingerprint: string; startedAt: Ms }): string {
  return `${fingerprint}/${startedAt}`;
}
