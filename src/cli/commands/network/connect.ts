import type { Command } from '../../command.ts';
import { networkPath } from '../../format/network-rows.ts';

export const command: Command = {
  usage: '[OPTIONS] NETWORK CONTAINER',
  summary: 'Put a container on a network',
  arguments: { minimum: 2, maximum: 2 },
  flags: [
    { name: 'alias', kind: 'list', usage: 'Another name of the container on this network' },
    { name: 'driver-opt', kind: 'list', usage: 'Option of the network driver' },
    { name: 'gw-priority', kind: 'int', usage: 'The network with the highest one has the default gateway' },
    { name: 'ip', kind: 'string', usage: 'IPv4 address (such as 172.30.100.104)' },
    { name: 'ip6', kind: 'string', usage: 'IPv6 address (such as 2001:db8::33)' },
    { name: 'link', kind: 'list', usage: 'Link to another container' },
    { name: 'link-local-ip', kind: 'list', usage: 'Link-local address of the container' },
  ],
  async run({ args: [network = '', container = ''], client, flags }) {
    const addresses = {
      ...(flags.has('ip') ? { IPv4Address: flags.string('ip') } : {}),
      ...(flags.has('ip6') ? { IPv6Address: flags.string('ip6') } : {}),
      ...(flags.has('link-local-ip') ? { LinkLocalIPs: flags.list('link-local-ip') } : {}),
    };
    const EndpointConfig = {
      IPAMConfig: addresses,
      Links: flags.list('link'),
      Aliases: flags.list('alias'),
      DriverOpts: Object.fromEntries(flags.list('driver-opt').map(pair)),
      GwPriority: flags.int('gw-priority'),
    };
    await client.request('POST', networkPath(network, '/connect'), { body: { Container: container, EndpointConfig } });
    return 0;
  },
};

function pair(text: string): readonly [string, string] {
  const equals = text.indexOf('=');
  if (equals < 1) throw new Error(`invalid key/value pair format in driver options: ${text}`);
  return [text.slice(0, equals), text.slice(equals + 1)];
}
