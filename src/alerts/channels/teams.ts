/**
 * Microsoft Teams: a workflow "When a Teams webhook request is received", sent an Adaptive Card.
 *
 * Its rules (learn.microsoft.com, read 2026-11-28): connectors/teams allows 25 cards in 5 minutes for each connection of a flow
 * bot, and the flow answers 202 before it posts, so a card above the limit is lost without an error; a message may have about 28 KB
 * (microsoftteams/limits-specifications-teams); a card has `type: message` and one attachment (webhooks-and-connectors,
 * connectors-using). The older connectors take the same card and answer 200 with the text of an error.
 *
 * Every text is a text run: unlike a text block it has no Markdown, so no part of a text becomes a link or a mention.
 */
import { z } from 'zod';
import type { AlertMessage, WordedAlert } from '../alert.ts';
import { ChannelError, type Channel } from '../channel.ts';
import { channelName, onePlace, secretPlace } from './channel-fields.ts';
import type { ChannelDeps } from './channel-deps.ts';
import { adviceLine, headingOf, moreLine, placeLine, subheadingOf, timeLine } from './message-lines.ts';
import type { Explanation, PostAnswer } from './post.ts';
import { checkSecret } from './secret-check.ts';
import { anyAddress } from './webhook-host.ts';
import { alertTone, fitMessage, messageTone, type ShownMessage, type Tone } from './shown-message.ts';

export const teamsSection = z
  .strictObject({ name: channelName, type: z.literal('teams'), ...secretPlace('webhookUrl') })
  .superRefine(onePlace('webhookUrl'));
export type TeamsConfig = z.output<typeof teamsSection>;

/** 25 in 5 minutes. */
const PACE_MS = 12_000;
const BODY_BYTES_MAX = 24_000;

/**
 * Opens a channel to a workflow of Microsoft Teams.
 *
 * @throws SidecarError `secret_invalid` if the workflow's address is none.
 */
export function openTeams(config: TeamsConfig, deps: ChannelDeps): Channel {
  const receiver = 'Microsoft Teams';
  const address = (): URL => anyAddress(deps.secret('webhookUrl').reveal(), receiver);
  checkSecret(config, address);
  return {
    name: config.name,
    type: 'teams',
    paceMs: PACE_MS,
    async send(message) {
      const answer = await deps.post({ url: address().href, body: teamsBody(message), receiver, explain });
      const status = /returned HTTP error (\d{3})/.exec(answer.body)?.[1];
      if (status !== undefined) {
        throw new ChannelError(`${receiver} did not take the message (its endpoint answered ${status})`, {
          isFinal: status.startsWith('4') && status !== '429',
        });
      }
      return {};
    },
    close: () => Promise.resolve(),
  };
}

function explain({ status }: PostAnswer): Explanation | null {
  if (status === 429) return { reason: 'too many messages' };
  if (status === 413) return { reason: 'the message is too large' };
  const isGone = [400, 401, 403, 404, 410].includes(status);
  return isGone ? { reason: 'the workflow is off, deleted or has a new address', isFinal: true } : null;
}

/** Makes the request of a message, within the size limit. */
export function teamsBody(message: AlertMessage): string {
  return fitMessage(message, bodyOf, (body) => Buffer.byteLength(body) <= BODY_BYTES_MAX);
}

function bodyOf(message: ShownMessage): string {
  return JSON.stringify({
    type: 'message',
    summary: headingOf(message),
    attachments: [
      { contentType: 'application/vnd.microsoft.card.adaptive', contentUrl: null, content: cardOf(message) },
    ],
  });
}

const COLOURS: Readonly<Record<Tone, string>> = {
  page: 'attention',
  ticket: 'warning',
  info: 'accent',
  over: 'good',
};

function cardOf(message: ShownMessage): object {
  const more = moreLine(message);
  return {
    $schema: 'http://adaptivecards.io/schemas/adaptive-card.json',
    type: 'AdaptiveCard',
    version: '1.4',
    fallbackText: headingOf(message),
    msteams: { width: 'Full' },
    body: [
      text(headingOf(message), { weight: 'bolder', size: 'large', color: COLOURS[messageTone(message)] }),
      ...message.alerts.map((alert) => alertContainer(message, alert)),
      ...(more === '' ? [] : [text(more)]),
      { ...text(placeLine(message), { size: 'small', isSubtle: true }), separator: true },
    ],
  };
}

function alertContainer(message: ShownMessage, alert: WordedAlert): object {
  const texts = [alert.finding, adviceLine(message, alert), timeLine(message, alert)].filter(
    (line) => line !== '',
  );
  const subheading = subheadingOf(message, alert);
  const link = { type: 'Action.OpenUrl', title: message.frame.runbook, url: alert.runbookUrl };
  return {
    type: 'Container',
    separator: true,
    items: [
      ...(subheading === ''
        ? []
        : [text(subheading, { weight: 'bolder', color: COLOURS[alertTone(alert)] })]),
      ...texts.map((line) => text(line)),
      ...(alert.runbookUrl === '' ? [] : [{ type: 'ActionSet', actions: [link] }]),
    ],
  };
}

interface Style {
  weight?: 'bolder';
  size?: 'small' | 'large';
  color?: string;
  isSubtle?: boolean;
}

function text(line: string, style: Style = {}): object {
  return { type: 'RichTextBlock', inlines: [{ type: 'TextRun', text: line, ...style }] };
}
