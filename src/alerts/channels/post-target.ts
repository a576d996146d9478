/** The allowed targets of a POST: by the scheme and host of its URL, and by the addresses of the host's name. */
import { isIP } from 'node:net';
import { isPublicAddress } from '../../ip-ranges.ts';
import type { Reach } from '../../upstream/guarded-lookup.ts';
import { ChannelError } from '../channel.ts';
import type { PostRequest, Target } from './post.ts';

/**
 * Reads a request's URL and decides which addresses it may be sent to: public ones, and others if its host is an address,
 * `localhost` or listed. Without TLS only addresses that are not public.
 *
 * @throws ChannelError (final) if it is no URL, has a user name or another scheme, or is http to a public address.
 */
export function targetOf({ url: text, receiver, privateHosts = [] }: PostRequest): Target {
  const url = readUrl(text);
  if (url === null) {
    throw new ChannelError(`The address of ${receiver} is not an http or https URL without user name`, {
      isFinal: true,
    });
  }
  const reach = reachOf(url, privateHosts);
  if (reach === null) {
    throw new ChannelError(
      `The address of ${receiver} is http: only hosts that are local and that the config names may go without TLS. Use https`,
      { isFinal: true },
    );
  }
  return { origin: url.origin, path: `${url.pathname}${url.search}`, reach };
}

/** Returns whether {@link targetOf} accepts a URL: for addresses in the config. */
export function isPostable(text: string, privateHosts: readonly string[]): boolean {
  const url = readUrl(text);
  return url !== null && reachOf(url, privateHosts) !== null;
}

/** Gives the host of a URL, an IPv6 address without brackets; null if it is no usable URL. */
export function hostOf(text: string): string | null {
  const url = readUrl(text);
  return url === null ? null : bareHost(url);
}

function readUrl(text: string): URL | null {
  const url = URL.canParse(text) ? new URL(text) : null;
  return url !== null && /^https?:$/.test(url.protocol) && url.username === '' && url.password === ''
    ? url
    : null;
}

function bareHost({ hostname }: URL): string {
  return hostname.replace(/^\[|\]$/g, '');
}

/** Null if no address is allowed, because it is http to an address that is public or not named. */
function reachOf(url: URL, privateHosts: readonly string[]): Reach | null {
  const host = bareHost(url);
  const isAddress = isIP(host) !== 0;
  const isListed = privateHosts.some((each) => each.toLowerCase() === host);
  const isNamed = isAddress || host === 'localhost' || isListed;
  if (url.protocol === 'https:') return isNamed ? 'named' : 'public';
  return isNamed && !(isAddress && isPublicAddress(host)) ? 'private' : null;
}
