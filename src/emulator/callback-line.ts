/**
 * The sending of callbacks in order, with copies and further tries, and the list of what was sent.
 *
 * **Invariant**: the messages of one task are sent one after the other; only a further try may come after a later message.
 */
import type { Clock } from '../clock.ts';
import type { Ms } from '../units.ts';
import type { CallbackSettings } from './callback-orders.ts';
import { createCallbackSender, webhookHeaders, type CallbackAnswer } from './callback-sender.ts';
import type { EmulatorTime } from './emulator-time.ts';

/** One callback, or one try of it. */
export interface SentCallback {
  /** Its `webhook-id`: the same for a second copy and a further try. */
  id: string;
  taskId: string;
  url: string;
  /** The status that its body says, in its own words. */
  status: string;
  /** When it was sent, or lost: ISO 8601 in UTC. */
  at: string;
  isForged: boolean;
  /** Whether it went before the answer to the create. */
  isEarly: boolean;
  /** The HTTP status of the receiver's answer, a reason why there was none, `lost`, or null while it is under way. */
  answer: CallbackAnswer | null;
}

/** A callback before it is sent. */
export interface CallbackMessage {
  id: string;
  taskId: string;
  url: string;
  status: string;
  body: string;
}

export interface CallbackLine {
  /** Sends a message after those of its task that are under way; resolves when the receiver answered, or did not. */
  send(message: CallbackMessage, marks: { isEarly: boolean; copies: number }): Promise<void>;
  /** Sends a message at once, with these headers. */
  sendForged(message: CallbackMessage, headers: Record<string, string>): Promise<SentCallback>;
  /** Enters a message that is not sent. */
  lose(message: CallbackMessage): void;
  list(): readonly SentCallback[];
  close(): void;
  open(): void;
}

const KEPT_MAX = 100_000;
const NOT_SENT = 'not sent: its host is neither this machine nor one of `hosts`';

/** What is no address is left to the sender. */
function isAllowed(url: string, hosts: readonly string[]): boolean {
  if (hosts.includes('*') || !URL.canParse(url)) return true;
  const { hostname } = new URL(url);
  return (
    hostname === 'localhost' ||
    hostname === '[::1]' ||
    /^127(\.\d+){3}$/.test(hostname) ||
    hosts.includes(hostname)
  );
}

/** Makes an empty line; `settings` are read for each message. */
export function createCallbackLine(
  clock: Clock,
  time: EmulatorTime,
  settings: () => CallbackSettings,
): CallbackLine {
  const sender = createCallbackSender(clock);
  const sent: SentCallback[] = [];
  const lastOf = new Map<string, Promise<void>>();
  const enter = (message: CallbackMessage, marks: Partial<SentCallback>): SentCallback => {
    const { id, taskId, url, status } = message;
    const at = new Date(time.wallMs()).toISOString();
    const entry = { id, taskId, url, status, at, isForged: false, isEarly: false, answer: null, ...marks };
    if (sent.length === KEPT_MAX) sent.shift();
    sent.push(entry);
    return entry;
  };
  const post = async (message: CallbackMessage, isEarly: boolean): Promise<boolean> => {
    const { id, body, url } = message;
    const { secret, hosts } = settings();
    const entry = enter(message, { isEarly });
    const headers = secret === null ? {} : webhookHeaders(secret, { id, atMs: time.wallMs(), body });
    entry.answer = isAllowed(url, hosts) ? await sender.post(url, headers, body) : NOT_SENT;
    return typeof entry.answer === 'number' && entry.answer >= 200 && entry.answer < 300;
  };
  const again = (message: CallbackMessage, [wait, ...rest]: readonly Ms[]): void => {
    if (wait === undefined) return;
    const next = (): void => void post(message, false).then((isTaken) => isTaken || again(message, rest));
    time.whenAge(time.ageMs() + wait, next);
  };
  return {
    send(message, { isEarly, copies }) {
      const before = lastOf.get(message.taskId);
      const postAll = async (): Promise<void> => {
        await before;
        for (let copy = 0; copy < copies; copy += 1) {
          if (!(await post(message, isEarly))) again(message, settings().retryMs);
        }
      };
      const done = postAll();
      lastOf.set(message.taskId, done);
      return done;
    },
    async sendForged(message, headers) {
      const entry = enter(message, { isForged: true });
      const { url, body } = message;
      entry.answer = isAllowed(url, settings().hosts) ? await sender.post(url, headers, body) : NOT_SENT;
      return entry;
    },
    lose: (message) => void enter(message, { answer: 'lost' }),
    list: () => sent,
    close: sender.close,
    open: sender.open,
  };
}
