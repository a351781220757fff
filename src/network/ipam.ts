import { EngineError } from '../base/index.ts';
import {
  bitsOf,
  contains,
  formatAddress,
  formatSubnet,
  lastOf,
  overlaps,
  parseAddress,
  parseSubnet,
  type IpAddress,
  type Subnet,
} from './address.ts';
import type { CreateNetworkRequest, IpamConfig } from './contract.ts';

/** Docker's pools, in its order: 172.17/16 … 172.31/16, then 192.168/16 in pieces of /20. moby libnetwork/ipamutils. */
function* defaultPools(): Generator<Subnet> {
  for (let second = 17; second <= 31; second += 1) yield { family: 4, value: (172n << 24n) | (BigInt(second) << 16n), prefixLength: 16 };
  for (let third = 0; third < 256; third += 16)
    yield { family: 4, value: (192n << 24n) | (168n << 16n) | (BigInt(third) << 8n), prefixLength: 20 };
}

/** What a subnet must not overlap, and how to name it. */
export interface Occupied {
  readonly subnet: Subnet;
  readonly by: string;
}

/**
 * The pools of a new network: those that were asked for, checked, and free ones for the families that were not. Pure.
 * @throws {EngineError} InvalidArgument or Forbidden, in Docker's words.
 */
export function choosePools(
  wanted: CreateNetworkRequest['ipam']['config'],
  families: { readonly ipv4: boolean; readonly ipv6: boolean },
  taken: { readonly networks: readonly Occupied[]; readonly routes: readonly Subnet[]; readonly engineId: string },
): readonly IpamConfig[] {
  const chosen: IpamConfig[] = [];
  const occupied = [...taken.networks];
  let [need4, need6] = [families.ipv4, families.ipv6];
  for (const config of wanted) {
    const checked = checkPool(config, occupied);
    if (checked === undefined) continue;
    const subnet = parseSubnet(checked.subnet)!;
    if (subnet.family === 6 && !families.ipv6) throw invalid('invalid network config:\nuser specified IPv6 subnet but IPv6 is disabled');
    if (subnet.family === 4) need4 = false;
    else need6 = false;
    occupied.push({ subnet, by: 'this network' });
    chosen.push(checked);
  }
  const free = (candidates: Iterable<Subnet>) => {
    for (const candidate of candidates) {
      if (occupied.some(({ subnet }) => overlaps(subnet, candidate)) || taken.routes.some((route) => overlaps(route, candidate))) continue;
      return { subnet: formatSubnet(candidate), gateway: formatAddress({ family: candidate.family, value: candidate.value + 1n }) };
    }
    throw new EngineError('Forbidden', 'all predefined address pools have been fully subnetted');
  };
  if (need4) chosen.unshift(free(defaultPools()));
  if (need6) chosen.push(free(uniqueLocalPools(taken.engineId)));
  return chosen;
}

// RFC 4193: fd, 40 bits of this engine's own, 16 bits for the network.
function* uniqueLocalPools(engineId: string): Generator<Subnet> {
  const own = BigInt(`0x${engineId.replaceAll('-', '').slice(0, 10).padEnd(10, '0')}`);
  for (let index = 0n; index < 65536n; index += 1n)
    yield { family: 6, value: (0xfdn << 120n) | (own << 80n) | (index << 64n), prefixLength: 64 };
}

