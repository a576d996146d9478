/**
 * Hosts in one spelling, so that all calls to a host are counted together: lower case, without scheme, trailing dot and
 * default port.
 */

const HOST_LENGTH_MAX = 253;

/**
 * Gives the one spelling of a host: `https://API-Singapore.klingai.com.:443/` becomes `api-singapore.klingai.com`. A port
 * other than the scheme's default (https if none is given) is kept.
 * @returns null if the text names no host, or more than a host.
 */
export function normalHost(text: string): string | null {
  const given = text.trim();
  const target = /^[a-z][a-z0-9+.-]*:\/\//i.test(given) ? given : `https://${given}`;
  const url = URL.canParse(target) ? new URL(target) : null;
  if (!url || (url.protocol !== 'https:' && url.protocol !== 'http:')) return null;
  if (url.pathname !== '/' || url.search !== '' || url.hash !== '') return null;
  if (url.username !== '' || url.password !== '') return null;
  const name = url.hostname.replace(/\.$/, '');
  if (name === '' || name.length > HOST_LENGTH_MAX) return null;
  return url.port === '' ? name : `${name}:${url.port}`;
}

const filters = new WeakMap<readonly string[], (host: string) => boolean>();

/** Makes a function that returns whether a host, with or without a port, is one of some hosts in any spelling. */
export function hostFilter(names: readonly string[]): (host: string) => boolean {
  const made = filters.get(names) ?? makeFilter(names);
  filters.set(names, made);
  return made;
}

function makeFilter(names: readonly string[]): (host: string) => boolean {
  const wanted = new Set(names.map((name) => normalHost(name) ?? name));
  return (host) => {
    const normal = normalHost(host) ?? host;
    return wanted.has(normal) || wanted.has(normal.replace(/:\d+$/, ''));
  };
}
