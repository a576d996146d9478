/**
 * Composes one message from events: with the words of their rules, in order, with a headline.
 *
 * **Invariant**: never throws. If the words of an event cannot be made (a rule of a newer version, values of an older one),
 * its text is the rule's name and labels: otherwise one bad message would stop all later ones.
 */
import { createHash } from 'node:crypto';
import type { Ms } from '../../units.ts';
import type { AlertEvent, AlertMessage, WordedAlert } from '../alert.ts';
import type { Format } from '../rule.ts';
import type { Severity } from '../rule-words.ts';
import { ruleOf } from '../rules/rules.ts';
import type { AlertSettings } from '../settings.ts';
import { clip } from './clip.ts';
import { makeFormat } from './format.ts';
import { frameWords, headlineOf } from './frame.ts';

export const TITLE_CHARACTERS_MAX = 150;
/** The most characters of a finding and of an advice. */
export const TEXT_CHARACTERS_MAX = 1_000;

const RANKS: Readonly<Record<Severity, number>> = { page: 0, ticket: 1, info: 2 };
/** The same for an alert that is over. */
const OVER_RANK = 3;

/**
 * Composes a message of events, at least one; `more` is the number of further events.
 * Its id is computed from the events alone: the same events give the same id.
 */
export function compose(
  events: readonly AlertEvent[],
  at: Ms,
  settings: AlertSettings,
  more: number,
): AlertMessage {
  const { environment, account, language, timeZone } = settings;
  const format = makeFormat(language, timeZone);
  const alerts = inOrder(events).map((event) => worded(event, settings, format));
  return {
    id: messageId(events),
    at,
    environment,
    account,
    language,
    headline: headline(alerts, { settings, format, more }),
    severity: severityOf(events),
    alerts,
    more,
    frame: frameWords(language, format, more),
  };
}

/** Orders events by the severity of their alert, then by age; those of one alert stay together, in order of time. */
function inOrder(events: readonly AlertEvent[]): AlertEvent[] {
  const byAlert = Map.groupBy(events, ({ fingerprint }) => fingerprint);
  const ranked = [...byAlert.values()].map((own) => {
    const happened = own.toSorted((a, b) => a.id - b.id);
    const rank = Math.min(...own.map(rankOf));
    return { happened, rank, startedAt: happened[0]?.startedAt ?? 0, id: happened[0]?.id ?? 0 };
  });
  ranked.sort((a, b) => a.rank - b.rank || a.startedAt - b.startedAt || a.id - b.id);
  return ranked.flatMap(({ happened }) => happened);
}

function rankOf({ status, severity }: AlertEvent): number {
  return status === 'resolved' ? OVER_RANK : RANKS[severity];
}

function severityOf(events: readonly AlertEvent[]): Severity {
  const open = events.filter(({ status }) => status !== 'resolved').map(({ severity }) => severity);
  return open.toSorted((a, b) => RANKS[a] - RANKS[b])[0] ?? 'info';
}

function worded(event: AlertEvent, settings: AlertSettings, format: Format): WordedAlert {
  const { title, finding, advice } = textsOf(event, settings, format);
  return {
    ...event,
    title: clip(title, TITLE_CHARACTERS_MAX),
    finding: clip(finding, TEXT_CHARACTERS_MAX),
    advice: clip(advice, TEXT_CHARACTERS_MAX),
    runbookUrl: `${settings.runbookBaseUrl}${event.rule}.md`,
  };
}

function textsOf(
  event: AlertEvent,
  { language }: AlertSettings,
  format: Format,
): { title: string; finding: string; advice: string } {
  try {
    const rule = ruleOf(event.rule);
    if (rule) return rule.words[language](event, format);
  } catch {
    // Its name is used below.
  }
  const labels = Object.entries(event.labels).map(([name, value]) => `${name} ${value}`);
  return { title: [event.rule, ...labels].join(', '), finding: '', advice: '' };
}

function headline(
  alerts: readonly WordedAlert[],
  { settings, format, more }: { settings: AlertSettings; format: Format; more: number },
): string {
  const [first] = alerts;
  const count = alerts.length + more;
  if (first === undefined || count === 1) return first?.title ?? '';
  const isOver = more === 0 && alerts.every(({ status }) => status === 'resolved');
  const parts = headlineOf(settings.language, format, { count, first: first.title, isOver });
  const room = TITLE_CHARACTERS_MAX - parts.before.length - parts.after.length;
  return `${parts.before}${clip(first.title, room)}${parts.after}`;
}

function messageId(events: readonly AlertEvent[]): string {
  const known = events.map(({ id, fingerprint, startedAt, status }) => [id, fingerprint, startedAt, status]);
  return `msg_${createHash('sha256').update(JSON.stringify(known)).digest('hex').slice(0, 32)}`;
}
