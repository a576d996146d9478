/**
 * The layout of a message in Slack. A reader must see within three seconds the problem, its urgency and the next step. So the
 * title comes first, large, with a sign of the urgency; then the urgency in a word with the environment; then the value and its
 * threshold; then the next step, at full width, since it often has a command; last and small, links and details.
 */
import type { AlertMessage, WordedAlert } from '../alert.ts';
import {
  context,
  DIVIDER,
  fields,
  header,
  isWithinLimits,
  joined,
  link,
  literal,
  plain,
  section,
  strong,
  type Markup,
  type SlackBlock,
} from './block-kit.ts';
import { cutText } from './cut-text.ts';
import { labelled, moreLine, placeLine, plainMessage, timeLine } from './message-lines.ts';
import { alertTone, fitMessage, messageTone, type ShownMessage, type Tone } from './shown-message.ts';

export interface SlackMessage {
  /** The text for notifications and screen readers. */
  text: string;
  blocks: readonly SlackBlock[];
}

/** Slack advises 4,000; a notification shows the first lines. */
const FALLBACK_MAX = 3_000;
/** The most of a finding or an advice after escaping: two of them leave room for the rest of a section. */
const TEXT_MAX = 1_200;
const FACT_MAX = 500;
/** Up to this number of alerts, a line separates them. */
const PARTED_MAX = 8;

const SIGNS: Readonly<Record<Tone, string>> = { page: '🔴', ticket: '🟠', info: '🔵', over: '✅' };

/** Makes Slack's form of a message, with as much of it as Slack accepts. */
export function slackMessage(message: AlertMessage): SlackMessage {
  return fitMessage(
    message,
    (shown) => ({ text: fallbackOf(shown), blocks: blocksOf(shown) }),
    ({ blocks }) => isWithinLimits(blocks),
  );
}

function fallbackOf(message: ShownMessage): string {
  return cutText(`${SIGNS[messageTone(message)]} ${plainMessage(message)}`, FALLBACK_MAX, plain);
}

function blocksOf(message: ShownMessage): SlackBlock[] {
  const [first] = message.alerts;
  const isAlone = first !== undefined && message.alerts.length + message.leftOut + message.more === 1;
  return isAlone ? alone(message, first) : together(message);
}

function alone(message: ShownMessage, alert: WordedAlert): SlackBlock[] {
  const { environment, account, frame } = message;
  return [
    header(`${SIGNS[alertTone(alert)]} ${statedTitle(message, alert)}`),
    ...fields(...factsOf(message, alert)),
    ...section(literal(alert.finding, TEXT_MAX)),
    ...section(adviceOf(message, alert)),
    ...context(
      message.id,
      literal(labelled(message, frame.environment, environment)),
      literal(account === null ? '' : labelled(message, frame.account, account)),
      runbookOf(message, alert),
    ),
  ];
}

/** Urgency and start; for an alert that is over, start and end. */
function factsOf(message: ShownMessage, alert: WordedAlert): Markup[] {
  const { environment, frame } = message;
  const since = literal(labelled(message, frame.since, frame.time(alert.startedAt)), FACT_MAX);
  if (alert.endedAt !== null) {
    return [since, literal(labelled(message, frame.until, frame.time(alert.endedAt)), FACT_MAX)];
  }
  return [strong(joined(' · ', urgencyOf(message, alert), environment)), since];
}

function together(message: ShownMessage): SlackBlock[] {
  const parts = message.alerts.map((alert) => partOf(message, alert));
  const isParted = parts.length <= PARTED_MAX;
  return [
    header(`${SIGNS[messageTone(message)]} ${message.headline}`),
    ...context(message.id, literal(placeLine(message))),
    ...parts.flatMap((part, index) => (isParted && index > 0 ? [DIVIDER, ...part] : part)),
    ...section(literal(moreLine(message))),
  ];
}

function partOf(message: ShownMessage, alert: WordedAlert): SlackBlock[] {
  return section(
    joined(
      '\n',
      joined(' ', SIGNS[alertTone(alert)], strong(statedTitle(message, alert))),
      literal(alert.finding, TEXT_MAX),
      adviceOf(message, alert),
      joined(
        ' · ',
        literal(urgencyOf(message, alert)),
        literal(timeLine(message, alert)),
        runbookOf(message, alert),
      ),
    ),
  );
}

/** Empty if there is nothing to do. */
function adviceOf(message: ShownMessage, { advice }: WordedAlert): Markup {
  if (advice === '') return joined(' ');
  const label = labelled(message, message.frame.whatToDo, '').trim();
  return joined(' ', strong(label), literal(advice, TEXT_MAX));
}

/** The rule's runbook. */
function runbookOf(message: ShownMessage, { rule, runbookUrl }: WordedAlert): Markup {
  return link(runbookUrl, labelled(message, message.frame.runbook, rule));
}

/** A new alert has only its title: the sign shows that it is new. */
function statedTitle(message: AlertMessage, alert: WordedAlert): string {
  return alert.status === 'firing'
    ? alert.title
    : labelled(message, message.frame[alert.status], alert.title);
}

/** Empty for an alert that is over: it is not urgent any more. */
function urgencyOf({ frame }: AlertMessage, { status, severity }: WordedAlert): string {
  return status === 'resolved' ? '' : frame.severities[severity];
}
