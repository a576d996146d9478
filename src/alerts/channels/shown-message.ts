/**
 * Fits a message into a receiver's limits: one line for each text, no invisible characters, and no more than fits.
 *
 * The parts that do not fit are left out in this order: the ends of long texts, then findings and advice, then the last
 * alerts, which the message then counts. Its first alert with its title always stays.
 */
import { oneLine } from '../../markup.ts';
import type { AlertMessage, WordedAlert } from '../alert.ts';
import type { Severity } from '../rule-words.ts';
import { cutText } from './cut-text.ts';

/** A message that fits. */
export interface ShownMessage extends AlertMessage {
  /** Alerts of the message that are left out because there is no room. */
  leftOut: number;
}

/** UTF-16 units of each finding and advice: the first value that fits is used. */
const TEXT_LENGTHS = [2_000, 500, 150, 0] as const;
const TITLE_MAX = 300;
const NAME_MAX = 100;
const URL_MAX = 1_000;

/**
 * Builds a request with as much of a message as fits.
 *
 * @param build makes the request of a receiver; it may be called several times.
 * @param isWithin returns whether a request is within the receiver's limits.
 */
export function fitMessage<T>(
  message: AlertMessage,
  build: (shown: ShownMessage) => T,
  isWithin: (built: T) => boolean,
): T {
  for (const textMax of TEXT_LENGTHS) {
    const built = build(shownMessage(message, { textMax }));
    if (isWithin(built)) return built;
  }
  let fits = 1;
  for (let over = message.alerts.length; over - fits > 1;) {
    const kept = Math.floor((fits + over) / 2);
    if (isWithin(build(shownMessage(message, { textMax: 0, kept })))) fits = kept;
    else over = kept;
  }
  return build(shownMessage(message, { textMax: 0, kept: fits }));
}

/** Gives a message with its texts on one line each, cut to their lengths; `kept` is the number of alerts that stay. */
export function shownMessage(
  message: AlertMessage,
  { textMax, kept = message.alerts.length }: { textMax: number; kept?: number },
): ShownMessage {
  const shown = (alert: WordedAlert): WordedAlert => ({
    ...alert,
    title: shownText(alert.title, TITLE_MAX) || alert.rule,
    finding: shownText(alert.finding, textMax),
    advice: shownText(alert.advice, textMax),
    runbookUrl: webAddress(alert.runbookUrl),
  });
  const alerts = message.alerts.slice(0, kept).map(shown);
  return {
    ...message,
    environment: shownText(message.environment, NAME_MAX),
    account: message.account === null ? null : shownText(message.account, NAME_MAX),
    headline: shownText(message.headline, TITLE_MAX) || (alerts[0]?.title ?? ''),
    alerts,
    leftOut: message.alerts.length - kept,
  };
}

/** Gives a text as one line of at most `max` UTF-16 units (empty for 0), without invisible characters. */
export function shownText(text: string, max: number): string {
  return max === 0 ? '' : cutText(oneLine(text.toWellFormed()).trim(), max);
}

/** Gives an address that is a safe link in every format; empty if browsers would not accept it. */
function webAddress(text: string): string {
  if (!URL.canParse(text)) return '';
  const { protocol, origin, pathname, search, hash } = new URL(text);
  const path = `${pathname}${search}${hash}`.replaceAll(/[()[\]<>'"*`|\\]/g, percentCode);
  return /^https?:$/.test(protocol) && path.length <= URL_MAX ? `${origin}${path}` : '';
}

function percentCode(character: string): string {
  return `%${character.charCodeAt(0).toString(16).toUpperCase()}`;
}

/** The colour of a message: that of the worst open alert, or of a resolved one if all are over. */
export type Tone = Severity | 'over';

/** Gives the tone of a message. */
export function messageTone({ alerts, severity }: AlertMessage): Tone {
  return alerts.every(({ status }) => status === 'resolved') ? 'over' : severity;
}

/** Gives the tone of one alert. */
export function alertTone({ status, severity }: WordedAlert): Tone {
  return status === 'resolved' ? 'over' : severity;
}