function checkPool(config: Partial<IpamConfig>, occupied: readonly Occupied[]): IpamConfig | undefined {
  if (config.subnet === undefined || config.subnet === '') {
    if ((config.gateway ?? '') !== '' || (config.ipRange ?? '') !== '') throw invalid('invalid subnet : invalid CIDR block notation');
    return undefined;
  }
  const subnet = parseSubnet(config.subnet);
  if (subnet === undefined) throw invalid(`invalid network config:\ninvalid subnet ${config.subnet}: invalid CIDR block notation`);
  if (subnet.value !== subnet.address.value) {
    throw invalid(`invalid network config:\ninvalid subnet ${config.subnet}: it should be ${formatSubnet(subnet)}`);
  }
  const clash = occupied.find((each) => overlaps(each.subnet, subnet));
  if (clash !== undefined) {
    throw new EngineError(
      'Forbidden',
      `invalid pool request: Pool overlaps with other one on this address space: ${formatSubnet(subnet)} and ${formatSubnet(clash.subnet)} of ${clash.by}`,
    );
  }
  const range = rangeOf(config.ipRange, subnet);
  const inside = (text: string, what: string): IpAddress => {
    const address = parseAddress(text);
    if (address === undefined) throw invalid(`invalid network config:\ninvalid ${what} ${text}: invalid address`);
    if (!contains(subnet, address))
      throw invalid(`invalid network config:\ninvalid ${what} ${text}: parent subnet ${formatSubnet(subnet)} doesn't contain this address`);
    return address;
  };
  const gateway = (config.gateway ?? '') === '' ? undefined : inside(config.gateway!, 'gateway');
  for (const address of Object.values(config.auxiliaryAddresses ?? {})) inside(address, 'auxiliary address');
  if (subnet.prefixLength > bitsOf(subnet.family) - 2)
    throw invalid(`invalid network config:\ninvalid subnet ${config.subnet}: it has no room for a gateway and a container`);
  const auxiliary = config.auxiliaryAddresses ?? {};
  const first = firstFree(range ?? subnet, subnet, new Set(Object.values(auxiliary).map((text) => parseAddress(text)!.value)));
  return {
    subnet: config.subnet,
    ...(config.ipRange === undefined || config.ipRange === '' ? {} : { ipRange: config.ipRange }),
    gateway: formatAddress(gateway ?? { family: subnet.family, value: first ?? subnet.value + 1n }),
    ...(Object.keys(auxiliary).length === 0 ? {} : { auxiliaryAddresses: auxiliary }),
  };
}

function rangeOf(text: string | undefined, subnet: Subnet): Subnet | undefined {
  if (text === undefined || text === '') return undefined;
  const range = parseSubnet(text);
  if (range === undefined) throw invalid(`invalid network config:\ninvalid ip-range ${text}: invalid CIDR block notation`);
  if (range.family !== subnet.family || range.value < subnet.value || lastOf(range) > lastOf(subnet)) {
    throw invalid(`invalid network config:\ninvalid ip-range ${text}: parent subnet ${formatSubnet(subnet)} doesn't contain ip-range`);
  }
  return range;
}

/**
 * An address of a pool: the one that was asked for, or the lowest free one. `used` holds the addresses of endpoints.
 * @throws {EngineError} Forbidden `Address already in use`; InvalidArgument, when it lies outside; Forbidden, when none is left.
 */
export function chooseAddress(
  pools: readonly IpamConfig[],
  family: 4 | 6,
  used: ReadonlySet<bigint>,
  wanted: string | undefined,
): { readonly address: IpAddress; readonly subnet: Subnet; readonly gateway: string } {
  const own = pools.flatMap((config) => {
    const subnet = parseSubnet(config.subnet)!;
    return subnet.family === family ? [{ config, subnet }] : [];
  });
  if (wanted !== undefined && wanted !== '') {
    const address = parseAddress(wanted);
    if (address === undefined || address.family !== family) throw invalid(`invalid IPv${family} address: ${wanted}`);
    const pool = own.find(({ subnet }) => contains(subnet, address));
    if (pool === undefined) throw invalid(`invalid endpoint settings:\nno configured subnet contains IP address ${wanted}`);
    if (used.has(address.value) || reserved(pool.config, pool.subnet).has(address.value))
      throw new EngineError('Forbidden', 'Address already in use');
    return { address, subnet: pool.subnet, gateway: pool.config.gateway ?? '' };
  }
  for (const { config, subnet } of own) {
    const taken = new Set([...used, ...reserved(config, subnet)]);
    const value = firstFree(config.ipRange === undefined ? subnet : parseSubnet(config.ipRange)!, subnet, taken);
    if (value !== undefined) return { address: { family, value }, subnet, gateway: config.gateway ?? '' };
  }
  throw new EngineError('Forbidden', 'no available IPv' + String(family) + " addresses on this network's address pools");
}

function reserved(config: IpamConfig, subnet: Subnet): ReadonlySet<bigint> {
  const texts = [config.gateway ?? '', ...Object.values(config.auxiliaryAddresses ?? {})].filter((text) => text !== '');
  const values = new Set(texts.map((text) => parseAddress(text)!.value));
  values.add(subnet.value);
  if (subnet.family === 4) values.add(lastOf(subnet));
  return values;
}

// Neither the network's own address nor, with IPv4, its broadcast one.
function firstFree(range: Subnet, subnet: Subnet, taken: ReadonlySet<bigint>): bigint | undefined {
  const last = lastOf(range);
  for (let value = range.value; value <= last; value += 1n) {
    if (value === subnet.value || (subnet.family === 4 && value === lastOf(subnet)) || taken.has(value)) continue;
    return value;
  }
  return undefined;
}

function invalid(message: string): EngineError {
  return new EngineError('InvalidArgument', message);
}
