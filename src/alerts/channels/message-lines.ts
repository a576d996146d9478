/** The lines of a message in its language, without the marks of any format. */
import type { AlertMessage, WordedAlert } from '../alert.ts';
import type { ShownMessage } from './shown-message.ts';

/** Part of every message, so that it can be the keyword that a receiver asks for. */
export const SENDER = 'kling-sidecar';

/** Writes a label before a text in the form of the language. */
export function labelled({ language }: AlertMessage, label: string, text: string): string {
  return `${label}${language === 'zh' ? '：' : ': '}${text}`;
}

/** Writes state, urgency and title. */
function titleLine(message: AlertMessage, { status, severity, title }: WordedAlert): string {
  const { frame } = message;
  const urgency = status === 'resolved' ? '' : ` · ${frame.severities[severity]}`;
  return labelled(message, `${frame[status]}${urgency}`, title);
}

/** Returns whether a message is about a single alert, whose title is then its heading. */
function isAlone({ alerts, headline, leftOut, more }: ShownMessage): boolean {
  return alerts.length === 1 && leftOut + more === 0 && alerts[0]?.title === headline;
}

/** Gives the line above a message; for a single alert it is the line above that alert. */
export function headingOf(message: ShownMessage): string {
  const [first] = message.alerts;
  return isAlone(message) && first !== undefined ? titleLine(message, first) : message.headline;
}

/** Gives the line above one alert; empty if it is the message's heading. */
export function subheadingOf(message: ShownMessage, alert: WordedAlert): string {
  return isAlone(message) ? '' : titleLine(message, alert);
}

/** Writes the start, and the end if it is over. */
export function timeLine(message: AlertMessage, { startedAt, endedAt }: WordedAlert): string {
  const { frame } = message;
  const since = labelled(message, frame.since, frame.time(startedAt));
  return endedAt === null ? since : `${since} · ${labelled(message, frame.until, frame.time(endedAt))}`;
}

/** Writes the next step; empty if there is none. */
export function adviceLine(message: AlertMessage, { advice }: WordedAlert): string {
  return advice === '' ? '' : labelled(message, message.frame.whatToDo, advice);
}

/** Writes the sender with its environment and account. */
export function placeLine(message: AlertMessage): string {
  const { environment, account, frame } = message;
  const place = [SENDER, labelled(message, frame.environment, environment)];
  if (account !== null) place.push(labelled(message, frame.account, account));
  return place.join(' · ');
}

/** Writes the number of further events; empty if there are none. */
export function moreLine({ frame, leftOut }: ShownMessage): string {
  return [leftOut === 0 ? '' : `+${leftOut}`, frame.more].filter((text) => text !== '').join(' · ');
}

/** Gives the lines of one alert: subheading, finding, advice, times. */
export function alertLines(message: ShownMessage, alert: WordedAlert): string[] {
  return [
    subheadingOf(message, alert),
    alert.finding,
    adviceLine(message, alert),
    timeLine(message, alert),
  ].filter((line) => line !== '');
}

/** Writes a message as plain text, without a line feed at its end. */
export function plainMessage(message: ShownMessage): string {
  const { alerts, frame } = message;
  const blocks = alerts.map((alert) => {
    const runbook = alert.runbookUrl === '' ? [] : [labelled(message, frame.runbook, alert.runbookUrl)];
    return [...alertLines(message, alert), ...runbook].join('\n');
  });
  return [headingOf(message), ...blocks, moreLine(message), placeLine(message)]
    .filter((text) => text !== '')
    .join('\n\n');
}
