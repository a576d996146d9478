/** The address of a mail server, read from its URL. */
import { isIP } from 'node:net';
import { ChannelError } from '../channel.ts';

/** The parameters of a connection to a mail server. */
export interface SmtpAddress {
  host: string;
  port: number;
  /** TLS from the first byte on. */
  secure: boolean;
  /** Nothing is sent before STARTTLS succeeded. */
  requireTLS: boolean;
  /** STARTTLS is not used: the server is on this machine. */
  ignoreTLS: boolean;
  auth: { user: string; pass: string } | null;
}

const SUBMISSION_PORT = 587;
const SECURE_PORT = 465;

/**
 * Reads `smtp://user:password@host:587` or `smtps://user:password@host`; user and password are percent-encoded, and may be
 * absent together. Without TLS only for loopback.
 *
 * @throws ChannelError (final) if it is none; the error never holds a part of the URL.
 */
export function smtpAddress(text: string): SmtpAddress {
  const url = URL.canParse(text.trim()) ? new URL(text.trim()) : null;
  if (url === null || !/^smtps?:$/.test(url.protocol) || url.hostname === '') {
    throw refused('it is no URL that begins with smtp:// or smtps://');
  }
  if (url.search !== '' || url.hash !== '' || !/^\/?$/.test(url.pathname)) {
    throw refused('it has more than user, password, host and port');
  }
  const secure = url.protocol === 'smtps:';
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const isLocal = isLoopback(host);
  return {
    host,
    port: url.port === '' ? (secure ? SECURE_PORT : SUBMISSION_PORT) : Number(url.port),
    secure,
    requireTLS: !secure && !isLocal,
    ignoreTLS: !secure && isLocal,
    auth: authOf(url),
  };
}

function authOf({ username, password }: URL): SmtpAddress['auth'] {
  if (username === '' && password === '') return null;
  if (username === '' || password === '')
    throw refused('it has a user without a password, or a password without a user');
  try {
    return { user: decodeURIComponent(username), pass: decodeURIComponent(password) };
  } catch {
    throw refused('its user or password is not percent-encoded');
  }
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));
}

function refused(why: string): ChannelError {
  return new ChannelError(`The URL of the mail server cannot be used: ${why}`, { isFinal: true });
}
