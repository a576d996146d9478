/**
 * Hosts in one spelling, so that calls to one host are one host's calls: lower case, without scheme, trailing dot and
 * default port.
 */

const HOST_LENGTH_MAX = 253;

/**
 * Gives a host's one spelling: `https://API-Singapore.klingai.com.:443/` becomes `api-singapore.klingai.com`. A port that
 * is not the scheme's own (https where none is given) is kept.
 * @returns null where the text names no host, or more than a host.
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

/** Makes the check whether a host, perhaps with a port, is one of some hosts; spellings are alike. */
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
