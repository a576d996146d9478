import { describe, expect, test } from 'vitest';
import { isPublicAddress } from '../src/ip-ranges.ts';

describe('an address is public', () => {
  test.each([
    '93.184.215.14',
    '8.8.8.8',
    '100.63.255.255',
    '172.32.0.1',
    '2606:4700::6810:1',
    '2a00:1450::1',
  ])('%s', (address) => expect(isPublicAddress(address)).toBe(true));
});

describe('an address is not public', () => {
  test.each([
    ['this host', '0.0.0.0'],
    ['private', '10.1.2.3'],
    ['private', '172.31.255.255'],
    ['private', '192.168.0.1'],
    ['shared by a carrier', '100.64.0.1'],
    ['shared by a carrier', '100.127.255.255'],
    ['loopback', '127.0.0.1'],
    ['loopback', '127.255.255.254'],
    ['link-local', '169.254.169.254'],
    ['multicast', '224.0.0.1'],
    ['reserved', '255.255.255.255'],
    ['documentation', '192.0.2.1'],
    ['loopback', '::1'],
    ['unspecified', '::'],
    ['mapped', '::ffff:127.0.0.1'],
    ['mapped though public', '::ffff:8.8.8.8'],
    ['mapped in hex', '::ffff:0808:0808'],
    ['NAT64', '64:ff9b::808:808'],
    ['NAT64 of a site', '64:ff9b:1::1'],
    ['ULA', 'fd00::1'],
    ['link-local', 'fe80::1'],
    ['link-local with a zone', 'fe80::1%eth0'],
    ['multicast', 'ff02::1'],
    ['6to4', '2002:a00:1::'],
    ['Teredo', '2001::1'],
    ['documentation', '2001:db8::1'],
    ['no address', 'localhost'],
    ['no address', '127.1'],
    ['no address', ''],
  ])('%s: %s', (_what, address) => expect(isPublicAddress(address)).toBe(false));
});
