/**
 * The meaning of a failed delivery by SMTP.
 *
 * **Invariant**: an error has nodemailer's code and the server's number, never the server's text, which holds addresses.
 */
import { ChannelError } from '../channel.ts';

/** The fields of nodemailer's error. */
interface SmtpFailure {
  /** Such as `EAUTH`. */
  code?: unknown;
  /** The number in the server's answer. */
  responseCode?: unknown;
  /** The command that failed, such as `RCPT TO`. */
  command?: unknown;
}

const REASONS: Readonly<Record<string, string>> = {
  EDNS: 'cannot be found: its name has no address',
  ECONNECTION: 'closed the connection',
  ESOCKET: 'was not reached',
  ETIMEDOUT: 'gave no answer in time',
  ETLS: 'offers no TLS that can be trusted: STARTTLS is needed except on this machine',
  EAUTH: 'refuses the user or the password',
  ENOAUTH: 'takes no user and password',
  EENVELOPE: 'refuses the sender or every recipient',
  EMESSAGE: 'refuses the message',
  EPROTOCOL: 'does not speak SMTP',
};

/** Converts nodemailer's failure to one of the channel: final if the server's number is permanent, except for TLS. */
export function mailRefusal(error: unknown): ChannelError {
  const { code, responseCode, command } = (error ?? {}) as SmtpFailure;
  const reason = (typeof code === 'string' ? REASONS[code] : undefined) ?? 'did not take the message';
  const number = typeof responseCode === 'number' ? responseCode : null;
  const step = typeof command === 'string' && /^[A-Z ]{1,12}$/.test(command) ? ` to ${command}` : '';
  const answered = number === null ? '' : ` (answered ${number}${step})`;
  // A server may be without TLS for a while, or something in between may hide its offer.
  const isFinal = number !== null && isLasting(number) && code !== 'ETLS';
  return new ChannelError(`The mail server ${reason}${answered}`, { isFinal });
}

/**
 * Checks that every recipient was accepted.
 *
 * @throws ChannelError if some were not. If a server may accept one of them later, the mail is sent again, and the others
 * get it twice with the same `Message-ID`; else it is final.
 */
export function refusedRecipients(info: {
  accepted: readonly unknown[];
  rejected: readonly unknown[];
  rejectedErrors?: readonly unknown[] | undefined;
}): void {
  const { accepted, rejected, rejectedErrors = [] } = info;
  if (rejected.length === 0) return;
  const numbers = rejectedErrors.map((error) => (error as SmtpFailure).responseCode);
  const total = accepted.length + rejected.length;
  throw new ChannelError(`The mail server refuses ${rejected.length} of ${total} recipients`, {
    isFinal: numbers.every((number) => typeof number === 'number' && isLasting(number)),
  });
}

/** RFC 5321: a 5yz is permanent, except 503, which is about the session. */
function isLasting(number: number): boolean {
  return number >= 500 && number < 600 && number !== 503;
}
