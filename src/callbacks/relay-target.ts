/**
 * The addresses to which callbacks are relayed. They come from callers, so they are judged as strictly as addresses of results: https,
 * port 443 and public, or a host with its port that the operator has named.
 *
 * **Invariant**: a name that leads to a private address is refused when the connection is made (`upstream/guarded-lookup.ts`).
 * No fault repeats the address.
 */
import { isIP } from 'node:net';
import { isPublicAddress } from '../ip-ranges.ts';
import type { Target } from '../alerts/channels/post.ts';

const URL_CHARS_MAX = 2_048;
const PORTS: Readonly<Record<string, string>> = { 'http:': '80', 'https:': '443' };

/** Judges an address; a text is the fault for which it is not called. */
export function relayTargetOf(text: string, relayTo: readonly string[]): Target | string {
  const url = text.length <= URL_CHARS_MAX && URL.canParse(text) ? new URL(text) : null;
  if (url === null || !Object.hasOwn(PORTS, url.protocol)) return 'it is no http or https address';
  if (url.username !== '' || url.password !== '') return 'it has a user name';
  const { origin, hostname } = url;
  const target = { origin, path: `${url.pathname}${url.search}` };
  const place = `${hostname}:${url.port === '' ? PORTS[url.protocol] : url.port}`;
  if (relayTo.some((each) => each.toLowerCase() === place)) return { ...target, reach: 'named' };
  if (url.protocol !== 'https:' || url.port !== '')
    return 'it is not https on port 443, and its host and port are not in callbacks.relayTo';
  const host = hostname.replace(/^\[|\]$/g, '');
  if (host === 'localhost' || (isIP(host) !== 0 && !isPublicAddress(host)))
    return 'its address is not public, and not in callbacks.relayTo';
  return { ...target, reach: 'public' };
}
