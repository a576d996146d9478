/** Other programs' variables for a proxy: this program uses only `upstream.proxy`, and warns about them. */
import { isLoopback } from '../listen.ts';
import type { Environment } from './config-environment.ts';

const PROXY_VARIABLES = new Set(['https_proxy', 'all_proxy']);

/**
 * Gives a warning if a proxy variable is set, in any case, that curl and others would use for this upstream and the
 * sidecar does not; null if there is none. Never shows its value, which may hold a password.
 */
export function unusedProxyWarning(
  env: Environment,
  { baseUrl, proxy }: { baseUrl: string; proxy: string | null },
): string | null {
  const { hostname, protocol } = new URL(baseUrl);
  if (proxy !== null || protocol !== 'https:' || isLoopback(hostname.replace(/[[\]]/g, ''))) return null;
  const names = Object.keys(env).filter(
    (name) => PROXY_VARIABLES.has(name.toLowerCase()) && (env[name] ?? '') !== '',
  );
  const [name] = names.toSorted((a, b) => a.localeCompare(b));
  if (name === undefined || isExempt(env, hostname)) return null;
  return (
    `${name} is set and not used: the sidecar connects to ${hostname} directly. ` +
    'If Kling is reached through that proxy, set upstream.proxy to its http://host:port.'
  );
}

/** Whether NO_PROXY, in any case, names the host or a domain that it is in. */
function isExempt(env: Environment, hostname: string): boolean {
  const lists = Object.entries(env).filter(([name]) => name.toLowerCase() === 'no_proxy');
  const names = lists.flatMap(([, value]) => (value ?? '').toLowerCase().split(/[\s,]+/));
  return names.some((name) => {
    const domain = name.replace(/^\*?\./, '').replace(/:\d+$/, '');
    return name === '*' || (domain !== '' && (hostname === domain || hostname.endsWith(`.${domain}`)));
  });
}
