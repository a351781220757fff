import type { FlagValues } from '../flags/index.ts';
import { parseNetwork, type NetworkOption } from './fields.ts';

/** `NetworkMode` and `EndpointsConfig` of a create body. @throws with the docker CLI's words on conflicts. */
export function networkOf(flags: FlagValues): { readonly mode: string; readonly endpoints: Record<string, object> } {
  const options = flags.list('network').map(parseNetwork);
  const [first] = options;
  if (first === undefined) {
    const bare = parseNetwork('default');
    applyFlags(bare, flags);
    return { mode: 'default', endpoints: { default: endpointOf(bare) } };
  }
  const endpoints: Record<string, object> = {};
  for (const [index, option] of options.entries()) {
    if (index === 0) applyFlags(option, flags);
    const endpoint = endpointOf(option);
    if (Object.hasOwn(endpoints, option.target)) throw new Error(`network ${JSON.stringify(option.target)} is specified multiple times`);
    if (options.length === 1 && isPlain(option)) continue;
    endpoints[option.target] = endpoint;
  }
  const own = options.filter(({ target }) => isUserDefined(target)).length;
  if (own > 0 && own < options.length) {
    throw new Error('conflicting options: cannot attach both user-defined and non-user-defined network-modes');
  }
  return { mode: first.target, endpoints };
}

/** Whether it is a network somebody made, not one of Docker's modes. */
export function isUserDefined(mode: string): boolean {
  return !['default', 'bridge', 'host', 'none', 'nat'].includes(mode) && !mode.startsWith('container:') && mode !== '';
}

function applyFlags(option: NetworkOption, flags: FlagValues): void {
  const aliases = flags.list('network-alias');
  const links = flags.list('link');
  const linkLocal = flags.list('link-local-ip');
  const both = (name: string, what: string) => new Error(`conflicting options: cannot specify both ${name} and per-network ${what}`);
  if (option.aliases.length > 0 && aliases.length > 0) throw both('--network-alias', 'alias');
  if (option.ipv4 !== '' && flags.has('ip')) throw both('--ip', 'IPv4 address');
  if (option.ipv6 !== '' && flags.has('ip6')) throw both('--ip6', 'IPv6 address');
  if (option.mac !== '' && flags.has('mac-address')) throw both('--mac-address', 'MAC address');
  if (option.linkLocal.length > 0 && linkLocal.length > 0) throw both('--link-local-ip', 'link-local IP addresses');
  option.aliases.push(...aliases);
  if (isUserDefined(option.target)) option.links.push(...links);
  option.ipv4 ||= flags.string('ip');
  option.ipv6 ||= flags.string('ip6');
  option.mac ||= flags.string('mac-address');
  option.linkLocal.push(...linkLocal);
}

function isPlain(option: NetworkOption): boolean {
  const { aliases, driverOptions, links, ipv4, ipv6, linkLocal, mac, gatewayPriority } = option;
  return (
    aliases.length + links.length + linkLocal.length + Object.keys(driverOptions).length === 0 &&
    ipv4 + ipv6 + mac === '' &&
    gatewayPriority === 0
  );
}

function endpointOf(option: NetworkOption): object {
  const { aliases, driverOptions, links, ipv4, ipv6, linkLocal, mac, gatewayPriority } = option;
  if (option.target.trim() === '') throw new Error('no name set for network');
  if (!isUserDefined(option.target)) {
    if (aliases.length > 0) throw new Error('network-scoped aliases are only supported for user-defined networks');
    if (links.length > 0) throw new Error('links are only supported for user-defined networks');
  }
  if (mac !== '' && !/^([0-9a-f]{2}([:-]))(?:[0-9a-f]{2}\2){4}[0-9a-f]{2}$/i.test(mac))
    throw new Error(`${mac} is not a valid mac address`);
  const hasAddresses = ipv4 + ipv6 !== '' || linkLocal.length > 0;
  return {
    IPAMConfig: hasAddresses
      ? {
          ...(ipv4 === '' ? {} : { IPv4Address: ipv4 }),
          ...(ipv6 === '' ? {} : { IPv6Address: ipv6 }),
          ...(linkLocal.length === 0 ? {} : { LinkLocalIPs: linkLocal }),
        }
      : null,
    Links: links.length === 0 ? null : links,
    Aliases: aliases.length === 0 ? null : aliases,
    MacAddress: mac,
    DriverOpts: Object.keys(driverOptions).length === 0 ? null : driverOptions,
    GwPriority: gatewayPriority,
    NetworkID: '',
    EndpointID: '',
    Gateway: '',
    IPAddress: '',
    IPPrefixLen: 0,
    IPv6Gateway: '',
    GlobalIPv6Address: '',
    GlobalIPv6PrefixLen: 0,
    DNSNames: null,
  };
}
