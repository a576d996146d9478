/**
 * What a message looks like in Slack. Whoever is woken by it must see in three seconds what is wrong, how bad it is and what
 * to do: the title comes first and large with a sign of how bad it is, then the same in a word with the value against its
 * threshold, beside it what to do, and last, small, since when and where.
 */
import type { AlertMessage, WordedAlert } from '../alert.ts';
import {
  strong,
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
  type SlackBlock,
  type Markup,
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
const FINDING_MAX = 1_200;
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
  const urgency = joined(' · ', urgencyOf(message, alert), environment);
  const finding = literal(alert.finding, FINDING_MAX);
  const advice = literal(alert.advice, FINDING_MAX);
  const columns =
    advice === ''
      ? section(joined('\n', strong(urgency), finding))
      : fields(joined('\n', strong(urgency), finding), joined('\n', strong(frame.whatToDo), advice));
  return [
    header(`${SIGNS[alertTone(alert)]} ${statedTitle(message, alert)}`),
    ...columns,
    ...context(
      message.id,
      literal(timeLine(message, alert)),
      literal(labelled(message, frame.environment, environment)),
      literal(account === null ? '' : labelled(message, frame.account, account)),
      runbookOf(message, alert),
    ),
  ];
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
  const { frame } = message;
  const advice = literal(alert.advice, FINDING_MAX);
  return section(
    joined(
      '\n',
      joined(' ', SIGNS[alertTone(alert)], strong(statedTitle(message, alert))),
      literal(alert.finding, FINDING_MAX),
      advice === '' ? '' : joined(' ', strong(labelled(message, frame.whatToDo, '').trim()), advice),
      joined(
        ' · ',
        literal(urgencyOf(message, alert)),
        literal(timeLine(message, alert)),
        runbookOf(message, alert),
      ),
    ),
  );
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
