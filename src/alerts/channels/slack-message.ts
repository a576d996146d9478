/**
 * What a message looks like in Slack. It must be clear within three seconds what is wrong, how bad it is and what to do. So the
 * title comes first, large, with a sign of how bad it is; then that in a word with the environment; then the value against its
 * threshold; then what to do, at full width, since it often has a command; last and small, what only helps to find more.
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
  /** What notifications show, and programs that read a screen aloud. */
  text: string;
  blocks: readonly SlackBlock[];
}

/** Slack advises 4,000; a notification shows the first lines. */
const FALLBACK_MAX = 3_000;
/** Of a finding or an advice once escaped: two of them leave room for the rest of a section. */
const TEXT_MAX = 1_200;
const FACT_MAX = 500;
/** Up to here, a line parts the alerts of a message. */
const PARTED_MAX = 8;

const SIGNS: Readonly<Record<Tone, string>> = { page: '🔴', ticket: '🟠', info: '🔵', over: '✅' };

/** Makes what Slack is sent of a message, as much of it as Slack takes. */
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

/** How bad and since when; of what is over since when and until when. */
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

/** Empty where nothing is to be done. */
function adviceOf(message: ShownMessage, { advice }: WordedAlert): Markup {
  if (advice === '') return joined(' ');
  const label = labelled(message, message.frame.whatToDo, '').trim();
  return joined(' ', strong(label), literal(advice, TEXT_MAX));
}

/** The page that says more, named after the rule. */
function runbookOf(message: ShownMessage, { rule, runbookUrl }: WordedAlert): Markup {
  return link(runbookUrl, labelled(message, message.frame.runbook, rule));
}

/** A new alert is its title alone: its sign says that it is one. */
function statedTitle(message: AlertMessage, alert: WordedAlert): string {
  return alert.status === 'firing'
    ? alert.title
    : labelled(message, message.frame[alert.status], alert.title);
}

/** Empty for what is over, which is not urgent any more. */
function urgencyOf({ frame }: AlertMessage, { status, severity }: WordedAlert): string {
  return status === 'resolved' ? '' : frame.severities[severity];
}
