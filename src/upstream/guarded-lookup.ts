/**
 * Makes the look-up of a connection refuse addresses: the address that is judged is the address that is dialled.
 *
 * **Invariant**: if any address of a name is not allowed, no connection is made. Every request to an address that somebody
 * else chose (a channel's, a result's, a callback's) goes through it.
 */
import { lookup as systemLookup, type LookupAddress } from 'node:dns';
import type { LookupFunction } from 'node:net';
import { isPublicAddress } from '../ip-ranges.ts';

/** The addresses that a connection may go to: `named` is all, since the config names the host. */
export type Reach = 'public' | 'named' | 'private';

/** The code of {@link guardedLookup}'s error for refused addresses. */
export const ADDRESS_REFUSED = 'ERR_ADDRESS_REFUSED';

/** Makes a look-up for connections that fails if any address of a name is not allowed. */
export function guardedLookup(reach: Reach, lookup: LookupFunction = systemLookup): LookupFunction {
  return (hostname, options, callback) => {
    lookup(hostname, { ...options, all: true }, (error, found) => {
      const addresses = found as LookupAddress[];
      if (error) return callback(error, []);
      if (!addresses.every(({ address }) => isWithin(reach, address))) {
        return callback(Object.assign(new Error('address refused'), { code: ADDRESS_REFUSED }), []);
      }
      const [first] = addresses;
      if (options.all || first === undefined) return callback(null, addresses);
      return callback(null, first.address, first.family);
    });
  };
}

function isWithin(reach: Reach, address: string): boolean {
  return reach === 'named' || isPublicAddress(address) === (reach === 'public');
}
