import { readFileSync, writeFileSync } from 'node:fs';
import type { HostConfig } from '../spec/index.ts';
import type { ContainerRecord } from './contract.ts';
import type { EngineDefaults } from './defaults.ts';

/** What of a container's networks its files tell. */
export interface FileNetwork {
  /** Its own, in the order of its interfaces. */
  readonly addresses: readonly string[];
  /** It has a name server of its own, at 127.0.0.11, which asks the others. */
  readonly named: boolean;
  /** For `host-gateway`. */
  readonly hostGateway?: string;
}

/** Writes the three files that are mounted over a container's /etc. Small and synchronous: it is on the way of a start. */
export function writeContainerFiles(
  { paths, config, hostConfig }: ContainerRecord,
  defaults: EngineDefaults,
  network: FileNetwork = { addresses: [], named: false },
): void {
  if (hostConfig.NetworkMode.startsWith('container:')) return; // It shares the other container's files.
  const name = config.Domainname === '' ? config.Hostname : `${config.Hostname}.${config.Domainname}`;
  writeFileSync(paths.hostname, `${name}\n`);
  const names = config.Domainname === '' ? config.Hostname : `${name} ${config.Hostname}`;
  const own = network.addresses.map((address) => `${address}\t${names}\n`).join('');
  const extra = extraHosts(hostConfig, network.hostGateway);
  writeFileSync(paths.hosts, `${hostConfig.NetworkMode === 'host' ? hostsOfHost() : hosts}${extra}${own}`);
  writeFileSync(
    paths.resolvConf,
    resolvConf(readOr('/etc/resolv.conf', ''), network.named ? { ...hostConfig, Dns: ['127.0.0.11'] } : hostConfig, defaults),
  );
}

const hosts =
  '127.0.0.1\tlocalhost\n' +
  '::1\tlocalhost ip6-localhost ip6-loopback\n' +
  'fe00::\tip6-localnet\n' +
  'ff00::\tip6-mcastprefix\n' +
  'ff02::1\tip6-allnodes\n' +
  'ff02::2\tip6-allrouters\n';

function hostsOfHost(): string {
  const own = readOr('/etc/hosts', '127.0.0.1\tlocalhost\n');
  return `${own}${own.endsWith('\n') ? '' : '\n'}`;
}

function extraHosts(hostConfig: HostConfig, hostGateway: string | undefined): string {
  return (hostConfig.ExtraHosts ?? [])
    .map((line) => {
      const cut = line.search(/[:=]/);
      const address = line.slice(cut + 1).replace(/^\[(.*)\]$/, '$1');
      return `${address === 'host-gateway' ? (hostGateway ?? address) : address}\t${line.slice(0, cut)}\n`;
    })
    .join('');
}

/** The host's resolv.conf, with `--dns`, `--dns-search` and `--dns-option` in place of its lines. resolv.conf(5). */
export function resolvConf(own: string, hostConfig: HostConfig, defaults: EngineDefaults): string {
  const chosen = (wanted: readonly string[] | null, fallback: readonly string[]) => ((wanted ?? []).length > 0 ? wanted! : fallback);
  const servers = chosen(hostConfig.Dns, defaults.dns);
  const search = chosen(hostConfig.DnsSearch, defaults.dnsSearch);
  const options = chosen(hostConfig.DnsOptions, defaults.dnsOptions);
  if (servers.length + search.length + options.length === 0) return own;
  const kept = own.split('\n').filter((line) => {
    const word = line.trim().split(/\s/)[0];
    if (word === 'nameserver') return servers.length === 0;
    if (word === 'search' || word === 'domain') return search.length === 0;
    if (word === 'options') return options.length === 0;
    return line.trim() !== '' && !line.startsWith('#');
  });
  const lines = [
    ...kept,
    ...servers.map((server) => `nameserver ${server}`),
    // A single `.` means no search list at all.
    ...(search.length === 0 || search.join('') === '.' ? [] : [`search ${search.join(' ')}`]),
    ...(options.length === 0 ? [] : [`options ${options.join(' ')}`]),
  ];
  return `${lines.join('\n')}\n`;
}

function readOr(path: string, fallback: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return fallback; // A minimal host has no such file.
  }
}
