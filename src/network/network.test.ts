import { expect, test } from 'bun:test';
import { formatAddress, formatSubnet, overlaps, parseAddress, parseSubnet } from './address.ts';
import { chooseAddress, choosePools } from './ipam.ts';

test.each([
  ['10.0.0.1', '10.0.0.1'],
  ['fd00:0:0::1', 'fd00::1'],
  ['::', '::'],
  ['::ffff:1.2.3.4', '::ffff:102:304'],
  ['1:2:3:4:5:6:7:8', '1:2:3:4:5:6:7:8'],
])('address %p', (text, expected) => {
  expect(formatAddress(parseAddress(text)!)).toBe(expected);
});

test.each(['', '1.2.3', '1.2.3.256', '01.2.3.4', ':::', '1::2::3', '1:2:3:4:5:6:7:8:9', 'g::', 'fe80::1%eth0', '1.2.3.4.5'])(
  'no address %p',
  (text) => {
    expect(parseAddress(text)).toBeUndefined();
  },
);

const nothing = { networks: [], routes: [], engineId: '01234567-89ab' };
const four = { ipv4: true, ipv6: false };

test('pools avoid networks and what the host routes', () => {
  expect(choosePools([], four, nothing)).toEqual([{ subnet: '172.17.0.0/16', gateway: '172.17.0.1' }]);
  const taken = { ...nothing, routes: [parseSubnet('172.17.3.0/24')!], networks: [{ subnet: parseSubnet('172.18.0.0/16')!, by: 'mine' }] };
  expect(choosePools([], four, taken)).toEqual([{ subnet: '172.19.0.0/16', gateway: '172.19.0.1' }]);
  const both = choosePools([], { ipv4: true, ipv6: true }, nothing);
  expect(both[1]?.subnet).toBe('fd01:2345:6789::/64');
});

test('pools that cannot be', () => {
  const choose = (config: object) => () =>
    choosePools([config], four, { ...nothing, networks: [{ subnet: parseSubnet('10.1.0.0/16')!, by: 'mine' }] });
  expect(choose({ subnet: '10.0.0.0/33' })).toThrow('invalid subnet 10.0.0.0/33: invalid CIDR block notation');
  expect(choose({ subnet: '10.0.0.5/24' })).toThrow('invalid subnet 10.0.0.5/24: it should be 10.0.0.0/24');
  expect(choose({ subnet: '10.0.0.0/8' })).toThrow('Pool overlaps with other one on this address space');
  expect(choose({ subnet: '10.0.0.0/24', gateway: '10.0.1.1' })).toThrow(
    "invalid gateway 10.0.1.1: parent subnet 10.0.0.0/24 doesn't contain this address",
  );
  expect(choose({ subnet: '10.0.0.0/24', ipRange: '10.0.1.0/25' })).toThrow(
    "invalid ip-range 10.0.1.0/25: parent subnet 10.0.0.0/24 doesn't contain ip-range",
  );
  expect(choose({ subnet: 'fd00::/64' })).toThrow('IPv6 is disabled');
});

test('addresses: the lowest free one, or the one that is wanted', () => {
  const pools = [{ subnet: '10.0.0.0/29', gateway: '10.0.0.1', auxiliaryAddresses: { router: '10.0.0.2' } }];
  const used = new Set<bigint>();
  const next = (wanted?: string) => formatAddress(chooseAddress(pools, 4, used, wanted).address);
  expect(next()).toBe('10.0.0.3');
  used.add(parseAddress('10.0.0.3')!.value);
  expect(next()).toBe('10.0.0.4');
  expect(next('10.0.0.6')).toBe('10.0.0.6');
  expect(() => next('10.0.0.3')).toThrow('Address already in use');
  expect(() => next('10.0.0.2')).toThrow('Address already in use');
  expect(() => next('10.0.1.1')).toThrow('no configured subnet contains IP address 10.0.1.1');
  for (const last of ['10.0.0.4', '10.0.0.5', '10.0.0.6']) used.add(parseAddress(last)!.value);
  expect(() => next()).toThrow('no available IPv4 addresses');
});

test('subnets', () => {
  expect(formatSubnet(parseSubnet('10.1.2.3/8')!)).toBe('10.0.0.0/8');
  expect(overlaps(parseSubnet('10.0.0.0/8')!, parseSubnet('10.255.0.0/16')!)).toBe(true);
  expect(overlaps(parseSubnet('10.0.0.0/8')!, parseSubnet('11.0.0.0/8')!)).toBe(false);
});
