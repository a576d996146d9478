/**
 * Public addresses: those of the Internet outside all special ranges (IANA's special-purpose registries, RFC 6890).
 *
 * A name that others control can resolve to any address, such as the machine's own services or a cloud's metadata. So requests
 * to a name go only to addresses that {@link isPublicAddress} accepts, unless the config names the host as private.
 */
import { BlockList, isIP } from 'node:net';

/** This host, private, shared (CGNAT), loopback, link-local, protocols, documentation, 6to4, benchmarks, multicast, reserved. */
const SPECIAL_V4: readonly (readonly [string, number])[] = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
];

/** What is in use of IPv6; loopback, ULA, link-local, multicast, NAT64 and mapped IPv4 are all outside of it. */
const GLOBAL_V6: readonly [string, number] = ['2000::', 3];
/** Protocols with Teredo, documentation, and 6to4, which wraps an IPv4 address. */
const SPECIAL_V6: readonly (readonly [string, number])[] = [
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['3fff::', 20],
];

// One list for each family: Node compares an IPv4 address with rules for IPv6 as if it were mapped.
const specialV4 = new BlockList();
for (const [net, prefix] of SPECIAL_V4) specialV4.addSubnet(net, prefix, 'ipv4');
const specialV6 = new BlockList();
for (const [net, prefix] of SPECIAL_V6) specialV6.addSubnet(net, prefix, 'ipv6');
const globalV6 = new BlockList();
globalV6.addSubnet(...GLOBAL_V6, 'ipv6');

/** Returns whether an address is of the public Internet; false for a text that is no address. */
export function isPublicAddress(address: string): boolean {
  const [bare = ''] = address.split('%');
  const family = isIP(bare);
  if (family === 4) return !specialV4.check(bare, 'ipv4');
  return family === 6 && globalV6.check(bare, 'ipv6') && !specialV6.check(bare, 'ipv6');
}
