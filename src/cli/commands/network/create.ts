import type { Command } from '../../command.ts';
import type { FlagValues } from '../../flags/index.ts';

export const command: Command = {
  usage: '[OPTIONS] NETWORK',
  summary: 'Make a network',
  arguments: { minimum: 1, maximum: 1 },
  flags: [
    { name: 'attachable', kind: 'bool', usage: 'Containers may be attached by hand' },
    { name: 'aux-address', kind: 'list', usage: 'Addresses the driver uses: NAME=ADDRESS' },
    { name: 'driver', short: 'd', kind: 'string', fallback: 'bridge', usage: 'Driver of the network' },
    { name: 'gateway', kind: 'list', usage: 'Gateway of the subnet' },
    { name: 'internal', kind: 'bool', usage: 'No way in or out' },
    { name: 'ip-range', kind: 'list', usage: 'Containers get addresses of this part of the subnet' },
    { name: 'ipam-driver', kind: 'string', fallback: 'default', usage: 'Driver of the addresses' },
    { name: 'ipam-opt', kind: 'list', usage: 'Option of the address driver: KEY=VALUE' },
    { name: 'ipv4', kind: 'bool', fallback: 'true', usage: 'IPv4 addresses' },
    { name: 'ipv6', kind: 'bool', usage: 'IPv6 addresses' },
    { name: 'label', kind: 'list', usage: 'Label of the network: KEY=VALUE' },
    { name: 'opt', short: 'o', kind: 'list', usage: 'Option of the driver: KEY=VALUE' },
    { name: 'subnet', kind: 'list', usage: 'Subnet in CIDR form' },
  ],
  async run({ args: [name = ''], client, flags, io }) {
    const body = {
      Name: name,
      Driver: flags.string('driver'),
      ...(flags.has('ipv4') ? { EnableIPv4: flags.bool('ipv4') } : {}),
      ...(flags.has('ipv6') ? { EnableIPv6: flags.bool('ipv6') } : {}),
      Internal: flags.bool('internal'),
      Attachable: flags.bool('attachable'),
      IPAM: { Driver: flags.string('ipam-driver'), Options: pairs(flags.list('ipam-opt')), Config: poolsOf(flags) },
      Options: pairs(flags.list('opt')),
      Labels: pairs(flags.list('label')),
    };
    const { Id } = await client.json<{ readonly Id: string }>('POST', '/networks/create', { body });
    await io.stdout.write(`${Id}\n`);
    return 0;
  },
};

interface Pool {
  readonly Subnet: string;
  Gateway?: string;
  IPRange?: string;
  AuxiliaryAddresses?: Record<string, string>;
}

// Which gateway, range or address belongs to which subnet is seen by the addresses; the engine checks all of it again.
function poolsOf(flags: FlagValues): readonly Pool[] {
  const pools: Pool[] = flags.list('subnet').map((Subnet) => ({ Subnet }));
  const poolOf = (address: string, what: string): Pool => {
    const same = pools.filter(({ Subnet }) => Subnet.includes(':') === address.includes(':'));
    const found = same.length === 1 ? same[0] : same.find(({ Subnet }) => near(Subnet, address));
    if (found === undefined) throw new Error(`no matching subnet for ${what} ${address}`);
    return found;
  };
  for (const range of flags.list('ip-range')) poolOf(range, 'range').IPRange = range;
  for (const gateway of flags.list('gateway')) poolOf(gateway, 'gateway').Gateway = gateway;
  for (const [name, address] of Object.entries(pairs(flags.list('aux-address')))) {
    const pool = poolOf(address, 'aux-address');
    pool.AuxiliaryAddresses = { ...pool.AuxiliaryAddresses, [name]: address };
  }
  return pools;
}

// Of several subnets of a family: whether the whole bytes (or groups) of the prefix are the same.
function near(subnet: string, address: string): boolean {
  const [network = '', length = '0'] = subnet.split('/');
  const [separator, bits] = subnet.includes(':') ? [':', 16] : ['.', 8];
  const count = Math.floor(Number(length) / bits);
  return network.split(separator).slice(0, count).join() === address.split(separator).slice(0, count).join();
}

function pairs(texts: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    texts.map((text) => {
      const equals = text.indexOf('=');
      return equals === -1 ? [text, ''] : [text.slice(0, equals), text.slice(equals + 1)];
    }),
  );
}
