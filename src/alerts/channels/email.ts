/**
 * E-mail by SMTP (nodemailer), as text and as simple HTML.
 *
 * `Message-ID` is made from the message's id, so that a mail sent twice is shown once; later events of an alert answer the
 * first mail about it (`In-Reply-To`, `References`), so that mail readers keep them together. STARTTLS is needed unless the
 * URL begins with `smtps:` or the server is on this machine. Each message has a connection of its own, with a time limit.
 */
import { z } from 'zod';
import type { Clock } from '../../clock.ts';
import type { Ms } from '../../units.ts';
import type { AlertMessage } from '../alert.ts';
import { ChannelError, referenceKey, type Channel, type References } from '../channel.ts';
import { channelName, onePlace, secretPlace } from './channel-fields.ts';
import type { ChannelDeps } from './channel-deps.ts';
import { cutText } from './cut-text.ts';
import { htmlMessage } from './html-message.ts';
import { headingOf, plainMessage, SENDER } from './message-lines.ts';
import { shownMessage } from './shown-message.ts';
import { checkSecret } from './secret-check.ts';
import { smtpAddress, type SmtpAddress } from './smtp-address.ts';
import { mailRefusal, refusedRecipients } from './smtp-refusal.ts';

export const emailSection = z
  .strictObject({
    name: channelName,
    type: z.literal('email'),
    ...secretPlace('smtpUrl'),
    from: z.email({ error: 'an e-mail address' }),
    to: z
      .array(z.email({ error: 'an e-mail address' }))
      .min(1)
      .max(50)
      .readonly(),
  })
  .superRefine(onePlace('smtpUrl'));
export type EmailConfig = z.output<typeof emailSection>;

/** Servers' limits differ; many slow a sender down above one mail a second. */
const PACE_MS: Ms = 1_000;
/** For a whole message, from the look-up of the name to the server's last answer. */
const TIMEOUT_MS: Ms = 30_000;
const SUBJECT_MAX = 200;
const TEXT_MAX = 2_000;
const RESPONSE_BYTES_MAX = 65_536;

/**
 * Opens a channel to mail addresses; nothing is connected before the first message.
 *
 * @throws SidecarError `secret_invalid` if the server's URL is none.
 */
export function openEmail(config: EmailConfig, deps: ChannelDeps): Channel {
  const server = (): SmtpAddress => smtpAddress(deps.secret('smtpUrl').reveal());
  checkSecret(config, server);
  const closing = new AbortController();
  return {
    name: config.name,
    type: 'email',
    paceMs: PACE_MS,
    async send(message, references) {
      const mail = mailOf(message, { config, references });
      const { auth, ...address } = server();
      // Loaded with the first mail: every command reads the config's shape, and most send no mail.
      const { createTransport } = await import('nodemailer');
      const transport = createTransport({
        ...address,
        ...(auth === null ? {} : { auth, forceAuth: true }),
        connectionTimeout: TIMEOUT_MS,
        greetingTimeout: TIMEOUT_MS,
        socketTimeout: TIMEOUT_MS,
        dnsTimeout: TIMEOUT_MS,
        maxResponseSize: RESPONSE_BYTES_MAX,
        disableFileAccess: true,
        disableUrlAccess: true,
        tls: { minVersion: 'TLSv1.2' },
      });
      const deliver = (signal: AbortSignal) => transport.sendMail({ ...mail.content, signal });
      const info = await inTime(deps.clock, closing.signal, deliver);
      refusedRecipients(info);
      return mail.references;
    },
    close() {
      closing.abort();
      return Promise.resolve();
    },
  };
}

/** Runs a delivery until its end, its time limit, or the close of the channel; gives every failure as a ChannelError. */
async function inTime<T>(
  clock: Clock,
  closing: AbortSignal,
  deliver: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const limit = new AbortController();
  const timer = clock.after(TIMEOUT_MS, () => limit.abort());
  try {
    return await deliver(AbortSignal.any([limit.signal, closing]));
  } catch (error) {
    if (limit.signal.aborted) {
      throw new ChannelError(`The mail server did not take the message within ${TIMEOUT_MS / 1_000} s`);
    }
    if (closing.aborted) throw new ChannelError('The mail was not sent: the channel is closed');
    throw mailRefusal(error);
  } finally {
    timer.cancel();
  }
}

/** Makes the mail of a message and the references to keep: for each alert the first mail about it. */
function mailOf(
  message: AlertMessage,
  { config, references }: { config: EmailConfig; references: References },
): { content: object; references: References } {
  const shown = shownMessage(message, { textMax: TEXT_MAX });
  const messageId = `<${idPart(message.id)}@${domainOf(config.from)}>`;
  const keys = message.alerts.map(referenceKey);
  const kept = Object.fromEntries(keys.map((key) => [key, references[key] ?? messageId]));
  const earlier = [...new Set(keys.map((key) => references[key]).filter((id) => id !== undefined))];
  const [first] = earlier;
  const content = {
    from: { name: SENDER, address: config.from },
    to: [...config.to],
    subject: cutText(`[${shown.environment}] ${headingOf(shown)}`, SUBJECT_MAX),
    text: `${plainMessage(shown)}\n`,
    html: htmlMessage(shown),
    date: new Date(message.at),
    messageId,
    ...(first === undefined ? {} : { inReplyTo: first, references: earlier }),
    // Prevents out-of-office answers (RFC 3834).
    headers: { 'Auto-Submitted': 'auto-generated' },
  };
  return { content, references: kept };
}

function idPart(id: string): string {
  return id.replaceAll(/[^A-Za-z0-9._-]/g, '-');
}

function domainOf(address: string): string {
  return address.slice(address.lastIndexOf('@') + 1);
}
